/** `sallyport mcp` on a real host, as the agent, over stdio with the SDK's client: every tool for real. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { textOf, told } from "../agent/mcp/stand-in.ts";
import { arrange, argvInHost, describeInLab, exec, ownHost, records, setUp } from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
/** Told as it comes; an answer about what went well has only stdout. */
const STDERR_OF_APT = "debconf: delaying package configuration, since apt-utils is not installed";

describeInLab("sallyport mcp", () => {
  let client: Client;

  beforeAll(async () => {
    await setUp(ownHost());
    await arrange(ownHost(), "systemctl", "start", "nginx");
    const [command = "", ...args] = argvInHost(ownHost(), "agent", [PROGRAM, "mcp"]);
    client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(new StdioClientTransport({ command, args, stderr: "pipe" }));
  });
  afterAll(async () => {
    await client.close();
    await arrange(ownHost(), "rm", "-rf", "/var/lib/sallyport/grants"); // the wish to stop ssh
    await exec(ownHost(), "root", [PROGRAM, "setup-sudo", "--uninstall", "--user", "agent"]);
  });

  const call = (name: string, args: Record<string, unknown> = {}) =>
    client.callTool({ name, arguments: args });
  const mainPid = async () =>
    (await arrange(ownHost(), "systemctl", "show", "-P", "MainPID", "nginx")).trim();

  let before: number;
  beforeEach(async () => {
    before = (await records(ownHost()).catch(() => [])).length;
  });

  test.each([
    ["service_control", { action: "stop", name: "cron" }, "not_allowed", "service stop cron"],
    [
      "package_manage",
      { action: "install", name: "sudo-" },
      "not_allowed",
      "package install sudo-",
    ],
    ["service_control", { action: "stop", name: "ssh" }, "grant_required", "service stop ssh"],
    [
      "service_status",
      { name: "../../etc/passwd" },
      "not_allowed",
      "service status ../../etc/passwd",
    ],
  ])("%s %j is refused as %s, and root has it on record", async (tool, args, code, words) => {
    const result = await call(tool, args);
    expect(result.isError).toBe(true);
    expect(told(result)).toMatchObject({ ok: false, code, remedy: expect.stringMatching(/\w/) });
    const { requestId } = told(result);
    const own = (await records(ownHost())).filter((record) => record["requestId"] === requestId);
    expect(own).toMatchObject([
      { phase: "refused", decision: code, argv: words.split(" "), uid: 1001 },
    ]);
  });

  test("what is no request is not asked at all", async () => {
    const result = await call("service_control", { action: "restart", name: "nginx", also: "ssh" });
    expect(told(result)).toMatchObject({ code: "malformed" });
    expect(await records(ownHost())).toHaveLength(before);
  });

  test("the names in the schemas are those of this host's policy", async () => {
    const { tools } = await client.listTools();
    const control = tools.find(({ name }) => name === "service_control")?.inputSchema;
    expect(control?.properties).toMatchObject({
      name: { enum: expect.arrayContaining(["nginx", "ssh"]) },
    });
  });

  test("nginx is restarted, once", async () => {
    const old = await mainPid();
    const result = await call("service_control", { action: "restart", name: "nginx" });
    const pid = await mainPid();
    expect(told(result)).toMatchObject({
      ok: true,
      data: { unit: "nginx.service", ActiveState: "active", MainPID: Number(pid) },
    });
    expect(pid).not.toBe(old);
    expect((await records(ownHost())).slice(before)).toMatchObject([
      { phase: "begin" },
      { phase: "end" },
    ]);
  });

  test("htop is installed, and package_info sees it", async () => {
    const install = await call("package_manage", { action: "install", name: "htop" });
    expect(told(install)).toMatchObject({
      ok: true,
      untrustedOutput: { text: expect.any(String) },
    });
    const info = await call("package_info", { name: "htop" });
    expect(told(info)).toMatchObject({
      ok: true,
      data: { name: "htop", installed: expect.any(String) },
    });
    const remove = await call("package_manage", { action: "remove", name: "htop" });
    expect(told(remove).ok).toBe(true);
  });

  test("the log's lines come as untrusted output", async () => {
    const result = await call("service_status", { name: "nginx", logs: true });
    expect(told(result)).toMatchObject({ ok: true, data: { ActiveState: "active" } });
    expect(textOf(result)).toMatch(/^untrusted output of a program/m);
    expect(told(result).untrustedOutput?.text).toMatch(/nginx/i);
  });

  test("progress tells what apt says as it says it, and audit_query what became of it", async () => {
    const seen: { progress: number; message?: string | undefined }[] = [];
    const params = { name: "package_manage", arguments: { action: "install", name: "htop" } };
    const installed = await client.callTool(params, { onprogress: (step) => seen.push(step) });
    expect(told(installed).ok).toBe(true);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.map(({ message }) => message)).toContain("started");
    // Which of its lines is told depends on the moment; that it is one of them does not.
    const { requestId, untrustedOutput } = told(installed);
    const said = `${untrustedOutput?.text}\n${STDERR_OF_APT}`;
    const ofApt = seen.flatMap(({ message }) => (message === "started" ? [] : [message]));
    expect(ofApt).not.toEqual([]);
    for (const message of ofApt) expect(said).toContain(message);
    const became = await call("audit_query", { requestId });
    expect(told(became).data).toMatchObject({
      outcome: "done",
      records: [{ phase: "begin" }, { phase: "end", request: "package install htop" }],
    });
    await call("package_manage", { action: "remove", name: "htop" });
  });

  test("a cancelled installation is finished all the same", async () => {
    const stop = new AbortController();
    const params = { name: "package_manage", arguments: { action: "install", name: "htop" } };
    const cancelled = client
      .callTool(params, { signal: stop.signal, onprogress: () => stop.abort() })
      .catch((error: unknown) => error);
    expect(await cancelled).toBeInstanceOf(Error);
    const version = async () =>
      told(await call("package_info", { name: "htop" })).data?.["installed"];
    await expect.poll(version, { timeout: 20_000, interval: 500 }).toEqual(expect.any(String));
    await call("package_manage", { action: "remove", name: "htop" });
  });

  test("the policy is explained", async () => {
    const result = await call("policy_explain", { kind: "service", action: "stop", name: "ssh" });
    expect(told(result).data).toMatchObject({ asked: { verdict: "guard" } });
  });

  test("the host is reported on, without root", async () => {
    const result = await call("host_report");
    expect(told(result).data).toMatchObject({
      failedUnits: expect.any(Array),
      pendingUpdates: { count: expect.any(Number) },
      unknown: [],
    });
    expect(await records(ownHost())).toHaveLength(before);
  });
});
