/** The tools, over the SDK's own client in memory, in front of a stand-in for the helper. */
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Answer, Output } from "../../../agent/client.ts";
import { classOf } from "../../../agent/mcp/tool-class.ts";
import {
  answerOf,
  connected,
  gate,
  observed,
  refused,
  reply,
  standIn,
  textOf,
  told,
} from "./stand-in.ts";

const FAST = { perSecond: 1000, burst: 1000 };
const NO_LIMIT = { read: FAST, change: FAST };

test("a tool without a class is a reason not to start", () => {
  expect(() => classOf("shell_run")).toThrow("tool shell_run has no class");
});

test("an unknown tool is a protocol error that repeats no more than a line of its name", async () => {
  const { context } = observed(standIn().helper);
  const client = await connected(context);
  const name = `x\u202e${"y".repeat(5000)}`;
  const error = await client.callTool({ name, arguments: {} }).catch((caught: unknown) => caught);
  expect(String(error)).toMatch(/there is no tool "x\\\\u\{202e\}y+…"$/);
  expect(String(error).length).toBeLessThan(300);
});

test.each([
  ["an unknown action", "service_control", { action: "frob", name: "nginx" }],
  ["an action of another tool", "service_control", { action: "status", name: "nginx" }],
  ["a missing name", "service_status", {}],
  ["an empty name", "service_status", { name: "" }],
  ["a name that is no text", "service_status", { name: 7 }],
  ["a name longer than any name", "service_status", { name: "a".repeat(129) }],
  ["a name with NUL", "service_status", { name: "a\0b" }],
  ["an extra argument", "service_status", { name: "nginx", force: true }],
  ["an install without a name", "package_manage", { action: "install" }],
  ["an update with a name", "package_manage", { action: "update", name: "htop" }],
  ["an argument where there is none", "host_report", { path: "/etc/shadow" }],
  ["a question about an unknown kind", "policy_explain", { kind: "file" }],
  ["a command that is no text", "risk_explain", { command: ["rm", "x"] }],
  ["a command longer than any", "risk_explain", { command: "x".repeat(70_000) }],
  ["too many records", "audit_query", { newest: 1000 }],
  ["an id that is none", "approval_status", { id: "../../x" }],
  [
    "a claim that is too long",
    "service_control",
    { action: "stop", name: "ssh", why: "x".repeat(1025) },
  ],
])("%s fails closed: nothing is asked of the helper", async (_, name, args) => {
  const { helper, asked } = standIn();
  const { context, calls } = observed(helper);
  const result = await (await connected(context)).callTool({ name, arguments: args });
  expect(result.isError).toBe(true);
  expect(told(result)).toMatchObject({ ok: false, code: "malformed", requestId: null });
  expect(asked).toEqual([]);
  expect(calls).toMatchObject([{ tool: name, code: "malformed", request: null }]);
});

test.each<[string, string, object, string]>([
  [
    "a denied service",
    "service_control",
    { action: "stop", name: "docker" },
    "service stop docker",
  ],
  ["a name outside the policy", "service_status", { name: "cron" }, "service status cron"],
  [
    "an operator of apt",
    "package_manage",
    { action: "install", name: "sudo-" },
    "package install sudo-",
  ],
])("%s still reaches the helper, which refuses and records it", async (_, name, args, words) => {
  const { helper, asked } = standIn();
  const { context } = observed(helper);
  const result = await (await connected(context)).callTool({ name, arguments: { ...args } });
  expect(asked).toEqual([words]);
  expect(result.isError).toBe(true);
  expect(told(result)).toMatchObject({
    ok: false,
    code: "not_allowed",
    reason: `not in the policy of this host: ${words}`,
    remedy: expect.stringContaining("only an administrator can change the policy"),
    requestId: "r-1",
    data: null,
  });
});

test("a guarded wish waits for a person, and says what that person runs", async () => {
  const { helper, asked } = standIn();
  const { context, calls } = observed(helper);
  const client = await connected(context);
  const result = await client.callTool({
    name: "service_control",
    arguments: { action: "stop", name: "ssh", why: "it is on fire" },
  });
  const run = "sallyport approve 0123456789abcdef0123456789abcdef";
  expect(told(result)).toMatchObject({
    code: "grant_required",
    reason: "only with a person's grant: service stop ssh",
    remedy: expect.stringContaining(run),
    requestId: "r-1",
    approvalRequired: { id: "0123456789abcdef0123456789abcdef", run },
  });
  expect(asked).toEqual(["service stop ssh", "grant request service stop ssh it is on fire"]);
  expect(calls).toMatchObject([{ code: "grant_required", request: "service stop ssh" }]);
});

test("where it cannot wait for a person, the refusal says what to ask for", async () => {
  const { helper } = standIn((words) =>
    words.startsWith("grant ") ? refused("busy") : answerOf(words),
  );
  const { context } = observed(helper);
  const client = await connected(context);
  const args = { action: "upgrade" };
  const result = await client.callTool({ name: "package_manage", arguments: args });
  expect(told(result)).toMatchObject({
    code: "grant_required",
    remedy: "ask a person to do it or to grant it, and wait: package upgrade",
    approvalRequired: null,
  });
});

const FAILURES: Answer[] = [
  { kind: "not_set_up", uid: 1000 },
  { kind: "rule_missing", uid: 1000, others: "none" },
  { kind: "rule_other_user", uid: 1000, owners: [1] },
  { kind: "rule_without_effect", uid: 1000 },
  { kind: "helper_differs", helper: "/usr/local/x", granted: null },
  { kind: "no_new_privs" },
  { kind: "sudo_missing" },
  { kind: "unsupported_elevator", found: "/usr/bin/doas" },
  { kind: "sudo_refused", text: "sudo: /etc/sudo.conf is owned by uid 7" },
  { kind: "socket_refused", code: "EACCES" },
  { kind: "not_recorded" },
  { kind: "unsendable" },
  { kind: "bad_reply", reason: "/usr/bin/sudo could not be started" },
  { kind: "no_answer", seconds: 90 },
  { kind: "unknown_outcome", requestId: "r-9" },
  refused("usage"),
  refused("unavailable"),
  refused("unsafe"),
  refused("internal"),
  refused("busy"),
  refused("not_root"),
  refused("locked_down"),
  refused("timeout"),
  refused("failed"),
];

test.each(
  FAILURES.map((answer) => [
    answer.kind === "reply" ? answer.reply.error?.code : answer.kind,
    answer,
  ]),
)("%s: code, reason and remedy, without a path", async (code, answer) => {
  const { context } = observed(standIn(() => answer).helper);
  const client = await connected(context);
  const result = await client.callTool({ name: "service_status", arguments: { name: "nginx" } });
  expect(result.isError).toBe(true);
  expect(told(result)).toMatchObject({
    ok: false,
    code,
    reason: expect.stringMatching(/^[a-z].*[^.]$/i),
    remedy: expect.stringMatching(/^[a-z].*[^.]$/),
  });
  expect(JSON.stringify(result)).not.toMatch(/\/(usr|etc|bin|var|run|opt|home)\b/);
});

test("an unknown outcome says that it may have run, and how to find out", async () => {
  const lost = { kind: "unknown_outcome", requestId: "r-9" } as const;
  const { context } = observed(standIn(() => lost).helper);
  const client = await connected(context);
  const args = { action: "install", name: "htop" };
  const result = await client.callTool({ name: "package_manage", arguments: args });
  expect(told(result)).toMatchObject({
    requestId: "r-9",
    reason: expect.stringMatching(/may or may not have run/),
  });
  expect(textOf(result)).toMatch(/do not repeat it; call audit_query with this requestId/);
  expect(textOf(result)).toMatch(/requestId: r-9/);
});

test("a bug is reported to the log and not to the agent", async () => {
  const broken = standIn(() => {
    throw new Error("cannot read /etc/secret");
  });
  const { context, errors } = observed(broken.helper);
  const client = await connected(context);
  const result = await client.callTool({ name: "service_status", arguments: { name: "nginx" } });
  expect(told(result).code).toBe("unknown_outcome");
  expect(JSON.stringify(result)).not.toContain("secret");
  expect(String(errors[0])).toContain("cannot read /etc/secret");
});

test("what programs print is capped, escaped and marked as untrusted", async () => {
  const flood = `start\u001b[2Jx\u202e${"a\n".repeat(20_000)}| end of output\nthe end\n`;
  const { context } = observed(standIn(() => reply({ stdout: flood })).helper);
  const client = await connected(context);
  const result = await client.callTool({
    name: "package_manage",
    arguments: { action: "install", name: "htop" },
  });
  const output = told(result).untrustedOutput;
  expect(output?.truncated).toBe(true);
  expect(output?.text.length).toBeLessThan(17_000);
  expect(output?.text).toMatch(/^start\\u\{1b\}\[2Jx\\u\{202e\}a\n/);
  expect(output?.text).toMatch(/characters left out …\n/);
  expect(output?.text).toMatch(/the end\n$/);
  const text = textOf(result);
  expect(text.length).toBeLessThan(12_000);
  const [, quoted = ""] = text.split("each of its lines begins with |):\n");
  expect(quoted.split("\n").filter((line) => !line.startsWith("| "))).toEqual([]);
});

test("an agent's own words come back bounded and escaped", async () => {
  const { context } = observed(standIn().helper);
  const client = await connected(context);
  const name = `\u202e\u001b[31m${"z".repeat(100)}`;
  const result = await client.callTool({ name: "service_status", arguments: { name } });
  expect(told(result).reason).toMatch(
    /^not in the policy of this host: service status \\u\{202e\}\\u\{1b\}\[31mz+$/,
  );
  expect(told(result).reason?.length).toBeLessThan(300);
});

test("tools are listed with closed enums from the policy, closed schemas and annotations", async () => {
  const { context } = observed(standIn().helper);
  const { tools } = await (await connected(context)).listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    "host_report",
    "policy_explain",
    "risk_explain",
    "service_status",
    "service_control",
    "package_info",
    "package_manage",
    "audit_query",
    "grants_list",
    "approval_status",
  ]);
  for (const { inputSchema, outputSchema } of tools) {
    expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    expect(outputSchema).toMatchObject({ type: "object", additionalProperties: false });
  }
  const schemaOf = (wanted: string) => tools.find(({ name }) => name === wanted)?.inputSchema;
  expect(schemaOf("service_status")?.properties).toMatchObject({
    name: { enum: ["nginx", "ssh"] },
  });
  expect(schemaOf("service_control")?.properties).toMatchObject({
    action: { enum: ["restart", "stop"] },
    name: { enum: ["nginx", "ssh"] },
  });
  expect(schemaOf("package_manage")?.properties).toMatchObject({
    action: { enum: ["install", "update", "upgrade"] },
    name: { enum: ["htop"] },
  });
  const hints = tools.map(({ name, annotations }) => [
    name,
    annotations?.readOnlyHint,
    annotations?.destructiveHint,
    annotations?.openWorldHint,
  ]);
  expect(hints).toEqual([
    ["host_report", true, false, false],
    ["policy_explain", true, false, false],
    ["risk_explain", true, false, false],
    ["service_status", true, false, false],
    ["service_control", false, true, false],
    ["package_info", true, false, false],
    ["package_manage", false, true, true],
    ["audit_query", true, false, false],
    ["grants_list", true, false, false],
    ["approval_status", true, false, false],
  ]);
});

test("where the policy is not to be had, tools are listed with the protocol's words and say why they fail", async () => {
  const { context } = observed(standIn(() => ({ kind: "not_set_up", uid: 1000 })).helper);
  const client = await connected(context);
  const { tools } = await client.listTools();
  const control = tools.find(({ name }) => name === "service_control")?.inputSchema.properties;
  expect(control).toMatchObject({
    action: { enum: ["start", "stop", "restart", "reload", "enable", "disable"] },
  });
  for (const [name, args] of Object.entries(CALLS)) {
    const result = await client.callTool({ name, arguments: args });
    if (name === "host_report" || name === "risk_explain") expect(told(result).ok).toBe(true);
    else expect(told(result)).toMatchObject({ ok: false, code: "not_set_up" });
  }
});

test("a kind of thing that the policy does not know is not offered", async () => {
  const verdicts = { "package update": "allow", "service status nginx": "deny" } as const;
  const policy = reply({ data: { kind: "policy", verdicts, policyHash: "x" } });
  const { context } = observed(standIn(() => policy).helper);
  const { tools } = await (await connected(context)).listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    "host_report",
    "policy_explain",
    "risk_explain",
    "package_manage",
    "audit_query",
    "grants_list",
    "approval_status",
  ]);
  const manage = tools.find(({ name }) => name === "package_manage")?.inputSchema.properties;
  expect(Object.keys(manage ?? {})).toEqual(["action", "why"]);
  expect(manage?.["action"]).toEqual({ type: "string", enum: ["update"] });
});

const CALLS: Record<string, Record<string, unknown>> = {
  host_report: {},
  policy_explain: {},
  risk_explain: { command: "rm -rf x" },
  service_status: { name: "nginx", logs: true },
  service_control: { action: "restart", name: "nginx" },
  package_info: { name: "htop" },
  package_manage: { action: "install", name: "htop" },
  audit_query: { requestId: "r-1" },
  grants_list: {},
  approval_status: { id: "0123456789abcdef0123456789abcdef" },
};

test("every tool answers with data of its schema and a short text", async () => {
  const { helper, asked } = standIn();
  const { context, calls } = observed(helper);
  const client = await connected(context);
  await client.listTools();
  const texts: Record<string, string> = {};
  const data: Record<string, unknown> = {};
  for (const [name, args] of Object.entries(CALLS)) {
    const result = await client.callTool({ name, arguments: args });
    expect(told(result)).toMatchObject({ ok: true, code: null, reason: null, remedy: null });
    texts[name] = textOf(result);
    data[name] = told(result).data;
  }
  expect(texts).toMatchObject({
    host_report: expect.stringMatching(/^up \d+ h, load .* of memory used, fullest disk \d+ %/),
    policy_explain: expect.stringMatching(
      /^service ssh: status at once; stop with a person's grant$/m,
    ),
    risk_explain: expect.stringMatching(/^CRITICAL: rm -rf x\nfiles\.delete: /),
    service_status: expect.stringMatching(
      /^nginx\.service: active \(running\), enabled, pid 7\n.*\n\| one\n\| two$/,
    ),
    service_control: "nginx.service: active (running), enabled, pid 7",
    package_info: "htop: not installed, candidate 1.1",
    package_manage: expect.stringMatching(/^htop: installed\n/),
    audit_query: "r-1: it ran and went well",
    grants_list: "0123456789abcdef0123456789abcdef pending: service stop ssh",
    approval_status: "0123456789abcdef0123456789abcdef pending: service stop ssh",
  });
  expect(data["audit_query"]).toMatchObject({ outcome: "done", head: { seq: 2 } });
  expect(data["service_status"]).toMatchObject({ unit: "nginx.service", MainPID: 7 });
  expect(asked).toEqual([
    "policy",
    "policy",
    "service status nginx",
    "service logs nginx",
    "service restart nginx",
    "package info htop",
    "package install htop",
    "audit",
    "grant check",
    "grant check",
  ]);
  expect(calls.map(({ tool, code, abandoned }) => [tool, code, abandoned])).toEqual(
    Object.keys(CALLS).map((name) => [name, null, false]),
  );
});

test.each([
  [{ kind: "service", action: "restart", name: "nginx" }, "service restart nginx", "allow"],
  [{ kind: "service", action: "stop", name: "ssh" }, "service stop ssh", "guard"],
  [{ kind: "service", action: "stop", name: "docker" }, "service stop docker", "deny"],
  [{ kind: "service", action: "stop", name: "cron" }, "service stop cron", "deny"],
  [{ kind: "package", action: "upgrade" }, "package upgrade", "guard"],
  [{ kind: "package", action: "install", name: "__proto__" }, "package install __proto__", "deny"],
])("policy_explain on %j", async (args, request, verdict) => {
  const { context } = observed(standIn().helper);
  const client = await connected(context);
  const result = await client.callTool({ name: "policy_explain", arguments: args });
  expect(told(result).data).toMatchObject({ asked: { request, verdict } });
});

test.each([
  ["r-1", "done"],
  ["r-2", "running"],
  ["r-3", "unknown"],
])("audit_query on %s: %s", async (requestId, outcome) => {
  const { context } = observed(standIn().helper);
  const client = await connected(context);
  const result = await client.callTool({ name: "audit_query", arguments: { requestId } });
  expect(told(result).data).toMatchObject({ outcome });
});

test("over the rate nothing is asked, and the answer says when to come back", async () => {
  const { helper, asked } = standIn();
  const rates = { read: { perSecond: 0.001, burst: 2 }, change: { perSecond: 0.001, burst: 1 } };
  const { context } = observed(helper, rates);
  const client = await connected(context);
  const call = (name: string) => client.callTool({ name, arguments: CALLS[name] ?? {} });
  const codes = [];
  for (const name of [
    "package_info",
    "package_info",
    "package_info",
    "service_control",
    "service_control",
  ]) {
    const { code, retryAfterMs } = told(await call(name));
    codes.push(code);
    expect(retryAfterMs === null).toBe(code === null);
    if (retryAfterMs !== null) expect(retryAfterMs).toBeGreaterThan(900_000);
  }
  expect(codes).toEqual([null, null, "rate_limited", null, "rate_limited"]);
  expect(asked).toHaveLength(3);
});

test("changes run one after the other, reads at any time", async () => {
  const first = gate();
  let running = 0;
  let most = 0;
  const { helper, asked } = standIn(async (words) => {
    if (!words.includes("restart") && !words.includes("install")) return answerOf(words);
    running += 1;
    most = Math.max(most, running);
    await first.promise;
    running -= 1;
    return answerOf(words);
  });
  const { context } = observed(helper, NO_LIMIT);
  const [one, other] = [await connected(context), await connected(context)];
  const changes = [
    one.callTool({ name: "service_control", arguments: CALLS["service_control"] ?? {} }),
    other.callTool({ name: "package_manage", arguments: CALLS["package_manage"] ?? {} }),
    one.callTool({ name: "service_control", arguments: CALLS["service_control"] ?? {} }),
  ];
  await expect.poll(() => asked).toEqual(["service restart nginx"]);
  const read = await other.callTool({ name: "package_info", arguments: { name: "htop" } });
  expect(told(read).ok).toBe(true);
  expect(asked).toEqual(["service restart nginx", "package info htop"]);
  first.resolve();
  const results = await Promise.all(changes);
  expect(results.map((result) => told(result).ok)).toEqual([true, true, true]);
  expect(most).toBe(1);
  expect(asked.slice(2)).toEqual(["package install htop", "service restart nginx"]);
});

test("a queue that is full says so at once", async () => {
  const first = gate();
  const { helper } = standIn(async (words) => {
    await first.promise;
    return answerOf(words);
  });
  const { context } = observed(helper, NO_LIMIT);
  const client = await connected(context);
  const all = Array.from({ length: 18 }, () =>
    client.callTool({ name: "service_control", arguments: CALLS["service_control"] ?? {} }),
  );
  const last = told(await Promise.race(all));
  expect(last).toMatchObject({ ok: false, code: "busy" });
  first.resolve();
  const codes = (await Promise.all(all)).map((result) => told(result).code);
  expect(codes.filter((code) => code === null)).toHaveLength(17);
});

test("cancelling stops the waiting and not the work; what came of it is observed", async () => {
  const begun = gate();
  const finish = gate();
  const { helper, asked } = standIn(async (words) => {
    begun.resolve();
    await finish.promise;
    return answerOf(words);
  });
  const { context, calls } = observed(helper, NO_LIMIT);
  const client = await connected(context);
  const stop = new AbortController();
  const call = (signal: AbortSignal) =>
    client.callTool(
      { name: "package_manage", arguments: CALLS["package_manage"] ?? {} },
      { signal },
    );
  const cancelled = call(stop.signal).catch((error: unknown) => error);
  await begun.promise;
  const waiting = call(stop.signal).catch((error: unknown) => error);
  await client.ping();
  stop.abort();
  expect(await cancelled).toBeInstanceOf(Error);
  expect(await waiting).toBeInstanceOf(Error);
  await client.ping();
  expect(calls).toEqual([]);
  finish.resolve();
  await expect
    .poll(() => calls.map(({ code, abandoned }) => [code, abandoned]))
    .toEqual([
      [null, true],
      ["cancelled", true],
    ]);
  expect(asked).toEqual(["package install htop"]);
});

test("progress comes only when asked for: rising, the last line of the output, bounded and escaped", async () => {
  const line = `Unpacking \u001b[31m${"x".repeat(1000)}\n`;
  const { helper } = standIn(async (words, watch: (output: Output) => void) => {
    for (const text of ["Reading\n", "Get:1\r\nFetched\n", line]) {
      watch({ stream: "stdout", text });
      await pause(300);
    }
    return answerOf(words);
  });
  const { context } = observed(helper);
  const client = await connected(context);
  const seen: { progress: number; message?: string | undefined }[] = [];
  const params = { name: "package_manage", arguments: CALLS["package_manage"] ?? {} };
  const result = await client.callTool(params, { onprogress: (progress) => seen.push(progress) });
  expect(told(result).ok).toBe(true);
  const counters = seen.map(({ progress }) => progress);
  expect(counters).toEqual(counters.toSorted((a, b) => a - b));
  expect(new Set(counters).size).toBe(counters.length);
  const messages = seen.map(({ message }) => message ?? "");
  expect(messages).toContain("Fetched");
  expect(messages.at(-1)).toMatch(/^Unpacking \\u\{1b\}\[31mx+…$/);
  expect(messages.every((message) => message.length <= 201)).toBe(true);
});
