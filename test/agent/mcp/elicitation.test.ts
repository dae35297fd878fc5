/** Telling a client's user what waits: over HTTP, both revisions, with the SDK's own client. The helper is a stand-in. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { expect, onTestFinished, test } from "vitest";
import { mcpContext, type McpContext, type ToolCall } from "../../../agent/mcp/context.ts";
import { loopbackHosts } from "../../../agent/mcp/http-gate.ts";
import { limitedHttpServer } from "../../../agent/mcp/http-limits.ts";
import { mcpHttp } from "../../../agent/mcp/http.ts";
import { mcpServer } from "../../../agent/mcp/server.ts";
import { answerOf, gate, standIn, told } from "./stand-in.ts";

const TOKEN = "a-token-of-more-than-thirty-two-characters";
const ID = "0123456789abcdef0123456789abcdef";
const STOP = {
  name: "service_control",
  arguments: { action: "stop", name: "ssh", why: "accept this, it is harmless" },
};
const REQUEST = "service stop ssh";
const WAIT = "grant request service stop ssh accept this, it is harmless";

const FAST = { perSecond: 1000, burst: 1000 };

const REVISIONS = [
  ["2025-11-25", { mode: "legacy" }],
  ["2026-07-28", { mode: { pin: "2026-07-28" } }],
] as const;
type Answer = { action: "accept" | "decline" | "cancel"; content?: Record<string, string> };
type Show = (message: string, schema: unknown) => Promise<Answer>;
type Elicitation = { form?: object; url?: object };

/** A server whose helper lets ssh be stopped while `granted.is`. */
async function serving(tellingMs = 20_000) {
  const granted = { is: false };
  const behind = standIn((words) =>
    words === REQUEST && granted.is ? answerOf("service restart nginx") : answerOf(words),
  );
  const calls: ToolCall[] = [];
  const errors: unknown[] = [];
  const context: McpContext = mcpContext({
    client: behind.helper,
    observe: (call) => calls.push(call),
    report: (error) => errors.push(error),
    tellingMs,
    rates: { read: FAST, change: FAST },
  });
  const server = limitedHttpServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const http = mcpHttp({
    factory: (request) => mcpServer(context, request),
    token: TOKEN,
    hosts: loopbackHosts(port),
    origins: [],
    report: (error) => errors.push(error),
  });
  server.on("request", (request, response) => void http.handle(request, response));
  onTestFinished(async () => {
    await http.close();
    server.closeAllConnections();
    server.close();
    expect(errors).toEqual([]);
  });

  const connect = async (
    versionNegotiation: (typeof REVISIONS)[number][1] | object,
    elicitation: Elicitation | null,
    show: Show,
  ): Promise<Client> => {
    const capabilities = elicitation === null ? {} : { elicitation };
    const info = { name: "test", version: "1.0.0" };
    const client = new Client(info, { versionNegotiation, capabilities } as never);
    if (elicitation !== null) {
      client.setRequestHandler("elicitation/create", async ({ params }) => {
        return await show(params.message, "requestedSchema" in params && params.requestedSchema);
      });
    }
    const requestInit = { headers: { Authorization: `Bearer ${TOKEN}` } };
    const url = new URL(`http://127.0.0.1:${port}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
    onTestFinished(async () => await client.close());
    return client;
  };
  return { granted, asked: behind.asked, calls, context, connect };
}

const accept: Show = async () => await Promise.resolve({ action: "accept" });

test.each(REVISIONS)(
  "%s: a client that accepts everything gets nothing without a person",
  async (_, mode) => {
    const { asked, calls, connect } = await serving();
    let shown = 0;
    const client = await connect(mode, { form: {} }, async () => {
      shown += 1;
      const content = { granted: "true", approve: ID, action: "accept" };
      return await Promise.resolve({ action: "accept", content });
    });
    const result = await client.callTool(STOP);
    expect(told(result)).toMatchObject({
      ok: false,
      code: "grant_required",
      approvalRequired: { id: ID, run: `sallyport approve ${ID}` },
    });
    expect(shown, "nobody is asked twice in one call").toBe(1);
    expect(asked).toEqual([REQUEST, WAIT, REQUEST, WAIT]);
    expect(calls.at(-1)).toMatchObject({ code: "grant_required", request: REQUEST });
  },
);

test.each(REVISIONS)(
  "%s: what a person grants while the message is shown is done in the same call",
  async (_, mode) => {
    const { granted, asked, connect } = await serving();
    const client = await connect(mode, { form: {} }, async () => {
      granted.is = true;
      return await Promise.resolve({ action: "accept" });
    });
    expect(told(await client.callTool(STOP))).toMatchObject({ ok: true, code: null });
    expect(asked).toEqual([REQUEST, WAIT, REQUEST]);
  },
);

test.each(REVISIONS)(
  "%s: who is told reads what waits and what to run, no claim of the agent, and has nothing to fill in",
  async (_, mode) => {
    const { connect } = await serving();
    const shown: unknown[] = [];
    const client = await connect(mode, { form: {} }, async (message, schema) => {
      shown.push(message, schema);
      return await Promise.resolve({ action: "cancel" });
    });
    await client.callTool(STOP);
    expect(shown).toEqual([
      `An agent asks Sallyport for "${REQUEST}", which waits for a person's grant. Whoever may grant it types in a terminal of that host: sallyport approve ${ID}
Your answer here grants nothing. Accept once that is done, and Sallyport looks again; decline to leave it waiting.`,
      { type: "object", properties: {} },
    ]);
  },
);

test.each(
  REVISIONS.flatMap(([revision, mode]) =>
    (["decline", "cancel"] as const).map((action) => [revision, action, mode] as const),
  ),
)(
  "%s: after %s nothing is done, not even what a person has granted since",
  async (_, action, mode) => {
    const { granted, asked, connect } = await serving();
    const client = await connect(mode, { form: {} }, async () => {
      granted.is = true;
      return await Promise.resolve({ action });
    });
    expect(told(await client.callTool(STOP))).toMatchObject({ ok: false });
    expect(asked).toEqual([REQUEST, WAIT]);
  },
);

test.each(
  REVISIONS.flatMap(([revision, mode]) => [
    [revision, "no elicitation", null, 0, mode] as const,
    [revision, "only addresses to open", { url: {} }, 0, mode] as const,
    [revision, "forms by the old word for them", {}, 1, mode] as const,
  ]),
)(
  "%s: a client with %s is told as much as it can show",
  async (_, __, elicitation, times, mode) => {
    const { connect } = await serving();
    let shown = 0;
    const client = await connect(mode, elicitation, async () => {
      shown += 1;
      return await Promise.resolve({ action: "accept" });
    });
    const result = told(await client.callTool(STOP));
    expect(result).toMatchObject({ code: "grant_required", approvalRequired: { id: ID } });
    expect(shown).toBe(times);
  },
);

test.each(REVISIONS)(
  "%s: what needs no grant, or cannot wait for one, shows nothing",
  async (_, mode) => {
    const { connect } = await serving();
    const client = await connect(mode, { form: {} }, async () => await Promise.reject(new Error()));
    const restart = { action: "restart", name: "nginx" };
    const denied = { action: "stop", name: "docker" };
    const control = async (args: Record<string, unknown>) =>
      told(await client.callTool({ name: "service_control", arguments: args }));
    expect(await control(restart)).toMatchObject({ ok: true });
    expect(await control(denied)).toMatchObject({ code: "not_allowed" });
  },
);

test("a client that does not answer holds up nobody", async () => {
  const { context, connect } = await serving();
  const never = gate();
  const silent = await connect({ mode: "legacy" }, { form: {} }, async () => {
    await never.promise;
    return { action: "decline" };
  });
  const other = await connect({}, null, accept);
  const waiting = silent.callTool(STOP);
  await expect.poll(() => context.unanswered.count).toBe(1);
  const restart = { name: "service_control", arguments: { action: "restart", name: "nginx" } };
  expect(told(await other.callTool(restart))).toMatchObject({ ok: true });
  expect(context.unanswered.count, "the change went past who waits").toBe(1);
  never.resolve();
  expect(told(await waiting)).toMatchObject({ code: "grant_required" });
});

test("a client that does not answer gets the answer of before, in time", async () => {
  const { asked, context, connect } = await serving(700);
  const never = gate();
  const silent = await connect({ mode: "legacy" }, { form: {} }, async () => {
    await never.promise;
    return { action: "accept" };
  });
  const began = performance.now();
  expect(told(await silent.callTool(STOP))).toMatchObject({
    code: "grant_required",
    approvalRequired: { id: ID },
  });
  expect(performance.now() - began).toBeGreaterThan(650);
  expect(context.unanswered.count).toBe(0);
  never.resolve();
  expect(
    asked.filter((words) => words === REQUEST),
    "a late answer is nothing",
  ).toHaveLength(1);
});

test("a caller that no longer waits is not waited for, and nothing is done after it", async () => {
  const { granted, asked, context, connect } = await serving();
  const never = gate();
  const client = await connect({ mode: "legacy" }, { form: {} }, async () => {
    await never.promise;
    return { action: "accept" };
  });
  const abort = new AbortController();
  const call = client.callTool(STOP, { signal: abort.signal }).catch(() => "gone");
  await expect.poll(() => context.unanswered.count).toBe(1);
  abort.abort();
  expect(await call).toBe("gone");
  await expect.poll(() => context.unanswered.count).toBe(0);
  granted.is = true;
  never.resolve();
  expect(asked).toEqual([REQUEST, WAIT]);
});

test("of messages without an answer there are so many and no more: the next call is answered at once", async () => {
  const { context, connect } = await serving();
  const never = gate();
  const client = await connect({ mode: "legacy" }, { form: {} }, async () => {
    await never.promise;
    return { action: "decline" };
  });
  const many = Array.from({ length: 16 }, async () => told(await client.callTool(STOP)));
  await expect.poll(() => context.unanswered.count).toBe(16);
  expect(told(await client.callTool(STOP))).toMatchObject({ code: "grant_required" });
  expect(context.unanswered.count).toBe(16);
  never.resolve();
  for (const result of await Promise.all(many)) expect(result.code).toBe("grant_required");
  expect(context.unanswered.count).toBe(0);
});

test.each([
  ["an acceptance", { approval: { action: "accept", content: {} } }],
  ["a refusal", { approval: { action: "decline" } }],
  ["an answer to something else", { other: { action: "accept" } }],
  ["no answer at all", { approval: 7 }],
  ["an action of its own", { approval: { action: "grant" } }],
])("2026-07-28: %s to a message that was never shown grants nothing", async (_, inputResponses) => {
  const { asked, connect } = await serving();
  const client = await connect({ mode: { pin: "2026-07-28" } }, { form: {} }, accept);
  for (const requestState of [{}, { requestState: "v1.granted" }]) {
    const params = { ...STOP, inputResponses, ...requestState };
    const result = await client
      .callTool(params as typeof STOP)
      .then(told, (error: unknown) => ({ ok: false, code: String(error) }));
    expect(result).toMatchObject({ ok: false, code: expect.any(String) });
  }
  expect(asked.filter((words) => words !== REQUEST && words !== WAIT)).toEqual([]);
});
