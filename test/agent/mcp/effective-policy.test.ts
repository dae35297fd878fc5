import { expect, test } from "vitest";
import { effectivePolicy } from "../../../agent/mcp/effective-policy.ts";
import { answerOf, reply, standIn } from "./stand-in.ts";

const narrowed = reply({
  data: { kind: "policy", verdicts: { "package update": "allow" }, policyHash: "n" },
});

test("the policy is asked for once, however many lists are made at a time, and anew after a minute", async () => {
  let answer = answerOf("policy");
  const { helper, asked } = standIn(() => answer);
  const clock = { now: 0 };
  const policy = effectivePolicy(helper, () => clock.now);
  await Promise.all([policy.offer(), policy.offer(), policy.offer()]);
  clock.now = 60_000;
  expect((await policy.offer()).serviceReads.names).toEqual(["nginx", "ssh"]);
  expect(asked).toHaveLength(1);
  answer = narrowed;
  clock.now = 60_001;
  expect(await policy.offer()).toMatchObject({
    serviceReads: { names: [] },
    systemChanges: ["update"],
  });
  expect(asked).toHaveLength(2);
});

test("a policy that could not be had is asked for again each time", async () => {
  let answer: ReturnType<typeof answerOf> = { kind: "not_set_up", uid: 1000 };
  const { helper } = standIn(() => answer);
  const policy = effectivePolicy(helper);
  expect((await policy.offer()).serviceChanges.names).toBeNull();
  answer = narrowed;
  expect((await policy.offer()).serviceChanges.names).toEqual([]);
});

test("what is denied is not offered", async () => {
  const policy = effectivePolicy(standIn().helper);
  expect(await policy.offer()).toEqual({
    serviceReads: { actions: ["status", "logs"], names: ["nginx", "ssh"] },
    serviceChanges: { actions: ["restart", "stop"], names: ["nginx", "ssh"] },
    packageReads: { actions: ["info"], names: ["htop"] },
    packageChanges: { actions: ["install"], names: ["htop"] },
    systemChanges: ["update", "upgrade"],
  });
});
