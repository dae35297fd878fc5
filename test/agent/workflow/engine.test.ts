/** The engine with an executor that stands for programs: states, bounds, data, and ends. */
import { expect, test } from "vitest";
import { ended, runSteps, type Journal, type Work } from "../../../agent/workflow/engine.ts";
import type { Executed } from "../../../agent/workflow/execution.ts";
import type { Plan } from "../../../agent/workflow/plan.ts";
import { runStateOf, type FinalState } from "../../../agent/workflow/state.ts";
import { scripted, type Script, type Scripted } from "./scripted.ts";
import { planIn, planOf } from "./workflows.ts";

type Played = {
  states: Record<string, FinalState>;
  run: string;
  executor: Scripted;
  log: string[];
  ends: Map<string, Executed>;
};

async function play(
  plan: Plan,
  scripts: Record<string, Script | Script[]> = {},
  more: Partial<Work> & { watch?: Partial<Journal> } = {},
): Promise<Played> {
  const executor = scripted(scripts);
  const log: string[] = [];
  const ends = new Map<string, Executed>();
  const { watch = {}, ...work } = more;
  const states = await runSteps({
    plan,
    before: new Map(),
    attempts: new Map(),
    executors: {
      terminal: executor.execute,
      sandbox: executor.execute,
      unsandboxed: null,
      helper: executor.execute,
    },
    journal: {
      begin: ({ id }, attempt) => log.push(`begin ${id} ${attempt}`),
      output: ({ id }, text) => void log.push(`output ${id} ${text}`),
      end: ({ id }, end, again) => {
        ends.set(id, end);
        log.push(`end ${id} ${end.state}${again ? " again" : ""}`);
      },
      hold: (id, why) => log.push(`hold ${id} ${why}`),
      settle: (id, state) => log.push(`settle ${id} ${state}`),
      ...watch,
    },
    parallel: 4,
    signal: new AbortController().signal,
    secrets: new Map(),
    environment: { PATH: "/bin" },
    castFile: () => null,
    pause: async () => {},
    ...work,
  });
  const over = Object.fromEntries(states);
  return { states: over, run: runStateOf(states.values()), executor, log, ends };
}

test.each<[string, Plan, Record<string, Script>, string, Record<string, FinalState>]>([
  [
    "a failed step fails the run, and what needs it is skipped, however far",
    planOf("id: a", "id: b, needs: [a]", "id: c, needs: [b]", "id: d"),
    { a: { state: "failed" } },
    "failed",
    { a: "failed", b: "skipped", c: "skipped", d: "succeeded" },
  ],
  [
    "a failure that another step answers is a failure still",
    planOf("id: a", "id: b, needs: [a], when: failure"),
    { a: { state: "failed" } },
    "failed",
    { a: "failed", b: "succeeded" },
  ],
  [
    "without a failure what answers it is skipped, and the run succeeds",
    planOf("id: a", "id: b, needs: [a], when: failure"),
    {},
    "succeeded",
    { a: "succeeded", b: "skipped" },
  ],
  [
    "what is always to run runs after a skipped step too",
    planOf("id: a", "id: b, needs: [a]", "id: c, needs: [b], when: always"),
    { a: { state: "timed-out" } },
    "timed-out",
    { a: "timed-out", b: "skipped", c: "succeeded" },
  ],
  [
    "one of many is enough for any",
    planOf("id: a", "id: b", "id: c, needs: [a, b], join: any"),
    { a: { state: "failed" } },
    "failed",
    { a: "failed", b: "succeeded", c: "succeeded" },
  ],
  [
    "none of many is not enough for any",
    planOf("id: a", "id: b", "id: c, needs: [a, b], join: any"),
    { a: { state: "failed" }, b: { state: "denied" } },
    "denied",
    { a: "failed", b: "denied", c: "skipped" },
  ],
  [
    "a locked step that is reached ends the run as locked, and what needs it is skipped",
    planOf("id: a", "id: b, locked: true, needs: [a]", "id: c, needs: [b]"),
    {},
    "locked",
    { a: "succeeded", b: "locked", c: "skipped" },
  ],
  [
    "a locked step that is not reached does not count",
    planOf("id: a", "id: b, locked: true, needs: [a], when: failure"),
    {},
    "succeeded",
    { a: "succeeded", b: "skipped" },
  ],
  [
    "a locked step neither failed nor succeeded",
    planOf("id: a, locked: true", "id: b, needs: [a], when: always"),
    {},
    "locked",
    { a: "locked", b: "succeeded" },
  ],
])("%s", async (_, plan, scripts, run, states) => {
  const played = await play(plan, scripts);
  expect(played.states).toEqual(states);
  expect(played.run).toBe(run);
});

test("no more steps at once than allowed, and as many as that", async () => {
  const ids = Array.from({ length: 20 }, (_, at) => `id: s${at}`);
  const { executor } = await play(planOf(...ids), {}, { parallel: 3 });
  expect(executor.most()).toBe(3);
  expect(executor.begun).toHaveLength(20);
});

test("only a step that may be repeated is, and only while it fails", async () => {
  const failing = { state: "failed" } as const;
  const plan = planOf("id: a, idempotent: true, retries: 2", "id: b, idempotent: true");
  const { log, executor } = await play(plan, { a: [failing, {}, failing], b: failing });
  expect(executor.begun).toEqual(["a", "b", "a"]);
  expect(log.filter((line) => line.includes(" a"))).toEqual([
    "begin a 1",
    "end a failed again",
    "begin a 2",
    "end a succeeded",
  ]);
});

test("attempts end, and a denied step is not tried again", async () => {
  const plan = planOf("id: a, idempotent: true, retries: 2", "id: b, idempotent: true, retries: 2");
  const { executor, states } = await play(plan, {
    a: { state: "timed-out" },
    b: { state: "denied" },
  });
  expect(executor.begun.filter((id) => id === "a")).toHaveLength(3);
  expect(executor.begun.filter((id) => id === "b")).toHaveLength(1);
  expect(states).toEqual({ a: "timed-out", b: "denied" });
});

test("cancel stops what runs and begins nothing more, not even what is always to run", async () => {
  const stop = new AbortController();
  const plan = planOf(
    "id: a",
    "id: b, needs: [a], when: always",
    "id: c, retries: 3, idempotent: true",
  );
  const playing = play(
    plan,
    { a: { until: new Promise(() => {}) }, c: { until: new Promise(() => {}) } },
    { signal: stop.signal },
  );
  stop.abort();
  const { states, run, executor } = await playing;
  expect(states).toEqual({ a: "cancelled", b: "cancelled", c: "cancelled" });
  expect(run).toBe("cancelled");
  expect(executor.begun).toEqual(["a", "c"]);
});

test("a run that is cancelled before it begins runs nothing", async () => {
  const { executor, states, log } = await play(
    planOf("id: a", "id: b, needs: [a]"),
    {},
    { signal: AbortSignal.abort() },
  );
  expect(executor.begun).toEqual([]);
  expect(states).toEqual({ a: "cancelled", b: "cancelled" });
  expect(log).toEqual(["settle a cancelled", "settle b cancelled"]);
});

test("what cannot be written down is not begun, and stops everything", async () => {
  const refuse = (): never => {
    throw new Error("disk full");
  };
  const plan = planOf("id: a", "id: b");
  const playing = play(plan, { b: { until: new Promise(() => {}) } }, { watch: { begin: refuse } });
  await expect(playing).rejects.toThrow("disk full");
});

test("a bug in an executor is the failure of its step", async () => {
  const broken = async (): Promise<Executed> => await Promise.reject(new Error("oops"));
  const { ends } = await play(
    planOf("id: a"),
    {},
    { executors: { terminal: null, sandbox: broken, unsandboxed: null, helper: broken } },
  );
  expect(ends.get("a")).toMatchObject({ state: "failed", reason: "a bug in sallyport: oops" });
});

test("a step without anything to execute it is denied", async () => {
  const { execute } = scripted();
  const { ends } = await play(
    planOf("id: a"),
    {},
    { executors: { terminal: null, sandbox: null, unsandboxed: null, helper: execute } },
  );
  expect(ends.get("a")).toEqual(ended("denied", "this program has no sandbox for it"));
});

const DATA = `name: data
inputs:
  who: { type: string }
  key: { type: string, secret: true }
steps:
  - { id: a, run: "true" }
  - id: b
    needs: [a]
    run: "true"
    env: { WHO: "\${inputs.who}", OUT: "<\${steps.a.stdout}>", KEY: "\${inputs.key}", PATH: /opt }
    stdin: "\${steps.a.stdout}"
`;

test("references are data: whatever is in them, they are values and bytes and nothing else", async () => {
  const hostile = '$(reboot) `x` "; rm -rf / #\n${steps.b.stdout}';
  const plan = planIn(DATA, { who: hostile });
  const secret = Buffer.from("s3cr3t");
  const { executor } = await play(
    plan,
    { a: { output: `${hostile}\n\n` } },
    { secrets: new Map([["key", secret]]) },
  );
  const given = executor.given.get("b");
  expect(given?.env).toEqual({ PATH: "/opt", WHO: hostile, OUT: `<${hostile}>`, KEY: "s3cr3t" });
  expect(given?.stdin?.toString()).toBe(`${hostile}\n\n`);
  expect(given?.step.act).toEqual({ kind: "run", argv: ["/bin/sh", "-c", "true"], text: "true" });
  expect(given?.secrets).toEqual([secret]);
});

test.each<[string, Script, string]>([
  ["NUL", { output: "a\0b" }, "OUT: a variable cannot hold NUL; use stdin"],
  ["a long text", { output: "x".repeat(140_000) }, "OUT: longer than a variable can be; use stdin"],
  [
    "a text whose middle is missing",
    { output: "x", truncated: true },
    "OUT: a printed more than is kept; let it write a file",
  ],
])("%s that a variable cannot hold fails the step before it begins", async (_, a, reason) => {
  const { ends, executor } = await play(planIn(DATA, { who: "x" }), { a });
  expect(ends.get("b")).toMatchObject({ state: "failed", reason });
  expect(executor.begun).toEqual(["a"]);
});

test("of a quarter of a million line feeds each is looked at once", async () => {
  const output = `${"\n".repeat(100_000)}x${"\n".repeat(100_000)}`;
  const { executor } = await play(planIn(DATA, { who: "x" }), { a: { output } });
  expect(executor.given.get("b")?.env["OUT"]).toBe(`<${"\n".repeat(100_000)}x>`);
});

test("what was done before is not done again, and its output is there still", async () => {
  const before = new Map([
    ["a", { state: "succeeded", printed: { text: "kept", truncated: false } } as const],
  ]);
  const { executor, states } = await play(planIn(DATA, { who: "x" }), {}, { before });
  expect(executor.begun).toEqual(["b"]);
  expect(executor.given.get("b")?.env["OUT"]).toBe("<kept>");
  expect(states).toEqual({ a: "succeeded", b: "succeeded" });
});
