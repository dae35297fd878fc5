import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { stage, strike, until } from "./stage.ts";

afterEach(strike);

type Sample = { name: string; labels: Record<string, string>; value: number };

function samples(text: string): Sample[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(
    ([, name = "", pairs = "", value]) => ({
      name,
      labels: Object.fromEntries(
        [...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", of = ""]) => [label, of]),
      ),
      value: Number(value),
    }),
  );
}

const HOSTILE = 'nginx"} 1\nevil{x="';

test("its metrics have these names and labels, and nothing that an agent wrote", async () => {
  const on = stage();
  const daemon = await on.start();
  await daemon.healthy();
  await until(async () => (await daemon.get("/metrics")).text.includes("audit_head"));
  await callTool(daemon, "service_status", { name: "nginx" });
  await callTool(daemon, "service_control", { name: "nginx", action: "restart" });
  await callTool(daemon, "service_control", { name: "sshd", action: "restart" });
  await callTool(daemon, "service_control", { name: HOSTILE, action: "restart" });
  await callTool(daemon, "service_control", { name: "nginx", action: HOSTILE });
  await callTool(daemon, HOSTILE, {});
  // Root, as who runs these tests, has no sandbox: that is a refusal, and counted.
  const { outcome } = await callTool(daemon, "run_code", { language: "bash", code: HOSTILE });
  expect(outcome).toMatchObject({ ok: false, code: "no_sandbox" });
  await callTool(daemon, "run_code", { language: "node", code: "process.env; let = = 1" });
  await daemon.get(`/${encodeURIComponent(HOSTILE)}`);
  const { text, headers } = await daemon.get("/metrics");
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  const all = samples(text);
  const labelsOf = Object.fromEntries(all.map(({ name, labels }) => [name, Object.keys(labels)]));
  expect(labelsOf).toEqual({
    sallyport_requests_total: ["operation", "verdict", "code"],
    sallyport_request_duration_seconds_bucket: ["le", "operation"],
    sallyport_request_duration_seconds_sum: ["operation"],
    sallyport_request_duration_seconds_count: ["operation"],
    sallyport_tool_calls_total: ["tool", "code"],
    sallyport_refusals_total: ["code"],
    sallyport_http_requests_total: ["path", "status"],
    sallyport_unknown_outcomes_total: ["found"],
    sallyport_session_restarts_total: [],
    sallyport_sandbox_runs_total: ["language", "end"],
    sallyport_sandbox_refusals_total: ["reason"],
    sallyport_code_findings_total: ["rule", "judgement"],
    sallyport_sandboxes_running: [],
    sallyport_sandboxes_waiting: [],
    sallyport_sandboxes_limit: [],
    sallyport_sandbox_oldest_seconds: [],
    sallyport_sandbox_lifetime_seconds: [],
    sallyport_helper_up: [],
    sallyport_ledger_writable: [],
    sallyport_audit_head_seq: [],
    sallyport_build_info: ["version"],
    process_resident_memory_bytes: [],
    process_cpu_seconds_total: [],
    process_start_time_seconds: [],
  });
  const told = (name: string) =>
    all
      .filter((of) => of.name === name && of.value > 0)
      .map(({ labels, value }) => ({ ...labels, value }));
  expect(told("sallyport_requests_total")).toEqual(
    expect.arrayContaining([
      { operation: "service_status", verdict: "allow", code: "ok", value: 1 },
      { operation: "service_restart", verdict: "allow", code: "ok", value: 1 },
      { operation: "service_restart", verdict: "deny", code: "not_allowed", value: 2 },
    ]),
  );
  expect(told("sallyport_refusals_total")).toEqual([
    { code: "not_allowed", value: 2 },
    { code: "malformed", value: 1 },
  ]);
  expect(told("sallyport_tool_calls_total")).toEqual([
    { tool: "service_status", code: "ok", value: 1 },
    { tool: "service_control", code: "ok", value: 1 },
    { tool: "service_control", code: "not_allowed", value: 2 },
    { tool: "service_control", code: "malformed", value: 1 },
    { tool: "run_code", code: "no_sandbox", value: 1 },
    { tool: "run_code", code: "code_refused", value: 1 },
  ]);
  expect(told("sallyport_sandbox_refusals_total")).toEqual([
    { reason: "code_refused", value: 1 },
    { reason: "is_root", value: 1 },
  ]);
  expect(told("sallyport_code_findings_total")).toEqual(
    expect.arrayContaining([{ rule: "syntax", judgement: "refuse", value: 1 }]),
  );
  expect(told("sallyport_sandboxes_limit")).toEqual([{ value: 5 }]);
  expect(daemon.log("sandbox").map(({ client, msg }) => [client, String(msg)])).toEqual([
    ["token", expect.stringMatching(/^sandbox id=\S+ by=run_code language=bash .* code=is_root /)],
    ["token", expect.stringMatching(/ language=node .* code=code_refused /)],
  ]);
  expect(told("sallyport_http_requests_total")).toContainEqual({
    path: "other",
    status: "404",
    value: 1,
  });
  expect(text).not.toMatch(/nginx|evil|sshd/);
  expect(told("process_resident_memory_bytes")[0]?.value).toBeGreaterThan(20e6);
});

test("health: starting, ok, the reason why not, ok again; never a path", async () => {
  const on = stage({ healthPollSeconds: 1 });
  writeFileSync(join(on.folder, "hang"), "");
  const daemon = await on.start();
  const health = async () => {
    const { status, text } = await daemon.get("/healthz", { token: null });
    return { status, ...(JSON.parse(text) as object) };
  };
  const down = (reason: string) => ({ status: "unavailable", reason });
  expect(await health()).toEqual({ ...down("starting"), status: "unavailable" });
  expect((await daemon.get("/healthz", { token: null })).status).toBe(503);
  rmSync(join(on.folder, "hang"));
  const becomes = (text: string, status: number) =>
    until(async () => {
      const got = await daemon.get("/healthz", { token: null });
      return got.text === `${text}\n` && got.status === status;
    });
  await becomes('{"status":"ok"}', 200);
  writeFileSync(join(on.folder, "hang"), "");
  await becomes('{"status":"unavailable","reason":"stale"}', 503);
  expect((await daemon.get("/metrics")).text).toContain("sallyport_helper_up 0\n");
  rmSync(join(on.folder, "hang"));
  await becomes('{"status":"ok"}', 200);
  writeFileSync(join(on.folder, "silent"), "");
  await becomes('{"status":"unavailable","reason":"sudo_refused"}', 503);
  const codes = daemon.log("helper_down").map(({ level, code }) => `${level} ${String(code)}`);
  expect(codes).toEqual(["error unknown_outcome", "error sudo_refused"]);
  rmSync(join(on.folder, "silent"));
  await becomes('{"status":"ok"}', 200);
  writeFileSync(join(on.folder, "silent"), ""); // ends the session that is there
  rmSync(join(on.folder, "helper"));
  await becomes('{"status":"unavailable","reason":"not_set_up"}', 503);
  expect((await daemon.get("/metrics")).text).toContain("sallyport_helper_up 0\n");
});

test("health: a helper that can record nothing is told though it answers its polls, until a request goes through, or nobody asks", async () => {
  const on = stage({ healthPollSeconds: 1, auditPollSeconds: 1 });
  const daemon = await on.start();
  await daemon.healthy();
  const health = async () => (await daemon.get("/healthz")).text;
  const ask = async () =>
    (await callTool(daemon, "service_status", { name: "nginx" })).outcome?.code;
  const full = join(on.folder, "full");
  writeFileSync(full, "");
  expect(await ask()).toBe("internal");
  expect((await callTool(daemon, "audit_query", {})).outcome?.ok).toBe(true);
  expect(await health()).toBe('{"status":"unavailable","reason":"internal"}\n');
  rmSync(full);
  expect(await ask()).toBeNull();
  expect(await health()).toBe('{"status":"ok"}\n');
  writeFileSync(full, "");
  expect(await ask()).toBe("internal");
  await until(async () => (await health()).includes("ok"));
});
