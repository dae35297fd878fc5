/** The order of judging, recording and acting: what is told, what is on record, and what is started. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { VERDICTS } from "../../../helper/policy.ts";
import {
  ask,
  BUILD,
  called,
  DATA,
  KERNEL_LOG,
  LOCKDOWN,
  LOG,
  OWN,
  POLICY,
  recorded,
  SHOWN,
  STATE,
  systemctl,
  when,
  withStandIns,
  ID,
} from "../stand-ins.ts";

withStandIns();

test.each<[string, string[], string, number, string, string]>([
  ["what is no request", ["x"], "usage", 64, "not a request", "usage: service ACTION NAME"],
  [
    "what is not in the policy",
    ["service", "stop", "cron"],
    "not_allowed",
    77,
    "security violation: not in the policy",
    "security violation: not in the policy",
  ],
  [
    "what only a person grants",
    ["service", "stop", "ssh"],
    "grant_required",
    77,
    "a person must grant: service stop ssh",
    "a person must grant: service stop ssh",
  ],
])("%s is on record as refused, and starts nothing", async (_, words, code, status, rule, says) => {
  const said = await ask(...words);
  expect(said.status).toBe(status);
  expect(said.reply).toMatchObject({ v: 1, success: false, requestId: ID, data: null });
  expect(said.reply?.error).toEqual({ code, message: expect.stringContaining(says) });
  expect(said.reply?.durationMs).toBeGreaterThanOrEqual(5);
  expect(said.reply?.durationMs).toBeLessThan(60_000);
  expect(recorded()).toEqual([["refused", code, rule]]);
  expect(called()).toEqual([]);
});

test("usage names every word", async () => {
  const { reply } = await ask();
  expect(reply?.error?.message).toBe(
    "usage: service ACTION NAME | package ACTION [NAME] | policy | version | audit\n" +
      "  | grant request SUBJECT CLAIM | grant use SUBJECT | grant check | report TEXT",
  );
});

test("under lock-down only its version is told, and what is reported is noted", async () => {
  writeFileSync(LOCKDOWN, "");
  for (const words of [["policy"], ["audit"], ["grant", "check"], ["service", "status", "nginx"]])
    expect((await ask(...words)).reply?.error).toEqual({
      code: "locked_down",
      message: "this host is locked down",
    });
  expect(recorded()).toEqual(Array.from({ length: 4 }, () => ["refused", "locked_down", LOCKDOWN]));
  expect((await ask("version")).reply?.data).toEqual({ kind: "version", ...BUILD });
  expect((await ask("report", "it fell")).status).toBe(0);
  expect(recorded().at(-1)).toEqual(["note", "reported", "it fell"]);
  expect(called()).toEqual([]);
});

test("what is in force is told without a record: policy, one's own records, one's own grants", async () => {
  const { policyHash } = BUILD;
  expect((await ask("policy")).reply?.data).toEqual({
    kind: "policy",
    verdicts: VERDICTS,
    policyHash,
  });
  expect((await ask("grant", "check")).reply?.data).toEqual({ kind: "grant", grants: [] });
  expect((await ask("audit")).reply?.data).toMatchObject({ kind: "audit", records: [] });
  expect(recorded()).toEqual([]);
});

test("where the policy file is unusable nothing is allowed, and root's record says why", async () => {
  writeFileSync(POLICY, "[]");
  const { reply, status } = await ask("service", "status", "nginx");
  expect([status, reply?.error]).toEqual([
    77,
    { code: "not_allowed", message: "the policy file is unusable" },
  ]);
  expect(recorded()).toEqual([["refused", "not_allowed", `${POLICY}: Error: not an object`]]);
});

test("a status is begun, told and ended on record", async () => {
  const { reply, status } = await ask("service", "status", "nginx");
  expect([status, reply?.error, reply?.data]).toEqual([0, null, DATA]);
  expect(reply?.success).toBe(true);
  expect(called()).toEqual([systemctl(`show --property=${STATE}`)]);
  const rule = "service status nginx";
  expect(recorded()).toEqual([
    ["begin", "allow", rule],
    ["end", "allow", rule],
  ]);
  const { result } = JSON.parse(readFileSync(LOG, "utf8").split("\n")[1] ?? "") as never;
  expect(result).toMatchObject({ code: null, exitCode: 0, timedOut: false });
  expect((result as { durationMs: number }).durationMs).toBeGreaterThanOrEqual(5);
  expect((result as { durationMs: number }).durationMs).toBeLessThan(60_000);
});

test("a guarded act takes one use, on record before it begins, and the next is refused", async () => {
  writeFileSync(`${OWN}/shown`, SHOWN.replace("nginx", "ssh"));
  const { reply } = await ask("grant", "request", "service stop ssh", "why");
  if (reply?.data?.kind !== "grant") throw new Error("no grant");
  const [wish] = reply.data.grants;
  const file = `/var/lib/sallyport/grants/1000-${wish?.id}`;
  writeFileSync(file, JSON.stringify({ ...wish, stands: "granted", by: 0, reason: "night" }));
  expect((await ask("service", "stop", "ssh")).reply?.error).toBeNull();
  expect(recorded().slice(1)).toEqual([
    ["note", "used", `grant ${wish?.id} by uid 0: night`],
    ["begin", "allow", "service stop ssh"],
    ["end", "allow", "service stop ssh"],
  ]);
  expect((await ask("service", "stop", "ssh")).reply?.error?.code).toBe("grant_required");
});

const INTERNAL = {
  code: "internal",
  message: "the helper failed, or cannot write the audit log",
};
const saidToKernel = (): string => readFileSync(KERNEL_LOG, "utf8");

test("what cannot be recorded is not done, and only the kernel's log says why", async () => {
  await ask("service", "status", "nginx");
  rmSync(`${OWN}/called`);
  chmodSync(LOG, 0o666);
  const { reply, status } = await ask("service", "restart", "nginx");
  chmodSync(LOG, 0o640);
  expect([status, reply?.error]).toEqual([71, INTERNAL]);
  expect(called()).toEqual([]);
  expect(saidToKernel()).toBe(`<3>sallyport-helper: ${ID}: Error: others can change the audit log`);
});

test("what has happened is told as it was where its end cannot be recorded, and the kernel's log says why", async () => {
  when("restart", `chmod 666 ${LOG}`);
  const { reply, status } = await ask("service", "restart", "nginx");
  chmodSync(LOG, 0o640);
  expect([status, reply?.error]).toEqual([0, null]);
  expect(recorded()).toEqual([["begin", "allow", "service restart nginx"]]);
  expect(saidToKernel()).toBe(`<3>sallyport-helper: ${ID}: Error: others can change the audit log`);
});

test("an act that fails here has an end on record, and only the kernel's log says why", async () => {
  rmSync("/usr/bin/systemctl");
  const { reply, status } = await ask("service", "status", "nginx");
  expect([status, reply?.error]).toEqual([71, INTERNAL]);
  expect(recorded()).toEqual([
    ["begin", "allow", "service status nginx"],
    ["end", "allow", "Error: spawn /usr/bin/systemctl ENOENT"],
  ]);
  expect(saidToKernel()).toBe(`<3>sallyport-helper: ${ID}: Error: spawn /usr/bin/systemctl ENOENT`);
});

describe("a process that is not fit", () => {
  const asked = async () => {
    vi.resetModules();
    const { answer } = await import("../../../helper/answer.ts");
    process.env["NODE_OPTIONS"] = "";
    const call = { tell: null, words: ["policy"], requestId: ID, detached: true, started: 0 };
    const said = await answer(call);
    delete process.env["NODE_OPTIONS"];
    return { said, again: (await answer(call)).reply?.error };
  };
  const error = { code: "unsafe", message: "hostile environment variable" };

  test("is told so, on record, and is not examined again", async () => {
    const { said, again } = await asked();
    expect([said.status, said.reply?.error, again]).toEqual([71, error, error]);
    const record = ["refused", "unsafe", "NODE_OPTIONS"];
    expect(recorded()).toEqual([record, record]);
  });

  test("is told so also where that cannot be recorded", async () => {
    await ask("report", "it was");
    chmodSync(LOG, 0o666);
    const { said } = await asked();
    chmodSync(LOG, 0o640);
    expect([said.status, said.reply?.error]).toEqual([71, error]);
    expect(recorded()).toHaveLength(1);
  });
});
