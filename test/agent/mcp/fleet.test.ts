/** The tools about other hosts, in front of a real socket that a stand-in for the operator's process serves. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { operatorAt } from "../../../agent/operator/call.ts";
import { operatorServer } from "../../../agent/operator/serve.ts";
import type { AnswerGroup, OperatorReply, OperatorRequest } from "../../../agent/operator/wire.ts";
import { connected, observed, standIn, textOf, told } from "./stand-in.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-fleet-"));
  ends.push(() => rmSync(folder, { recursive: true }));
  return join(folder, "operator.sock");
}

async function withOperator(reply: (request: OperatorRequest) => OperatorReply) {
  const path = socketPath();
  const asked: OperatorRequest[] = [];
  const { server, stop } = operatorServer({
    answer: async (request) => {
      asked.push(request);
      return reply(request);
    },
    refused: () => {},
    report: () => {},
  });
  server.listen(path);
  await once(server, "listening");
  ends.unshift(() => stop());
  return { ...(await at(path)), asked };
}

async function at(path: string) {
  const seen = observed(standIn().helper, undefined, () => operatorAt(path));
  return { ...seen, client: await connected(seen.context) };
}

const group = (more: Partial<AnswerGroup>): AnswerGroup => ({
  hosts: "web[1-2]",
  count: 2,
  code: null,
  state: null,
  output: "",
  truncated: false,
  ...more,
});
const answers = (...groups: AnswerGroup[]): OperatorReply => ({
  v: 1,
  kind: "answers",
  answers: groups,
});
const RESTART = {
  name: "fleet_service",
  arguments: { on: "web*", action: "restart", name: "nginx" },
};

test("without an operator in the settings there are no such tools", async () => {
  const { context } = observed(standIn().helper);
  const client = await connected(context);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("fleet"))).toEqual([]);
  await expect(client.callTool(RESTART)).rejects.toThrow("there is no tool");
});

test("with one they are listed as what they do, with the names of this host's policy", async () => {
  const { client } = await withOperator(() => answers(group({})));
  const tools = new Map((await client.listTools()).tools.map((tool) => [tool.name, tool]));
  expect(tools.get("fleet_hosts")?.annotations).toMatchObject({ readOnlyHint: true });
  expect(tools.get("fleet_service")?.annotations).toMatchObject({
    readOnlyHint: false,
    destructiveHint: true,
  });
  const { properties } = tools.get("fleet_service")?.inputSchema ?? {};
  expect(properties).toMatchObject({
    name: { enum: expect.arrayContaining(["nginx"]) },
    action: { enum: expect.arrayContaining(["status", "restart"]) },
  });
});

test("where no operator's process is, that is said, without a path", async () => {
  const { client, calls } = await at("/run/nowhere/operator.sock");
  for (const params of [RESTART, { name: "fleet_hosts", arguments: {} }]) {
    const result = await client.callTool(params);
    expect(told(result)).toMatchObject({
      ok: false,
      code: "unavailable",
      remedy: "a person must start it: sallyport operator",
    });
    expect(JSON.stringify(result)).not.toContain("/run");
  }
  expect(calls).toMatchObject([
    { tool: "fleet_service", code: "unavailable", request: "on web* service restart nginx" },
    { tool: "fleet_hosts", code: "unavailable" },
  ]);
});

test.each([
  ["a regular expression", { ...RESTART.arguments, on: "~.*" }],
  ["a file", { ...RESTART.arguments, on: "@/etc/passwd" }],
  ["an unknown action", { ...RESTART.arguments, action: "shell" }],
  ["an address to go to", { ...RESTART.arguments, address: "10.0.0.1" }],
])("%s is malformed, and the operator's process is not asked", async (_, args) => {
  const { client, asked } = await withOperator(() => answers(group({})));
  const result = await client.callTool({ name: "fleet_service", arguments: args });
  expect(told(result)).toMatchObject({ code: "malformed" });
  expect(asked).toEqual([]);
});

test("alike hosts are one answer, and each line of output says whose it is", async () => {
  const state = {
    kind: "service",
    unit: "nginx.service",
    LoadState: "loaded",
    ActiveState: "active",
    SubState: "running",
    UnitFileState: "enabled",
  } as const;
  const { client, asked } = await withOperator(() =>
    answers(group({ state }), group({ hosts: "db", count: 1, output: "one\nweb1| two\n" })),
  );
  const result = await client.callTool(RESTART);
  expect(told(result)).toMatchObject({
    ok: true,
    data: {
      asked: 3,
      leftOut: 0,
      answers: [{ hosts: "web[1-2]", count: 2, state }, { hosts: "db" }],
    },
    untrustedOutput: { text: "db| one\ndb| web1| two\n" },
  });
  expect(textOf(result)).toMatch(/^web\[1-2\]: nginx\.service active \(running\); db: done\n/);
  expect(asked).toMatchObject([{ on: "web*", for: { caller: "stdio", tool: "fleet_service" } }]);
});

test.each<[string, AnswerGroup[], string]>([
  ["all refused alike", [group({ code: "grant_required" })], "grant_required"],
  [
    "one refused, the others not begun",
    [group({ code: "grant_required", count: 1 }), group({ code: "not_done" })],
    "grant_required",
  ],
  [
    "none could be reached",
    [group({ code: "unreachable" }), group({ code: "auth-failed" })],
    "unavailable",
  ],
  ["some failed, some not", [group({}), group({ code: "failed" })], "failed"],
  ["several reasons", [group({ code: "unreachable" }), group({ code: "failed" })], "failed"],
  ["an answer was lost", [group({ code: "unknown_outcome" })], "unknown_outcome"],
])("%s: one code for the call, and the reason of each", async (_, groups, code) => {
  const { client } = await withOperator(() => answers(...groups));
  const result = await client.callTool(RESTART);
  expect(result.isError).toBe(true);
  expect(told(result)).toMatchObject({ ok: false, code, remedy: expect.stringMatching(/\w/) });
  expect(told(result).data?.["answers"]).toHaveLength(groups.length);
});

test("hosts that are offline are no failure", async () => {
  const { client } = await withOperator(() =>
    answers(group({}), group({ hosts: "old", count: 1, code: "offline" })),
  );
  expect(told(await client.callTool(RESTART))).toMatchObject({ ok: true, code: null });
});

test("a pattern that selects nothing is malformed, and says what lists the hosts", async () => {
  const { client } = await withOperator(() => ({
    v: 1,
    kind: "refused",
    code: "no_host",
    message: "the pattern selects no host",
  }));
  expect(told(await client.callTool(RESTART))).toMatchObject({
    code: "malformed",
    remedy: "fleet_hosts lists the hosts and their groups",
  });
});

test.each<[string, string, string]>([
  ["nothing", "", "unknown_outcome"],
  ["something else", "hello\n", "bad_reply"],
  [
    "a reply with an address in it",
    '{"v":1,"kind":"hosts","groups":[],"address":"10.0.0.1"}\n',
    "bad_reply",
  ],
  ["a reply without an end", `{"x":"${"y".repeat(5 << 20)}`, "bad_reply"],
])("what answers with %s is believed nothing", async (_, text, code) => {
  const path = socketPath();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(text));
  });
  server.listen(path);
  await once(server, "listening");
  ends.unshift(() => server.close());
  const { client } = await at(path);
  expect(told(await client.callTool(RESTART))).toMatchObject({ ok: false, code, data: null });
});
