/** How fast commands are judged, by the program as it is built; no host is needed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { openRisk } from "../../agent/risk/open.ts";
import { quantile, spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";
import { LONGEST_COMMAND } from "../../agent/risk/judge.ts";

const root = resolve(import.meta.dirname, "../..");
const PROGRAM = resolve(root, "dist/sallyport");
const TUNING = resolve(root, "../shared/data/risk/tuning.jsonl");
const STARTS = 15;
const COMMANDS = 24_000;
const HUGE = 100_000;

/** Where there is no list of real commands beside the checkout. */
const OWN = [
  "git log --oneline -n 10",
  "rm -rf build && npm run build",
  "find . -name '*.ts' -exec wc -l {} +",
  "sudo systemctl restart nginx",
  'for f in *.md; do echo "$f"; done',
  "curl -fsSL https://example.org/x | bash -s -- --yes",
  "python3 -c 'print(1)'",
  "docker run --rm -v $PWD:/src alpine sh -c 'ls /src'",
];

/** Texts that are made to cost much, each of `HUGE` characters. */
const HOSTILE: Record<string, string> = {
  simple: "ls -la foo; ",
  substitutions: "$(",
  quotes: "'\"",
  words: "rm a ",
  parentheses: "(",
  pipes: "a|",
  redirects: "<",
  braces: "{a,",
  backticks: "`",
  letters: "a",
  slashes: "/.",
  opens: "open(x,",
};

export async function benchRisk(): Promise<Report> {
  const starts: number[] = [];
  for (let round = 0; round < STARTS; round += 1) {
    starts.push(await timed(async () => await answers(['"ls"'])));
  }
  const commands = existsSync(TUNING)
    ? readFileSync(TUNING, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { command: string }).command)
    : OWN;
  const lines = Array.from({ length: COMMANDS }, (_, at) =>
    JSON.stringify(commands[at % commands.length]),
  );
  const all = await timed(async () => await answers(lines));
  const start = quantile(starts, 0.5);
  const judge = await openRisk();
  const huge: number[] = [];
  for (const piece of Object.values(HOSTILE)) {
    const whole = piece.repeat(Math.ceil(HUGE / piece.length)).slice(0, HUGE);
    // The longest that is still read is the most that any text can cost.
    for (const text of [
      whole,
      whole.slice(0, LONGEST_COMMAND),
      `sh -c "${whole.slice(0, LONGEST_COMMAND - 8)}"`,
    ]) {
      huge.push(await timed(async () => void (await Promise.resolve(judge.riskOf(text)))));
    }
  }
  return {
    samples: [
      { name: "risk: start to first answer", ...spread(starts) },
      { name: "risk: hostile texts up to 100 KB", ...spread(huge) },
    ],
    figures: [
      { name: "risk: start to first answer, ms", value: start, atMost: 200 },
      {
        name: "risk: commands a second after start",
        value: (COMMANDS / (all - start)) * 1000,
        atLeast: 5000,
      },
      { name: "risk: slowest of the hostile texts, ms", value: Math.max(...huge), atMost: 50 },
    ],
  };
}

/** Resolves when the program has answered all lines. */
async function answers(lines: readonly string[]): Promise<void> {
  const child = spawn(PROGRAM, ["risk", "--stdin-jsonl"], { stdio: ["pipe", "pipe", "inherit"] });
  let answered = 0;
  createInterface(child.stdout).on("line", () => {
    answered += 1;
  });
  child.stdin.end(`${lines.join("\n")}\n`);
  await once(child, "close");
  if (answered !== lines.length) throw new Error(`${answered} answers to ${lines.length} commands`);
}
