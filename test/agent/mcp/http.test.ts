/** MCP over HTTP: who is kept out, and both revisions with the SDK's own client. The helper is a stand-in. */
import { once } from "node:events";
import {
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { loopbackHosts } from "../../../agent/mcp/http-gate.ts";
import { limitedHttpServer } from "../../../agent/mcp/http-limits.ts";
import { mcpHttp, type McpHttp } from "../../../agent/mcp/http.ts";
import { mcpServer } from "../../../agent/mcp/server.ts";
import {
  answerOf,
  gate,
  observed,
  standIn,
  told,
  type Observed,
  type StandIn,
} from "./stand-in.ts";

const TOKEN = "a-token-of-more-than-thirty-two-characters";

let server: Server;
let http: McpHttp;
let port: number;
let seen: Observed;
let behind: StandIn;
let answer = answerOf as (
  words: string,
) => ReturnType<typeof answerOf> | Promise<ReturnType<typeof answerOf>>;

beforeEach(async () => {
  answer = answerOf;
  behind = standIn((words) => answer(words));
  seen = observed(behind.helper);
  server = limitedHttpServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
  http = mcpHttp({
    factory: (request) => mcpServer(seen.context, request),
    token: TOKEN,
    hosts: loopbackHosts(port),
    origins: ["http://trusted.example"],
    report: () => {},
  });
  server.on("request", (request, response) => void http.handle(request, response));
});

afterEach(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
});

const CALL = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "service_control", arguments: { action: "restart", name: "nginx" } },
});
const GOOD: Record<string, string> = {
  Authorization: `Bearer ${TOKEN}`,
  "Content-Type": "application/json",
  Accept: "application/json, text/event-stream",
};

type Got = { status: number | undefined; headers: IncomingMessage["headers"]; body: string };

/** One request as it is, without what fetch() would mend. */
async function send(headers: Record<string, string>, body = CALL, method = "POST"): Promise<Got> {
  const request = httpRequest({ host: "127.0.0.1", port, path: "/mcp", method, headers });
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, headers: response.headers, body: text };
}

test.each(["", "short", "x".repeat(31)])(
  "the token %j is refused before anything is served",
  (token) => {
    const options = {
      factory: () => mcpServer(seen.context),
      hosts: [],
      origins: [],
      report: () => {},
    };
    expect(() => mcpHttp({ ...options, token })).toThrow(
      "a token of at least 32 characters is required",
    );
  },
);

const REFUSED: [string, Record<string, string>, number][] = [
  ["no token", { Authorization: "" }, 401],
  ["a wrong token", { Authorization: `Bearer ${TOKEN}x` }, 401],
  ["the token's beginning", { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }, 401],
  ["an empty token", { Authorization: "Bearer " }, 401],
  ["another scheme", { Authorization: `Basic ${TOKEN}` }, 401],
  ["a name that a stranger's DNS gives this address", { Host: "evil.example" }, 403],
  ["the right name and another port", { Host: "127.0.0.1:1" }, 403],
  ["a name that begins like ours", { Host: "localhost.evil.example" }, 403],
  ["a browser on a stranger's page", { Origin: "http://evil.example" }, 403],
  ["a page without an origin", { Origin: "null" }, 403],
];

test.each(REFUSED)("%s: refused, and nothing is asked", async (_, headers, status) => {
  const got = await send({ ...GOOD, ...headers });
  expect(got.status).toBe(status);
  expect(JSON.parse(got.body)).toEqual({
    jsonrpc: "2.0",
    id: null,
    error: { code: -32_000, message: expect.stringMatching(/^[a-z ]+$/) },
  });
  expect(got.headers["www-authenticate"]?.startsWith("Bearer ") ?? false).toBe(status === 401);
  expect(behind.asked).toEqual([]);
});

test("a wrong host is not told whether the token was right", async () => {
  const host = { ...GOOD, Host: "evil.example" };
  const [right, wrong] = [await send(host), await send({ ...host, Authorization: "Bearer wrong" })];
  expect([right.status, right.body]).toEqual([wrong.status, wrong.body]);
});

test.each([
  ["PUT", 405],
  ["OPTIONS", 405],
])("%s is no method here", async (method, status) => {
  expect(await send(GOOD, "", method)).toMatchObject({
    status,
    headers: { allow: "POST, GET, DELETE" },
  });
});

test.each([
  ["no JSON", "hello", 400],
  ["nothing", "", 400],
  ["no JSON-RPC", "{}", 400],
])("a body that is %s is answered as an error", async (_, body, status) => {
  expect(await send(GOOD, body)).toMatchObject({
    status,
    body: expect.stringContaining('"error"'),
  });
});

test("another content type is refused: no form of a web page gets in", async () => {
  expect(await send({ ...GOOD, "Content-Type": "text/plain" })).toMatchObject({ status: 415 });
});

test.each([
  ["announced", { "Content-Length": String(256 * 1024 + 1) }, "x".repeat(256 * 1024 + 1)],
  ["not announced", { "Transfer-Encoding": "chunked" }, `"${"x".repeat(256 * 1024)}"`],
])("a body over 256 KiB, %s, is 413", async (_, headers, body) => {
  expect(await send({ ...GOOD, ...headers }, body)).toMatchObject({ status: 413 });
});

test("a session that is not there is 404, and a request without one stands alone", async () => {
  expect(await send({ ...GOOD, "Mcp-Session-Id": "nobody's" })).toMatchObject({ status: 404 });
  const alone = await send(GOOD);
  expect(alone.status).toBe(200);
  expect(alone.body).toContain('"ok":true');
});

test("a trusted origin and each loopback name are served", async () => {
  for (const Host of loopbackHosts(port)) {
    const got = await send({ ...GOOD, Host, Origin: "http://trusted.example" });
    expect(got.status).toBe(200);
  }
});

test("who asks for the connection to be closed gets the answer, and then its end", async () => {
  server.keepAliveTimeout = 60_000; // else that could be its end
  const socket = connect(port, "127.0.0.1");
  const head = [
    "POST /mcp HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${TOKEN}`,
    "Content-Type: application/json",
    "Accept: application/json, text/event-stream",
    `Content-Length: ${CALL.length}`,
    "Connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${CALL}`);
  let said = "";
  socket.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = once(socket, "end").then(() => "ended");
  const late = new Promise((resolve) => setTimeout(resolve, 20_000, "late"));
  expect(await Promise.race([ended, late])).toBe("ended");
  expect(said).toMatch(/^connection: close\r$/im);
  expect(said).toContain('"ok":true');
  socket.destroy();
});

test("who sends half a request is disconnected", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.write("POST /mcp HTTP/1.1\r\nHost: x\r\n");
  const chunks: string[] = [];
  socket.on("data", (chunk) => chunks.push(String(chunk)));
  await once(socket, "close");
  expect(chunks.join("")).toMatch(/^HTTP\/1\.1 408 /);
}, 20_000);

const MODES = [
  ["2026-07-28", { mode: { pin: "2026-07-28" } }],
  ["2025-11-25", { mode: "legacy" }],
] as const;

async function connected(versionNegotiation: (typeof MODES)[number][1]): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation });
  const requestInit = { headers: { Authorization: `Bearer ${TOKEN}` } };
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
  return client;
}

test.each(MODES)("%s: the SDK's client lists and calls every tool", async (revision, mode) => {
  const client = await connected(mode);
  expect(client.getNegotiatedProtocolVersion()).toBe(revision);
  const { tools } = await client.listTools();
  expect(tools).toHaveLength(10);
  const calls = {
    host_report: {},
    policy_explain: { kind: "service" },
    risk_explain: { command: "ls" },
    service_status: { name: "nginx" },
    service_control: { action: "restart", name: "nginx" },
    package_info: { name: "htop" },
    package_manage: { action: "install", name: "htop" },
    audit_query: {},
    grants_list: {},
    approval_status: { id: "0123456789abcdef0123456789abcdef" },
  };
  for (const [name, args] of Object.entries(calls)) {
    const result = await client.callTool({ name, arguments: args });
    expect(told(result)).toMatchObject({ ok: true, code: null });
  }
  const guarded = { name: "service_control", arguments: { action: "stop", name: "ssh" } };
  expect(told(await client.callTool(guarded)).code).toBe("grant_required");
  await expect(client.callTool({ name: "shell_run", arguments: {} })).rejects.toThrow(
    "there is no tool",
  );
  expect(new Set(seen.calls.map(({ caller }) => caller))).toEqual(new Set(["token"]));
  await client.close();
});

/** When a message that asks for nothing was taken after the abort, or a connection was closed before its answer. */
async function abortSeen(aborted: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (_: IncomingMessage, response: ServerResponse): void => {
      response.once("close", () => {
        if (aborted.aborted && (response.statusCode === 202 || !response.writableFinished))
          resolve();
      });
    };
    server.on("request", look);
    onTestFinished(() => void server.off("request", look));
  });
  await setImmediate();
}

test.each(MODES)("%s: a cancelled change goes on, and is observed", async (_, mode) => {
  const begun = gate();
  const finish = gate();
  answer = async (words) => {
    begun.resolve();
    await finish.promise;
    return answerOf(words);
  };
  const stop = new AbortController();
  const seenByServer = abortSeen(stop.signal);
  const client = await connected(mode);
  const params = { name: "service_control", arguments: { action: "restart", name: "nginx" } };
  const call = client.callTool(params, { signal: stop.signal }).catch((error: unknown) => error);
  await begun.promise;
  stop.abort();
  expect(await call).toBeInstanceOf(Error);
  // Until the server has seen it, the call would still end as one that is waited for.
  await seenByServer;
  finish.resolve();
  await expect.poll(() => seen.calls).toMatchObject([{ code: null, abandoned: true }]);
  expect(behind.asked).toEqual(["service restart nginx"]);
});

test.each(MODES)("%s: progress arrives before the answer", async (_, mode) => {
  answer = async (words) => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return answerOf(words);
  };
  const client = await connected(mode);
  const messages: string[] = [];
  const params = { name: "package_manage", arguments: { action: "install", name: "htop" } };
  const result = await client.callTool(params, {
    onprogress: ({ message = "" }) => messages.push(message),
  });
  expect(told(result).ok).toBe(true);
  expect(messages).toContain("started");
});

test("nobody's session outlives 64 newer ones", async () => {
  const hello = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "test", version: "1.0.0" },
    },
  });
  const ids: string[] = [];
  for (let count = 0; count < 65; count += 1) {
    const { headers } = await send(GOOD, hello);
    ids.push(String(headers["mcp-session-id"]));
  }
  const list = JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/list" });
  const status = async (id = "") => (await send({ ...GOOD, "Mcp-Session-Id": id }, list)).status;
  expect([await status(ids[0]), await status(ids[1]), await status(ids[64])]).toEqual([
    404, 200, 200,
  ]);
});
