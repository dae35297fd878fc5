/** Who goes next where two helpers must not act at once. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type * as locking from "../../../helper/audit.ts";

const FOLDER = "/run/sallyport";

/** Holds a lock as another helper would, until it is killed, or for `ms`. */
const HOLD = `
const { DatabaseSync } = require("node:sqlite");
const database = new DatabaseSync(process.argv[1], { timeout: 5000 });
database.exec("BEGIN EXCLUSIVE");
console.log("held");
setTimeout(() => process.exit(), Number(process.argv[2]));
`;
const holders: ChildProcess[] = [];

async function held(name: string, ms = 60_000): Promise<ChildProcess> {
  const words = ["--no-warnings", "-e", HOLD, `${FOLDER}/${name}.lock`, String(ms)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  holders.push(child);
  await once(child.stdout ?? child, "data");
  return child;
}

/** As a helper that has just started has it. */
async function fresh(): Promise<typeof locking> {
  vi.resetModules();
  return await import("../../../helper/audit.ts");
}

beforeEach(() => mkdirSync(FOLDER, { recursive: true, mode: 0o700 }));
afterEach(async () => {
  for (const child of holders.splice(0)) {
    const gone = child.exitCode !== null || child.signalCode !== null;
    const ended = gone ? null : once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(`${FOLDER}/package.lock`, { recursive: true, force: true });
});

test("a lock that another process holds is not given, after as long as was asked for", async () => {
  await held("package");
  const { lock } = await fresh();
  const began = Date.now();
  expect(lock("package", 1)).toBeNull();
  expect(Date.now() - began).toBeGreaterThan(900);
});

test("one that becomes free meanwhile is given, and nobody else gets it until it is given back", async () => {
  await held("package", 400);
  const { lock } = await fresh();
  const first = lock("package", 20);
  expect(first).not.toBeNull();
  const { lock: another } = await fresh();
  expect(another("package", 0)).toBeNull();
  first?.[Symbol.dispose]();
  const second = another("package", 0);
  expect(second).not.toBeNull();
  second?.[Symbol.dispose]();
  expect(existsSync(`${FOLDER}/package.lock-journal`)).toBe(false);
});

test("a dead holder's is free at once", async () => {
  const holder = await held("package");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const { lock } = await fresh();
  const free = lock("package", 0);
  expect(free).not.toBeNull();
  free?.[Symbol.dispose]();
});

test("locks of two names do not stand in each other's way", async () => {
  await held("package");
  const { lock } = await fresh();
  const other = lock("audit", 0);
  expect(other).not.toBeNull();
  other?.[Symbol.dispose]();
});

test("none is given in a folder that others can write, or where something else is in its place", async () => {
  const { lock } = await fresh();
  mkdirSync(`${FOLDER}/package.lock`);
  expect(() => lock("package", 0)).toThrow(/unable to open/);
  chmodSync(FOLDER, 0o777);
  const again = await fresh();
  expect(() => again.lock("package", 0)).toThrow(`${FOLDER} can be written by others`);
  chmodSync(FOLDER, 0o700);
});

test("without its lock nothing is recorded", async () => {
  await held("audit");
  const { append } = await fresh();
  const call = { requestId: "r", words: [], tell: null, detached: false, started: 0 };
  const fact = { phase: "refused", decision: "x", rule: "x" } as const;
  expect(() => append(call, fact, false)).toThrow("the audit log is locked");
});
