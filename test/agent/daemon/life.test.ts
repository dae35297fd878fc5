import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { ask, stage, strike, until, type Daemon, type Stage } from "./stage.ts";

afterEach(strike);

const RESTART = { name: "nginx", action: "restart" };

/** A change that the helper has begun and holds until `release`. */
async function held(on: Stage, daemon: Daemon) {
  const begun = (): number => on.audit().filter(({ phase }) => phase === "begin").length;
  const before = begun();
  writeFileSync(join(on.folder, "hold"), "");
  const answer = callTool(daemon, "service_control", RESTART);
  answer.catch(() => {});
  await until(() => begun() > before);
  return { answer, release: () => rmSync(join(on.folder, "hold")) };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s: it takes no more, finishes what was begun, and ends with status 0",
  async (signal) => {
    const on = stage();
    const daemon = await on.start();
    const { answer, release } = await held(on, daemon);
    daemon.child.kill(signal);
    await until(() => daemon.log("stop").length > 0);
    await expect(daemon.get("/healthz")).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    release();
    expect((await answer).status).toBe(200);
    expect(await daemon.ended).toEqual({ status: 0, signal: null });
    expect(on.rows()).toMatchObject([{ outcome: "known", code: "ok" }]);
    expect(daemon.log("stopped")).toHaveLength(1);
  },
);

test("a stop does not wait for a stream that would never end", async () => {
  const on = stage({ limits: { stopSeconds: 3600 } });
  const daemon = await on.start();
  const headers = {
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
  };
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const begun = await daemon.get("/mcp", { method: "POST", headers, body });
  const session = begun.headers["mcp-session-id"];
  expect(session).toEqual(expect.any(String));
  const stream = openStream(daemon, { ...headers, "Mcp-Session-Id": session });
  expect((await stream).statusCode).toBe(200);
  expect((await daemon.stop()).status).toBe(0);
});

/** Resolves with the headers: the stream itself has no end. */
async function openStream({ port, token }: Daemon, headers: object): Promise<IncomingMessage> {
  const all = { ...headers, Authorization: `Bearer ${token}` };
  const asked = get({ host: "127.0.0.1", port, path: "/mcp", agent: false, headers: all });
  asked.on("error", () => {});
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.on("error", () => {}).resume();
  return response;
}

test("a stop waits for the helper though the client has gone", async () => {
  const on = stage();
  const daemon = await on.start();
  const { release } = await held(on, daemon);
  daemon.dropClients();
  daemon.child.kill("SIGTERM");
  await until(() => daemon.log("stop").length > 0);
  release();
  expect((await daemon.ended).status).toBe(0);
  expect(on.rows()).toMatchObject([{ outcome: "known", code: "ok" }]);
});

test("a stop does not wait for ever, and says what it left", async () => {
  const on = stage({ limits: { stopSeconds: 1 } });
  const daemon = await on.start();
  const { release } = await held(on, daemon);
  expect((await daemon.stop()).status).toBe(0);
  expect(daemon.log("stop").at(-1)).toMatchObject({ level: "error", pending: 1 });
  expect(on.rows()).toMatchObject([{ outcome: "pending", code: null }]);
  release();
});

test("killed in the middle of a change: the next start tells which, and what the audit log knows", async () => {
  const on = stage({ auditPollSeconds: 1 });
  const first = await on.start();
  await callTool(first, "service_control", RESTART);
  const { release } = await held(on, first);
  await first.stop("SIGKILL");
  expect(on.rows().map(({ outcome }) => outcome)).toEqual(["known", "pending"]);
  const [, begun] = on.audit().filter(({ phase }) => phase === "begin");

  const second = await on.start();
  const lost = { level: "error", argv: ["service", "restart", "nginx"] };
  expect(second.log("unknown_outcome")[0]).toMatchObject({ ...lost, requestId: null });
  await until(() => second.log("unknown_outcome").length > 1);
  const { requestId } = begun ?? {};
  expect(second.log("unknown_outcome")[1]).toMatchObject({ ...lost, requestId, audit: "begun" });
  release();
  await until(() => second.log("unknown_outcome").length > 2);
  expect(second.log("unknown_outcome")[2]).toMatchObject({ ...lost, requestId, audit: "done" });
  expect((await second.get("/metrics")).text).toContain(
    'sallyport_unknown_outcomes_total{found="start"} 1\n',
  );
  await second.stop();
  expect(on.rows()[1]).toMatchObject({ outcome: "unknown", code: "unknown_outcome", requestId });
  // Nothing was asked for a second time.
  expect(on.audit().filter(({ phase }) => phase === "begin")).toHaveLength(2);

  const third = await on.start();
  await third.healthy();
  expect(third.log("unknown_outcome")).toEqual([]);
});

test("SIGHUP: a new token, new limits and a new log level act at once", async () => {
  const on = stage();
  const daemon = await on.start();
  rmSync(join(on.state, "token"));
  on.configure({ logLevel: "debug", limits: { connections: 1 } });
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log("reload").length > 0);
  expect((await daemon.get("/metrics")).status).toBe(401);
  const token = readFileSync(join(on.state, "token"), "utf8").trim();
  expect((await daemon.get("/metrics", { token })).status).toBe(200);
  await until(() => daemon.log("http").some(({ level }) => level === "debug"));
});

test.each([
  ["a broken file", (on: Stage) => on.configure("listen: [\n"), /daemon.yaml:\d+:\d+: /],
  ["an unknown key", (on: Stage) => on.configure("x: 1\n"), /daemon.yaml:1:1: x: /],
  ["no file", (on: Stage) => rmSync(on.config), /there is no such file/],
  [
    "a bad token",
    (on: Stage) => writeFileSync(join(on.state, "token"), "short\n"),
    /holds no token/,
  ],
])("SIGHUP with %s: the old settings stay, and the log says why", async (_, spoil, why) => {
  const on = stage();
  const daemon = await on.start();
  spoil(on);
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log("reload").length > 0);
  expect(daemon.log("reload")).toEqual([
    expect.objectContaining({ level: "error", error: expect.stringMatching(why) }),
  ]);
  expect((await daemon.get("/metrics")).status).toBe(200);
});

test("a new address waits for the next start, and the log says so", async () => {
  const on = stage();
  const daemon = await on.start();
  on.configure({ listen: "127.0.0.1:1" });
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log("reload").length > 1);
  expect(daemon.log("reload")[0]).toMatchObject({ level: "warn" });
  expect((await daemon.get("/metrics")).status).toBe(200);
});

test("a passed socket is served, and the settings' address is not", async () => {
  const on = stage({ listen: "127.0.0.2:1" });
  const daemon = await on.start({ activate: ["127.0.0.1:0"] });
  expect(daemon.at).toMatch(/^127\.0\.0\.1:/);
  expect((await daemon.get("/metrics")).status).toBe(200);
});

test("sockets that were passed to another process are not touched", async () => {
  const daemon = await stage().start({ env: { LISTEN_FDS: "1", LISTEN_PID: "1" } });
  expect((await daemon.get("/metrics")).status).toBe(200);
});

test("two passed sockets, one of them a unix socket, are both served", async () => {
  const on = stage();
  const socketPath = join(on.folder, "passed.sock");
  const daemon = await on.start({ activate: ["127.0.0.1:0", socketPath] });
  expect((await daemon.get("/metrics")).status).toBe(200);
  const { token } = daemon;
  expect((await ask({ socketPath, path: "/metrics", token })).status).toBe(200);
});

test("a unix socket is its user's and its group's alone, and one that was left behind is replaced", async () => {
  const on = stage();
  const socketPath = join(on.folder, "daemon.sock");
  on.configure({ listen: socketPath });
  const first = await on.start();
  expect(statSync(socketPath).mode & 0o777).toBe(0o660);
  await first.stop("SIGKILL");
  expect(existsSync(socketPath)).toBe(true);
  const second = await on.start();
  expect(second.at).toBe(`unix:${socketPath}`);
  const { token } = second;
  expect((await ask({ socketPath, path: "/metrics", token })).status).toBe(200);
  expect((await ask({ socketPath, path: "/metrics", token: null })).status).toBe(401);
});
