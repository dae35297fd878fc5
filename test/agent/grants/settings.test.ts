/** What root has settled: read strictly, and where it is unclear everything is denied. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import {
  parseSettled,
  readSettled,
  ruling,
  type SettledKind,
  type SettledVerdict,
} from "../../../agent/grants/settings.ts";
import { run } from "../../packaging/deb.ts";

const ROWS: [text: string, flaw: string][] = [
  ["unsandboxed: maybe\n", "f:1:14: unsandboxed: never, ask or allowed is expected"],
  ["unsandboxed: true\n", "f:1:14: unsandboxed: never, ask or allowed is expected"],
  ["unsandboxed: Never\n", "f:1:14: unsandboxed: never, ask or allowed is expected"],
  ["unsandboxed:\n", "f:1:13: unsandboxed: never, ask or allowed is expected"],
  ["unsandboxed: { bash: 'never ' }\n", "f:1:14: unsandboxed: never, ask or allowed is expected"],
  ["unsandboxd: never\n", "f:1:1: unsandboxd: there is no such setting"],
  ["unsandboxed:\n  perl: never\n", "f:2:9: unsandboxed.perl: any, run, bash, python, node are"],
  ["guarded:\n  service stop: never\n", "f:2:17: guarded.service stop: any or an operation is"],
  ["guarded: { service halt ssh: never }\n", "f:1:30: guarded.service halt ssh: any or an"],
  ["guarded: { policy: never }\n", "f:1:20: guarded.policy: any or an operation is expected"],
  ["guarded: { service  stop ssh: never }\n", "f:1:31: guarded.service  stop ssh: any or an"],
  ["sudo: never\nsudo: allowed\n", "f:2:1: map keys must be unique"],
  ["guarded:\n  any: never\n  any: ask\n", "f:3:3: map keys must be unique"],
  ["unsandboxed: &a never\nsudo: *a\n", "f:2:7: an alias is not taken here"],
  ["__proto__: { unsandboxed: allowed }\n", "f:1:1: __proto__: there is no such setting"],
  ["unsandboxed: { __proto__: allowed }\n", "f:1:16: __proto__: there is no such setting"],
  ["unsandboxed: !!binary bmV2ZXI=\n", "f:1:23: unsandboxed: "],
  ["unsandboxed: ask\n---\nunsandboxed: allowed\n", "f:2:1: source contains multiple documents"],
  ["- never\n", "f:1:1: invalid input: expected object"],
  ["notify: { command: [] }\n", "f:1:20: notify.command"],
  ["notify: { command: [mail] }\n", "f:1:21: notify.command.0: an absolute path is expected"],
  ["notify: { command: /bin/mail }\n", "f:1:20: notify.command: invalid input: expected tuple"],
  ["notify: { command: [/bin/mail], seconds: 61 }\n", "f:1:42: notify.seconds: too big"],
  ["notify: { command: [/bin/mail], shell: x }\n", "f:1:33: notify.shell: there is no such"],
];
test.each(ROWS)("%j is refused with its place, and denies everything", (text, flaw) => {
  const settled = parseSettled(text, "f");
  if (!("flaw" in settled)) throw new Error("it was taken");
  expect(settled.flaw.slice(0, flaw.length)).toBe(flaw);
  const decided = ruling(settled, "sandboxed", "bash");
  expect(decided).toEqual({
    verdict: "never",
    decidedBy: { kind: "unusable", flaw: settled.flaw },
  });
});

test.each([
  `${"[".repeat(60_000)}\n`,
  `a: ${"{a: ".repeat(15_000)}\n`,
  `${"- ".repeat(30_000)}x\n`,
])("what is nested too deeply is refused, not a crash", (text) => {
  expect(parseSettled(text, "f")).toEqual({ flaw: expect.stringMatching(/^f:1:\d+: /) });
});

const LEVELS = "bcdefghi".split("").map((name, at) => {
  const before = "abcdefgh"[at];
  return `${name}: &${name} [${Array(9).fill(`*${before}`).join()}]`;
});
const BOMB = `a: &a [x,x,x,x,x,x,x,x,x]\n${LEVELS.join("\n")}\n`;
test("a bomb of aliases is refused before it goes off", () => {
  const started = performance.now();
  expect(parseSettled(BOMB, "f")).toEqual({ flaw: "f:2:8: an alias is not taken here" });
  expect(performance.now() - started).toBeLessThan(1000);
});

const TEXT = `unsandboxed:
  any: ask
  bash: never
  python: allowed
guarded:
  service stop ssh: allowed
  any: never
sudo: never
`;
const RULINGS: [SettledKind, string, SettledVerdict, number | null][] = [
  ["unsandboxed", "run", "ask", 2],
  ["unsandboxed", "bash", "never", 3],
  ["unsandboxed", "python", "allowed", 4],
  ["unsandboxed", "constructor", "ask", 2],
  ["guarded", "service stop ssh", "never", 7],
  ["guarded", "service stop docker", "never", 7],
  ["sudo", "run", "never", 8],
  ["sandboxed", "run", "allowed", null],
];
test.each(RULINGS)("%s %s: %s, by line %s", (kind, operation, verdict, line) => {
  const settled = parseSettled(TEXT, "f");
  const decidedBy = line === null ? { kind: "default" } : { kind: "line", file: "f", line };
  expect(ruling(settled, kind, operation)).toEqual({ verdict, decidedBy });
});

test("where nothing is said a person is asked", () => {
  const settled = parseSettled("", "f");
  expect(ruling(settled, "unsandboxed", "run").verdict).toBe("ask");
  expect(ruling(settled, "guarded", "service stop ssh").verdict).toBe("ask");
});

/** Below a folder that is root's alone up to the top, as /etc is and /tmp is not. */
const folder = mkdtempSync("/run/sallyport-settings-");
afterAll(() => rmSync(folder, { recursive: true }));
const [AGENT, OTHER] = [1001, 1002];

describe("the file", () => {
  const place = join(folder, "etc");
  const file = join(place, "settings.yaml");
  beforeEach(() => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place);
    writeFileSync(file, "unsandboxed: allowed\n");
  });
  const verdict = (): string => {
    const settled = readSettled(file);
    return "flaw" in settled ? settled.flaw : ruling(settled, "unsandboxed", "run").verdict;
  };

  test("of root is obeyed, and none is the defaults", () => {
    expect(verdict()).toBe("allowed");
    rmSync(file);
    expect(verdict()).toBe("ask");
    rmSync(place, { recursive: true });
    expect(verdict()).toBe("ask");
  });

  const ATTACKS: [string, () => void, string][] = [
    ["the agent's own", () => chownSync(file, AGENT, 0), `${file} belongs to uid ${AGENT}`],
    ["one that a group writes", () => chmodSync(file, 0o664), `${file} is writable by others`],
    ["one that all write", () => chmodSync(file, 0o646), `${file} is writable by others`],
    ["in the agent's folder", () => chownSync(place, AGENT, 0), `${place} belongs to uid ${AGENT}`],
    [
      "in a folder that others write",
      () => chmodSync(place, 0o777),
      `${place} is writable by others (mode 777)`,
    ],
    [
      "in a folder that others write, sticky or not",
      () => chmodSync(place, 0o1777),
      `${place} is writable by others (mode 1777)`,
    ],
    [
      "missing, where others could make it",
      () => {
        rmSync(file);
        chownSync(place, OTHER, 0);
      },
      `${place} belongs to uid ${OTHER}`,
    ],
    [
      "a symbolic link, even to root's own",
      () => {
        renameSync(file, `${file}.real`);
        symlinkSync(`${file}.real`, file);
      },
      `${file} is a symbolic link`,
    ],
    ["a dangling link", () => (rmSync(file), symlinkSync("/nowhere", file)), `${file} is a symb`],
    [
      "below a folder that is a link",
      () => {
        renameSync(place, `${place}.real`);
        symlinkSync(`${place}.real`, place);
      },
      `${place} is a symbolic link`,
    ],
    ["a FIFO", () => (rmSync(file), run("mkfifo", [file])), `${file} is no file`],
    ["a folder", () => (rmSync(file), mkdirSync(file)), `${file} is no file`],
    [
      "a socket or device",
      () => (rmSync(file), run("mknod", [file, "c", "1", "5"])),
      `${file} is no file`,
    ],
    ["huge", () => truncateSync(file, 2 ** 40), `${file} is longer than 64 KiB`],
    ["a little too long", () => writeFileSync(file, "#".repeat(65_537)), `${file} is longer than`],
    ["no UTF-8", () => writeFileSync(file, Buffer.from([0x23, 0xff])), `${file} is not UTF-8`],
    ["with a NUL", () => writeFileSync(file, "sudo: \0never\n"), `${file}:1:`],
  ];
  test.each(ATTACKS)("%s is not obeyed", (_, attack, flaw) => {
    attack();
    const said = verdict();
    rmSync(`${place}.real`, { recursive: true, force: true });
    expect(said.slice(0, flaw.length)).toBe(flaw);
    expect(ruling(readSettledOr(said), "sandboxed", "run").verdict).toBe("never");
  });
  const readSettledOr = (flaw: string) => ({ flaw });

  test("one more name for it changes nothing", () => {
    linkSync(file, `${file}.too`);
    expect(verdict()).toBe("allowed");
  });

  test("who may not read it is denied everything", async () => {
    chmodSync(file, 0o600);
    chmodSync(folder, 0o755);
    const script = `import { readSettled } from ${JSON.stringify(join(import.meta.dirname, "../../../agent/grants/settings.ts"))};
process.setgroups([]); process.setgid(65534); process.setuid(65534);
console.log(JSON.stringify(readSettled(${JSON.stringify(file)})));`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    await once(child, "close");
    expect(JSON.parse(said)).toEqual({
      flaw: `${file} cannot be read (EACCES)`,
      hint: `sudo chmod 644 ${file}`,
    });
  });

  test("while root writes it, what was there at one moment is read, or nothing is", async () => {
    const script = `const fs = require("node:fs"); const texts = ["never", "allowed"].map(
  (word) => "unsandboxed: " + word + "\\n" + ("# " + word + "\\n").repeat(5000));
for (let at = 0; ; at++) fs.writeFileSync(${JSON.stringify(file)}, texts[at % 2]);`;
    const writer = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
    await once(writer, "spawn");
    const seen = new Map<string, number>();
    try {
      const began = Date.now();
      const past = (ms: number): boolean => Date.now() - began > ms;
      while (!past(3000) || (seen.size < 2 && !past(30_000))) {
        const said = verdict();
        seen.set(said, (seen.get(said) ?? 0) + 1);
      }
    } finally {
      const closed = once(writer, "close");
      writer.kill("SIGKILL");
      await closed;
    }
    // In between the file is empty, which is a settings file too, or ends somewhere.
    const known = ["never", "allowed", "ask", `${file} was changed while it was read`];
    for (const said of seen.keys())
      expect(known.includes(said) || said.startsWith(`${file}:`), said).toBe(true);
    expect(seen.size).toBeGreaterThan(1);
  });
});
