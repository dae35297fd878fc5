import { afterEach, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { stage, strike, until } from "./stage.ts";

afterEach(strike);

test("whatever is asked, and however, the log never has the token in it", async () => {
  const on = stage({ logLevel: "debug", healthPollSeconds: 1 });
  const daemon = await on.start();
  const { token } = daemon;
  await daemon.healthy();
  await callTool(daemon, "service_control", { name: "nginx", action: "restart" });
  await callTool(daemon, token, {});
  await daemon.get(`/metrics?token=${token}`, { token: null });
  await daemon.get(`/${token}`);
  await daemon.get("/metrics", { headers: { Authorization: `Basic ${token}`, Cookie: token } });
  await daemon.get("/mcp", { method: "POST", body: `{"token":"${token}"` });
  await daemon.get("/mcp", { method: token.slice(0, 10).toUpperCase() }).catch(() => {});
  await daemon.get("/healthz", { headers: { Host: token } });
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log("reload").length > 0);
  await daemon.stop();
  expect(daemon.log("http").length).toBeGreaterThan(5);
  expect(daemon.text()).not.toContain(token);
});

test("each request is one line: who, what, and how it ended", async () => {
  const on = stage();
  const daemon = await on.start();
  await callTool(daemon, "service_control", { name: "nginx", action: "restart" });
  await callTool(daemon, "service_control", { name: "x\n\u202e\u001b[31m", action: "stop" });
  const lines = daemon.log("request").filter(({ client }) => client !== "daemon");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      event: "request",
      client: "token",
      tool: "service_control",
      argv: ["service", "restart", "nginx"],
      code: "ok",
      durationMs: expect.any(Number),
      requestId: expect.stringMatching(/^\d+-\d+\.\d+$/),
      msg: "service_restart",
    },
    expect.objectContaining({
      level: "warn",
      argv: ["service", "stop", "x\\u{a}\\u{202e}\\u{1b}[31m"],
      code: "not_allowed",
    }),
  ]);
});

test("where the journal reads it, each line begins with its priority and leaves the time to it", async () => {
  const on = stage();
  const daemon = await on.start({ journal: true });
  await daemon.get("/metrics", { token: null });
  await until(() => daemon.log("http").length > 0);
  on.configure("x: 1\n");
  daemon.child.kill("SIGHUP");
  await until(() => daemon.log("reload").length > 0);
  await daemon.stop();
  const lines = daemon.text().trimEnd().split("\n");
  expect(lines.filter((line) => !/^<[3467]>\{"level":/.test(line))).toEqual([]);
  const priorities = (event: string) =>
    lines.filter((line) => line.includes(`"event":"${event}"`)).map((line) => line.slice(0, 3));
  expect(priorities("start")).toEqual(["<6>"]);
  expect(priorities("http")).toEqual(["<4>"]);
  expect(priorities("reload")).toEqual(["<3>"]);
  expect(daemon.log("start")[0]).not.toHaveProperty("time");
});

test("a JOURNAL_STREAM that belongs to somebody else's output means nothing", async () => {
  const daemon = await stage().start({ env: { JOURNAL_STREAM: "1:1" } });
  expect(daemon.text()).toMatch(/^\{/);
});
