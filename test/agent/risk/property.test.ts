/** What must hold for any command: nothing that is put around or behind it makes it look better. */
import { beforeAll, describe, expect, test } from "vitest";
import { LEVELS, type Level } from "../../../agent/risk/level.ts";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import { AROUND, BEHIND, HARMLESS, UNSAFE } from "./commands.ts";
import { random } from "./random.ts";

let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

const rank = (level: Level): number => LEVELS.indexOf(level);

/** Another way to write the program's name, and the same program. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (n) => `"${n}"`,
  (n) => `'${n}'`,
  (n) => `\\${n}`,
  (n) => `${n.slice(0, 1)}''${n.slice(1)}`,
  (n) => `${n.slice(0, 1)}""${n.slice(1)}`,
  (n) => `${n.slice(0, 1)}\\${n.slice(1)}`,
  (n) => `$'${[...Buffer.from(n)].map((byte) => `\\x${byte.toString(16)}`).join("")}'`,
  (n) =>
    `$'${[...Buffer.from(n)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}'`,
  (n) => `$(echo ${n})`,
  (n) => `"$(printf %s ${n})"`,
];

function lower(rows: readonly [from: string, to: string][]): string[] {
  return rows
    .filter(([from, to]) => rank(judge.riskOf(to).level) < rank(judge.riskOf(from).level))
    .map(([from, to]) => `${from}  →  ${to}`);
}

test("every one of these commands is unsafe", () => {
  expect(UNSAFE.filter((command) => judge.riskOf(command).level === "SAFE")).toEqual([]);
});

describe("a command does not look better", () => {
  test("in any wrapper, branch or substitution", () => {
    expect(
      lower(UNSAFE.flatMap((c) => AROUND.map((around) => [c, around(c)] as [string, string]))),
    ).toEqual([]);
  });

  test("behind a harmless one, by any separator", () => {
    const rows = UNSAFE.flatMap((c) =>
      HARMLESS.flatMap((b) => BEHIND.map((behind) => [c, behind(b, c)] as [string, string])),
    );
    expect(lower(rows)).toEqual([]);
  });

  test("with the program's name in other quotes", () => {
    const rows = UNSAFE.filter((c) => /^[a-z]/.test(c)).flatMap((c) => {
      const [name = ""] = c.split(" ", 1);
      return SPELLINGS.map(
        (spelled) => [c, spelled(name) + c.slice(name.length)] as [string, string],
      );
    });
    expect(lower(rows)).toEqual([]);
  });

  test("in several wrappers around each other and behind each other", () => {
    const { below, pick } = random(20_261_125);
    const rows = Array.from({ length: 3000 }, (): [string, string] => {
      const command = pick(UNSAFE);
      let text = command;
      for (let times = 1 + below(3); times > 0; times -= 1) {
        const around = pick(AROUND);
        // Quotes within quotes would end them.
        const next =
          text.includes("'") || text.includes('"') || text.includes("EOF")
            ? `sudo ${text}`
            : around(text);
        text = below(4) === 0 ? pick(BEHIND)(pick(HARMLESS), text) : next;
      }
      return [command, text];
    });
    expect(lower(rows)).toEqual([]);
  });

  test("with its options in another order", () => {
    const { shuffled } = random(7);
    const options = [
      "rm -r -f -v x",
      "git push -f -u origin main",
      "docker rm -f -v x",
      "tar -x -z -f a",
      "rsync -a -v --delete a b",
      "chmod -R -v 777 /srv",
      "curl -s -X DELETE http://x",
      "sort -u -o f f",
      "ls -l -a -h",
      "grep -r -n x .",
    ];
    const rows = options.flatMap((command) => {
      const [name = "", ...words] = command.split(" ");
      const dashed = words.filter((word) => word.startsWith("-") && !/^-(?:X|o|f)$/.test(word));
      const rest = words.filter((word) => !dashed.includes(word));
      return Array.from({ length: 6 }, (): [string, string] => [
        command,
        [name, ...shuffled([...dashed, rest.join(" ")])].join(" "),
      ]);
    });
    expect(lower(rows)).toEqual([]);
    expect(lower(rows.map(([from, to]) => [to, from]))).toEqual([]);
  });
});
