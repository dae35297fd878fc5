/** What is remembered of sandboxed runs, and what is done about those that nobody runs any more. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Execution } from "../../../agent/sandbox/execute.ts";
import type { Executed } from "../../../agent/sandbox/executor.ts";
import { hostSandboxes } from "../../../agent/sandbox/host-sandboxes.ts";
import { profileFor, profileSchema } from "../../../agent/sandbox/profile.ts";
import { sandboxLine } from "../../../agent/sandbox/record.ts";
import { openRecords, RECORDS_MAX, type SandboxRecords } from "../../../agent/sandbox/records.ts";
import { processOf } from "../../../agent/workflow/owner.ts";
import { runtime } from "../../../scripts/runtime.ts";

let folder: string;
let opened: SandboxRecords[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-records-"));
  opened = [];
});
afterEach(() => {
  for (const records of opened) records.close();
  rmSync(folder, { recursive: true });
});

const troubles: unknown[] = [];
function open(): SandboxRecords {
  const records = openRecords(folder, (error) => troubles.push(error));
  if ("flaw" in records) throw new Error(records.flaw);
  opened.push(records);
  return records;
}

const EXECUTION: Execution = {
  program: { kind: "code", language: "bash", text: "echo \n=\u202e" },
  profile: profileFor("bash", profileSchema.parse({})),
  env: {},
  stdin: null,
  workspace: null,
  signal: null,
  output: () => undefined,
};

const CONFINEMENT = {
  uid: 1000,
  noNewPrivs: true,
  seccomp: true,
  capabilities: "0",
  interfaces: ["lo"],
  writable: ["/dev/shm", "/tmp"],
  mounts: 20,
  processes: 11,
  openFiles: 256,
  fileBytes: 1,
  dataBytes: 1,
  group: null,
};

const ran = (end: Extract<Executed, { kind: "ran" }>["end"]): Executed => ({
  kind: "ran",
  backend: "bubblewrap",
  end,
  stdout: "said",
  stderr: "",
  truncated: false,
  durationMs: 40,
  confinement: CONFINEMENT,
  peak: { processes: 2, memoryBytes: 1000, cpuMs: 10 },
  degraded: ["memory"],
  examined: { findings: [], more: 0, refused: false },
});

const ended = (id: string, executed: Executed) =>
  ({ kind: "ended", id, by: "exec", execution: EXECUTION, executed }) as const;

function left(): number {
  const { stdout, status } = spawnSync(runtime(), [join(import.meta.dirname, "gone.ts"), folder], {
    encoding: "utf8",
  });
  expect(status).toBeNull();
  return Number(stdout);
}

test("a sandbox that has outlived its maker is ended, and what nobody saw the end of is lost", async () => {
  const pid = left();
  expect(processOf(pid)).not.toBeNull();
  const records = open();
  expect(records.sweep()).toBe(1);
  await expect.poll(() => processOf(pid)).toBeNull();
  expect(records.list(5).map(({ id, result }) => [id, result])).toEqual([
    ["unstarted", "lost"],
    ["left", "lost"],
  ]);
  expect(records.sweep()).toBe(0);
});

test("another process that has its number now is left alone", () => {
  const pid = left();
  try {
    const db = new DatabaseSync(join(folder, "sandboxes.sqlite"));
    const other = JSON.stringify({ ...processOf(pid), started: "1" });
    db.prepare("UPDATE sandboxes SET process = ? WHERE id = 'left'").run(other);
    db.close();
    expect(open().sweep()).toBe(0);
    expect(processOf(pid)).not.toBeNull();
  } finally {
    process.kill(pid, "SIGKILL");
  }
});

test("what runs here is neither ended nor lost", () => {
  const records = open();
  records.watch({ kind: "begun", id: "a", by: "exec", execution: EXECUTION });
  records.watch({ kind: "started", id: "a", pid: process.pid });
  expect(open().sweep()).toBe(0);
  expect(records.numbers()).toMatchObject({ running: 1, lost: 0 });
  expect(records.numbers().oldestMs).toBeGreaterThanOrEqual(0);
});

test("each run is counted by what came of it, with what confined it and the digest of its code", () => {
  const records = open();
  records.watch(ended("a", ran({ by: "itself", exitStatus: 0 })));
  records.watch(ended("b", ran({ by: "itself", exitStatus: 159 })));
  records.watch(ended("c", ran({ by: "limit", limit: "memory" })));
  records.watch(ended("d", { kind: "no_backend" }));
  expect(records.numbers()).toEqual({
    total: 4,
    running: 0,
    succeeded: 1,
    failed: 1,
    stopped: 1,
    refused: 1,
    lost: 0,
    oldestMs: null,
    averageMs: 40,
  });
  expect(records.list(2)).toMatchObject([
    { id: "d", result: "refused", code: "no_backend", confinement: null },
    { id: "c", result: "stopped", code: "memory", confinement: { seccomp: true } },
  ]);
  expect(records.list(3)[2]).toMatchObject({
    id: "b",
    code: "signal_31",
    digest: "5e62226f2f9d33a57250a7691748d2356ad3fc413d3e2710332d4011965efe40",
  });
  expect(troubles).toEqual([]);
});

test("the newest are kept, and what runs is", () => {
  const records = open();
  records.watch({ kind: "begun", id: "old", by: "exec", execution: EXECUTION });
  const end = ran({ by: "itself", exitStatus: 0 });
  for (let at = 0; at < RECORDS_MAX + 5; at += 1) records.watch(ended(`r${at}`, end));
  expect(records.numbers()).toMatchObject({ running: 1, total: RECORDS_MAX + 1 });
});

test.each([
  ["what ran", ran({ by: "itself", exitStatus: 3 })],
  ["what was stopped", ran({ by: "limit", limit: "time" })],
  ["what was refused", { kind: "near_secret", folder: "/a b\n", secret: "/etc" } as const],
])("the line of %s is plain words, and none of them is the agent's", (_, executed) => {
  const execution = { ...EXECUTION, workspace: { folder: "/x y\n", access: "read" } as const };
  const line = sandboxLine({ ...ended("id-1", executed), execution });
  expect(line).toMatch(/^[\w.:=-]+( [\w.:=-]+){0,15}$/);
  expect(line).toMatch(/^sandbox id=id-1 by=exec language=bash digest=sha256:[0-9a-f]{64} /);
  expect(line).toContain("workspace=read");
});

test("settings that are not right are a refusal: no others are taken in their place", async () => {
  const file = join(folder, "sandbox.yaml");
  writeFileSync(file, "atOnce: 0\n", { mode: 0o644 });
  const sandboxes = hostSandboxes({ folder, by: "exec", file, say: () => undefined });
  expect(await sandboxes.run(EXECUTION)).toEqual({
    kind: "settings",
    flaw: expect.stringMatching(/sandbox.yaml:1:9: atOnce: /),
    hint: null,
    onRecord: false,
  });
});

test("settings are those of the host: how many at once, and the rules about code", async () => {
  const file = join(folder, "sandbox.yaml");
  writeFileSync(file, "atOnce: 2\ncode: { rules: { eval: refuse } }\n", { mode: 0o644 });
  const lines: string[] = [];
  const said: string[] = [];
  const sandboxes = hostSandboxes({
    folder,
    by: "exec",
    file,
    report: (line) => lines.push(line),
    say: (text) => said.push(text),
  });
  expect(sandboxes.health()).toMatchObject({ atOnce: 2, running: 0 });
  const program = { kind: "code", language: "node", text: "globalThis['ev' + 'al'](x)" } as const;
  expect(await sandboxes.run({ ...EXECUTION, program })).toMatchObject({
    kind: "code_refused",
    examined: { findings: [{ line: 1, column: 1, rule: "eval", judgement: "refuse" }] },
  });
  expect(lines).toEqual([expect.stringMatching(/ result=refused code=code_refused /)]);
  expect(open().list(1)).toMatchObject([{ result: "refused", language: "node" }]);
  expect(said).toEqual([]);
  await sandboxes.close();
});
