/** Steps without sudo, on this machine. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { replay } from "../../../agent/terminal/replay.ts";
import {
  runInTerminal,
  type TerminalEnd,
  type TerminalStep,
} from "../../../agent/terminal/step.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-step-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (argv: string[], more: Partial<TerminalStep> = {}) =>
  runInTerminal({
    argv,
    env: { PATH: "/usr/bin:/bin" },
    cwd: folder,
    stdin: null,
    sudo: null,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    secrets: [],
    castFile: null,
    output: () => {},
    ...more,
  });
const shell = (text: string, more: Partial<TerminalStep> = {}) =>
  run(["/bin/sh", "-c", text], more);

const ENDS: [text: string, end: TerminalEnd][] = [
  ["exit 0", { kind: "exited", status: 0 }],
  ["exit 255", { kind: "exited", status: 255 }],
  ["exit 137", { kind: "exited", status: 137 }],
  ["kill -KILL $$", { kind: "signalled", signal: "SIGKILL" }],
  ["kill -INT $$", { kind: "signalled", signal: "SIGINT" }],
  ["kill -PIPE $$", { kind: "signalled", signal: "SIGPIPE" }],
  ["kill 0", { kind: "signalled", signal: "SIGTERM" }],
  ["exec /nonexistent", { kind: "exited", status: 127 }],
];
test.each(ENDS)("%s ends as it does", async (text, end) => {
  expect((await shell(text)).end).toEqual(end);
});

test("a folder that is not there starts nothing", async () => {
  const { end } = await shell("exit 0", { cwd: join(folder, "none") });
  expect(end).toMatchObject({ kind: "lost", reason: expect.stringMatching(/ENOENT/) });
});

test("a variable that no shell could have is a mistake of the caller's", async () => {
  await expect(shell("exit 0", { env: { "A B": "x" } })).rejects.toThrow(/not a variable/);
});

test("a recording does not take the place of a file", async () => {
  await expect(shell("exit 0", { castFile: "/etc/passwd" })).rejects.toThrow(/EEXIST/);
});

describe("stopped", () => {
  const STUBBORN = `trap '' TERM HUP INT; echo up; (setsid sleep 100 &) ; sleep 101 & while :; do sleep 102; done`;
  const STOPS: [how: string, more: () => Partial<TerminalStep>, end: TerminalEnd][] = [
    ["by its deadline", () => ({ timeoutMs: 300 }), { kind: "timed-out" }],
    [
      "by whoever wants it no more",
      () => ({ signal: AbortSignal.timeout(300) }),
      { kind: "cancelled" },
    ],
    ["before it began", () => ({ signal: AbortSignal.abort() }), { kind: "cancelled" }],
  ];
  test.each(STOPS)("%s, nothing of it is left", async (_, more, end) => {
    const env = { PATH: "/usr/bin:/bin", STEP_TEST: `${end.kind}-${Math.random()}` };
    expect((await shell(STUBBORN, { env, ...more() })).end).toEqual(end);
    expect(carrying(env.STEP_TEST)).toEqual([]);
  });

  test("what it started ends with it, in other sessions as well", async () => {
    const env = { PATH: "/usr/bin:/bin", STEP_TEST: `with-it-${Math.random()}` };
    const { end, durationMs } = await shell("setsid sleep 100 & nohup sleep 101 & exit 3", { env });
    expect(end).toEqual({ kind: "exited", status: 3 });
    expect(durationMs).toBeLessThan(5000);
    expect(carrying(env.STEP_TEST)).toEqual([]);
  });
});

/** Processes with this in their environment. */
function carrying(value: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(value);
    } catch {
      return false;
    }
  });
}

describe("its output", () => {
  test("has every byte of programs that end at once", async () => {
    const text = "0123456789abcdef".repeat(4096);
    const rounds = Array.from({ length: 50 }, () => run(["/usr/bin/printf", "%s", text]));
    for (const { end, output, bytes, truncated } of await Promise.all(rounds))
      expect({ end, same: output === text, bytes, truncated }).toEqual({
        end: { kind: "exited", status: 0 },
        same: true,
        bytes: text.length,
        truncated: false,
      });
  });

  test("keeps its beginning and its end, and counts the rest", async () => {
    const { output, bytes, truncated } = await shell("echo first; seq 1 200000; echo last");
    expect({ bytes, truncated }).toEqual({ bytes: 6 + 1_288_895 + 5, truncated: true });
    expect(output).toMatch(
      /^first\n1\n2\n[^]+\n… \d+ characters left out …\n[^]+\n200000\nlast\n$/,
    );
    expect(output.length).toBeLessThan(300_000);
  });

  test("comes live, in order, and no faster than it is taken", async () => {
    let [heard, pending, most] = ["", 0, 0];
    const { bytes } = await shell("seq 1 20000", {
      output: async (text) => {
        pending += 1;
        most = Math.max(most, pending);
        await sleep(2);
        pending -= 1;
        heard += text;
      },
    });
    expect(most).toBe(1);
    expect(bytes).toBe(heard.length);
    expect(heard).toBe(`${Array.from({ length: 20000 }, (_, at) => at + 1).join("\n")}\n`);
  });

  test("is whole characters, wherever its pieces end", async () => {
    const pieces: string[] = [];
    const { output } = await shell(
      `for byte in 346 227 245; do printf "\\\\$byte"; sleep 0.05; done; printf 'x\\377y'`,
      { output: (text) => void pieces.push(text) },
    );
    expect(output).toBe("日x\u{fffd}y");
    expect(pieces.join("")).toBe(output);
  });

  test("has no secret, in no sink, also where it comes in two pieces", async () => {
    const castFile = join(folder, "secret.cast");
    let heard = "";
    const { output } = await shell("printf 'a hun'; sleep 0.1; echo ter2-secret b", {
      secrets: [Buffer.from("hunter2-secret")],
      castFile,
      output: (text) => void (heard += text),
    });
    expect([output, heard]).toEqual(["a [redacted] b\n", "a [redacted] b\n"]);
    expect(readFileSync(castFile, "utf8")).not.toContain("ter2-secret");
  });

  test("ends where the step ends, whatever a program says of an end", async () => {
    const { output } = await shell(
      "printf '\\033c\\004\\000\\032'; stty olcuc -opost 2>/dev/null; echo DONE",
      {},
    );
    expect(output).toBe("\u001bc\u0004\u0000\u001aDONE\n");
  });

  test("of a consumer that fails is told to whoever runs the step, after all of it has ended", async () => {
    const env = { PATH: "/usr/bin:/bin", STEP_TEST: `fails-${Math.random()}` };
    const fails = shell("seq 1 10000; sleep 0.1", {
      env,
      output: () => Promise.reject(new Error("full")),
    });
    await expect(fails).rejects.toThrow("full");
    expect(carrying(env.STEP_TEST)).toEqual([]);
  });
});

describe("its input", () => {
  test("is what it is given, of any size, and then ends", async () => {
    const stdin = Buffer.alloc(3_000_000, "0123456789\n");
    const sum = createHash("sha256").update(stdin).digest("hex");
    expect((await run(["/usr/bin/sha256sum"], { stdin })).output).toBe(`${sum}  -\n`);
  });

  test("may stay unread", async () => {
    const { end } = await shell("exit 4", { stdin: Buffer.alloc(3_000_000) });
    expect(end).toEqual({ kind: "exited", status: 4 });
  });

  test("is /dev/null where there is none, and nobody answers on the terminal", async () => {
    const { output } = await shell(
      "readlink /proc/self/fd/0; timeout 0.3 head -c 1 /dev/tty; echo $?",
    );
    expect(output).toBe("/dev/null\n124\n");
  });
});

test("V24: what a program pushes back into its terminal is nobody's command", async () => {
  const push = `open T, "+<", "/dev/tty"; ioctl(T, 0x5412, $_) for split //, "touch pwned\\n"`;
  const { end } = await run(["/usr/bin/perl", "-e", push]);
  expect(end).toEqual({ kind: "exited", status: 0 });
  expect(existsSync(join(folder, "pwned"))).toBe(false);
});

test("a step has no descriptor but its three, whatever runs beside it", async () => {
  const beside = shell("sleep 0.5");
  const { output } = await shell("readlink -v /proc/$$/fd/* & wait");
  await beside;
  const links = output.trim().split("\n");
  expect(links.slice(0, 3)).toEqual([
    "/dev/null",
    expect.stringMatching(/pts/),
    expect.stringMatching(/pts/),
  ]);
  // What else there is was open before, in whatever runs the tests.
  expect(links.slice(3).filter((link) => /pts|ptmx|socket/.test(link))).toEqual([]);
});

test("a recording is this user's alone, has its digest, and plays back", async () => {
  const castFile = join(folder, "step.cast");
  const { output, castSha256 } = await shell(
    "echo one; sleep 0.1; printf '\\033[31mtwo\\033[0m\\n'; exit 5",
    {
      castFile,
      stdin: Buffer.from("typed nowhere"),
    },
  );
  expect(statSync(castFile).mode & 0o777).toBe(0o600);
  const text = readFileSync(castFile);
  expect(createHash("sha256").update(text).digest("hex")).toBe(castSha256);
  expect(text.toString()).not.toContain("typed nowhere");
  let played = "";
  const options = { speed: Infinity, idleLimit: 1, signal: new AbortController().signal };
  const ended = await replay(castFile, { ...options, write: (piece) => void (played += piece) });
  expect(ended).toEqual({ kind: "played", status: 5 });
  expect(played.replaceAll("\r\n", "\n")).toBe(output);
});

test("what no program could be given is a step that did not start, and leaves nothing open", async () => {
  const before = readdirSync("/proc/self/fd").length;
  for (const argv of [
    ["/bin/echo", "a\0b"],
    ["/bin/echo", "x".repeat(1 << 20)],
  ])
    expect((await run(argv)).end).toMatchObject({ kind: "lost" });
  await expect.poll(() => readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
});

test("a recording that cannot be written is told, after all of the step has ended", async () => {
  const env = { PATH: "/usr/bin:/bin", STEP_TEST: `full-${Math.random()}` };
  const castFile = "/proc/self/none.cast";
  await expect(shell("sleep 1", { env, castFile })).rejects.toThrow(/ENOENT/);
  expect(carrying(env.STEP_TEST)).toEqual([]);
});
