/** Workflows that agents send to the daemon: what it runs, what it refuses at once, and what a kill -9 leaves of a run. */
import { writeFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { stage, strike, type Daemon, type Stage } from "./stage.ts";

afterEach(strike);

const workflow = (...steps: string[]): string =>
  `name: w\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join("")}`;
const RESTART = "service: { action: restart, name: nginx }";

type Run = { run: string; state: string; over: boolean; steps: { id: string; state: string }[] };

async function call(daemon: Daemon, name: string, args: Record<string, string>) {
  const { outcome } = await callTool(daemon, `workflow_${name}`, args);
  const { data = null, ...rest } = (outcome ?? {}) as { data?: unknown; code?: string };
  return { ...rest, data: data as Run | null };
}

async function until(daemon: Daemon, run: string, is: (status: Run) => boolean): Promise<Run> {
  for (;;) {
    const { data } = await call(daemon, "status", { run });
    if (data !== null && is(data)) return data;
    await pause(50);
  }
}
/** What the daemon has asked the helper for, oldest first; it must have ended. */
const requests = (on: Stage) =>
  on
    .rows()
    .map((row) => ({ ...row, argv: JSON.parse(String(row["argv"])) as string[] }))
    .filter(({ argv }) => argv[0] === "service");
const statesOf = ({ steps }: Run) => Object.fromEntries(steps.map(({ id, state }) => [id, state]));

const REFUSED: [name: string, text: string, code: string][] = [
  ["sudo", workflow("id: a, sudoLock: true, run: reboot"), "needs_person"],
  [
    "a secret",
    `inputs: { key: { type: string, secret: true } }\n${workflow(`id: a, ${RESTART}`, 'id: b, run: x, env: { KEY: "${inputs.key}" }')}`,
    "needs_person",
  ],
];
test.each(REFUSED)("one that asks for %s is refused at once, and nothing runs", async (...row) => {
  const [, text, code] = row;
  const on = stage();
  const daemon = await on.start();
  const refused = await call(daemon, "start", { workflow: text });
  expect(refused).toMatchObject({ ok: false, code });
  await daemon.stop();
  expect(requests(on)).toEqual([]);
});

test("requests of a run are recorded and counted as those that an agent makes itself", async () => {
  const on = stage();
  const daemon = await on.start();
  const text = workflow(
    `id: a, ${RESTART}`,
    `id: b, needs: [a], ${RESTART.replace("nginx", "ssh")}`,
  );
  const started = await call(daemon, "start", { workflow: text });
  expect(started.data).toMatchObject({ state: "running", unlock: null });
  const status = await until(daemon, started.data?.run ?? "", ({ over }) => over);
  expect([status.state, statesOf(status)]).toEqual(["denied", { a: "succeeded", b: "denied" }]);
  await daemon.stop();
  expect(requests(on)).toMatchObject([
    { argv: ["service", "restart", "nginx"], tool: "workflow_start", outcome: "known" },
    { argv: ["service", "restart", "ssh"], tool: "workflow_start", code: "not_allowed" },
  ]);
});

test("after a kill -9 its run is interrupted: what had begun is known, and nothing of it goes on", async () => {
  const on = stage();
  const hold = join(on.folder, "hold");
  writeFileSync(hold, "");
  const daemon = await on.start();
  const text = workflow(`id: a, ${RESTART}`, `id: b, needs: [a], ${RESTART}`);
  const { data } = await call(daemon, "start", { workflow: text });
  const run = data?.run ?? "";
  await until(daemon, run, (status) => statesOf(status)["a"] === "running");
  daemon.child.kill("SIGKILL");
  await daemon.ended;
  rmSync(hold);
  const next = await on.start();
  const { data: after } = await call(next, "status", { run });
  expect(after).toMatchObject({ state: "interrupted", over: false });
  await pause(500);
  await next.stop();
  expect(requests(on)).toMatchObject([
    { argv: ["service", "restart", "nginx"], outcome: "unknown" },
  ]);
});

test("when it stops, a run is cancelled: what the helper has begun ends, and no more begins", async () => {
  const on = stage();
  const hold = join(on.folder, "hold");
  writeFileSync(hold, "");
  const daemon = await on.start();
  const text = workflow(`id: a, ${RESTART}`, `id: b, needs: [a], ${RESTART}`);
  const { data } = await call(daemon, "start", { workflow: text });
  await until(daemon, data?.run ?? "", (status) => statesOf(status)["a"] === "running");
  const stopping = daemon.stop();
  await expect.poll(() => daemon.log("stop").length).toBe(1);
  rmSync(hold);
  await stopping;
  const next = await on.start();
  const { data: after } = await call(next, "status", { run: data?.run ?? "" });
  expect(after).toMatchObject({ state: "cancelled", over: true });
  expect(statesOf(after as Run)).toEqual({ a: "cancelled", b: "skipped" });
  await next.stop();
  expect(requests(on)).toMatchObject([{ outcome: "known", code: "ok" }]);
});
