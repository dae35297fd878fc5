/** What an act is given: a process, a lock, time and patience, and records that are on the disk in time. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, expect, test, vi } from "vitest";
import { answer } from "../../../helper/answer.ts";
import type * as audit from "../../../helper/audit.ts";
import { DEADLINE_SECONDS } from "../../../helper/policy.ts";
import type * as running from "../../../helper/run.ts";
import {
  ask,
  called,
  KERNEL_LOG,
  LOCKDOWN,
  OWN,
  POLICY,
  recorded,
  systemctl,
  when,
  withStandIns,
  ID,
} from "../stand-ins.ts";

const seen = vi.hoisted(() => ({
  handedOver: [] as string[],
  status: 0 as number | null,
  locked: [] as [name: string, seconds: number][],
  synced: [] as [phase: string, sync: boolean][],
  /** What happens while it waits: for a lock, or to begin. */
  meanwhile: {} as Partial<Record<string, () => void>>,
}));

// Another process cannot be had here: it would be this one's program, which is Node. test/attack/lifetime.test.ts sees it.
vi.mock("../../../helper/run.ts", async (original) => ({
  ...(await original<typeof running>()),
  handOver: ({ words }: { words: readonly string[] }) => {
    seen.handedOver.push(words.join(" "));
    return seen.status;
  },
}));

// The real ones, looked at; and nobody waits a minute.
vi.mock("../../../helper/audit.ts", async (original) => {
  const real = await original<typeof audit>();
  return {
    ...real,
    lock: (name: "audit" | "grants" | "package", seconds: number) => {
      seen.locked.push([name, seconds]);
      seen.meanwhile[name]?.();
      return real.lock(name, name === "package" ? 0 : seconds);
    },
    append: (call: never, fact: audit.Fact, sync: boolean) => {
      seen.synced.push([fact.phase, sync]);
      seen.meanwhile[fact.phase]?.();
      return real.append(call, fact, sync);
    },
  };
});

withStandIns();
beforeEach(() => {
  rmSync("/usr/bin/pacman", { force: true });
  Object.assign(seen, { handedOver: [], status: 0, locked: [], synced: [], meanwhile: {} });
});

/** As sudo starts it: nobody has handed it over. */
const askAsSudo = async (...words: string[]) =>
  await answer({ tell: null, words, requestId: ID, detached: false, started: Date.now() });

test.each([
  [["service", "status", "nginx"]],
  [["service", "logs", "nginx"]],
  [["package", "info", "git"]],
])("%j, which only reads, is done by the process that sudo knows", async (words) => {
  const { reply, status } = await askAsSudo(...words);
  expect([status, reply?.error]).toEqual([0, null]);
  expect(seen.handedOver).toEqual([]);
  expect(seen.synced).toEqual([
    ["begin", false],
    ["end", false],
  ]);
});

test.each([
  [["service", "restart", "nginx"]],
  [["package", "install", "git"]],
  [["package", "update"]],
])("%j is done by one that sudo does not know, which says the reply", async (words) => {
  seen.status = 75;
  expect(await askAsSudo(...words)).toEqual({ reply: null, status: 75 });
  expect(seen.handedOver).toEqual([words.join(" ")]);
  expect([called(), recorded()]).toEqual([[], []]);
});

test("a process that was killed leaves its reply to the one that waits for it", async () => {
  seen.status = null;
  const { reply, status } = await askAsSudo("service", "restart", "nginx");
  expect([status, reply?.error?.code]).toEqual([71, "internal"]);
  expect(readFileSync(KERNEL_LOG, "utf8")).toBe(`<3>sallyport-helper: ${ID}: it was killed`);
});

test("what nobody granted is refused by the process that sudo knows", async () => {
  expect((await askAsSudo("service", "stop", "ssh")).reply?.error?.code).toBe("grant_required");
  expect(seen.handedOver).toEqual([]);
});

test("that a change begins is on the disk before it does; how it ends, and refusals, need not be", async () => {
  await ask("service", "restart", "nginx");
  await ask("service", "restart", "cron");
  expect(seen.synced).toEqual([
    ["begin", true],
    ["end", false],
    ["refused", false],
  ]);
});

test("changes of packages go one at a time, and wait a minute; reads and services wait for none", async () => {
  expect((await ask("package", "install", "git")).reply?.error).toBeNull();
  expect(seen.locked).toContainEqual(["package", 60]);
  const other = new DatabaseSync("/run/sallyport/package.lock");
  other.exec("BEGIN EXCLUSIVE");
  rmSync(`${OWN}/called`);
  const { reply, status } = await ask("package", "install", "git");
  expect([status, reply?.error]).toEqual([
    75,
    { code: "busy", message: "another package action is running" },
  ]);
  expect(called()).toEqual([]);
  expect(recorded().at(-1)).toEqual(["refused", "busy", "another package action is running"]);
  expect((await ask("package", "info", "git")).reply?.error).toBeNull();
  expect((await ask("service", "restart", "nginx")).reply?.error).toBeNull();
  other.close();
  expect((await ask("package", "install", "git")).reply?.error).toBeNull();
});

const lockDown = (): void => writeFileSync(LOCKDOWN, "");
const forbid = (): void => writeFileSync(POLICY, "no policy");
test.each([
  ["package", lockDown, "locked_down"],
  ["package", forbid, "not_allowed"],
  ["begin", lockDown, "locked_down"],
])("what comes while it waits (%s: %o) is heeded, and on record: %s", async (what, comes, code) => {
  seen.meanwhile[what] = comes;
  const { reply } = await ask("package", "install", "git");
  expect(reply?.error?.code).toBe(code);
  expect(called()).toEqual([]);
  expect(recorded()).toEqual([["refused", code, expect.anything()]]);
});

test("how an act ended is on record also where lock-down came meanwhile", async () => {
  seen.meanwhile["end"] = lockDown;
  expect((await ask("service", "restart", "nginx")).reply?.error).toBeNull();
  expect(recorded().map((one) => (one as string[])[0])).toEqual(["begin", "end"]);
});

test("a package manager may end by itself when its time is over; systemctl may not", async () => {
  const stubborn = "trap 'sleep 0.3; exit 5' TERM; while :; do sleep 0.05; done";
  const usual = { ...DEADLINE_SECONDS };
  try {
    Object.assign(DEADLINE_SECONDS, { package: 3, service: 3, read: 3 });
    when("update", stubborn);
    when("restart", stubborn);
    const packages = await ask("package", "update");
    expect(packages.reply).toMatchObject({ exitCode: 5, error: { code: "timeout" } });
    const services = await ask("service", "restart", "nginx");
    expect(services.reply).toMatchObject({ exitCode: null, error: { code: "timeout" } });
    expect(called()).toContain(systemctl("restart"));
  } finally {
    Object.assign(DEADLINE_SECONDS, usual);
  }
});
