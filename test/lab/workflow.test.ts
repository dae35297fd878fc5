/** Workflows of service steps on a real host: the helper decides each one, and no password is needed. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { told } from "../agent/mcp/stand-in.ts";
import { arrange, argvInHost, describeInLab, exec, ownHost, records, setUp } from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const FILE = "/home/agent/w.yaml";
const WORKFLOW = `name: rounds
steps:
  - { id: look, service: { action: status, name: nginx } }
  - { id: again, needs: [look], service: { action: restart, name: nginx } }
  - { id: ssh, needs: [again], service: { action: stop, name: ssh } }
  - { id: cron, needs: [again], service: { action: status, name: cron } }
  - { id: never, needs: [ssh], service: { action: status, name: nginx } }
  - { id: answer, needs: [ssh], when: failure, package: { action: info, name: htop } }
`;
const STATES = {
  look: "succeeded",
  again: "succeeded",
  ssh: "denied",
  cron: "denied",
  never: "skipped",
  answer: "skipped", // a denial is no failure to be answered
};

describeInLab("workflows", () => {
  beforeAll(async () => {
    await setUp(ownHost());
    await arrange(ownHost(), "systemctl", "start", "nginx");
    await exec(ownHost(), "agent", ["tee", FILE], { input: WORKFLOW });
  });
  afterAll(async () => {
    await arrange(ownHost(), "rm", "-rf", FILE, "/home/agent/.local");
    await exec(ownHost(), "root", [PROGRAM, "setup-sudo", "--uninstall", "--user", "agent"]);
  });
  const mainPid = async (): Promise<string> =>
    (await arrange(ownHost(), "systemctl", "show", "-P", "MainPID", "nginx")).trim();

  test("the plan says which steps this host's policy refuses, and nothing is done", async () => {
    const before = await mainPid();
    const { stdout, status } = await exec(ownHost(), "agent", [PROGRAM, "run", FILE, "--plan"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ {2}again: by the helper$/m);
    expect(stdout).toMatch(/^ {2}ssh: by the helper, guarded: refused without a person's grant$/m);
    expect(stdout).toMatch(/^ {2}cron: by the helper, not in the policy: it will be refused$/m);
    expect(await mainPid()).toBe(before);
  });

  test("the helper decides each step; the run says truly how it went, and root has it on record", async () => {
    const before = await mainPid();
    const known = (await records(ownHost()).catch(() => [])).length;
    const ran = await exec(ownHost(), "agent", [PROGRAM, "run", FILE, "--json"]);
    expect(ran.status).toBe(77);
    const { data } = JSON.parse(ran.stdout) as {
      data: { state: string; steps: { id: string; state: string; output: string }[] };
    };
    expect(data.state).toBe("denied");
    expect(Object.fromEntries(data.steps.map(({ id, state }) => [id, state]))).toEqual(STATES);
    expect(data.steps.find(({ id }) => id === "look")?.output).toMatch(/^nginx\.service: active/);
    expect(await mainPid()).not.toBe(before);
    const decided = (await records(ownHost()))
      .slice(known)
      .filter(({ phase }) => phase !== "begin")
      .map(({ argv, decision, uid }) => [(argv as string[]).join(" "), decision, uid]);
    expect(decided).toContainEqual(["service restart nginx", "allow", 1001]);
    expect(decided).toContainEqual(["service stop ssh", "grant_required", 1001]);
    expect(decided).toContainEqual(["service status cron", "not_allowed", 1001]);
  });

  test("an agent starts it, and sees how it goes; nobody had to be asked", async () => {
    const [command = "", ...args] = argvInHost(ownHost(), "agent", [PROGRAM, "mcp"]);
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(new StdioClientTransport({ command, args, stderr: "pipe" }));
    const call = async (name: string, words: Record<string, unknown>) =>
      told(await client.callTool({ name, arguments: words }));
    try {
      const { data } = await call("workflow_start", { workflow: WORKFLOW });
      expect(data).toMatchObject({ state: "running", unlock: null });
      let status = await call("workflow_status", { run: data?.["run"] });
      while (status.data?.["over"] !== true) {
        await pause(50);
        status = await call("workflow_status", { run: data?.["run"] });
      }
      expect(status.data).toMatchObject({ state: "denied" });
      const steps = status.data?.["steps"] as { id: string; state: string }[];
      expect(Object.fromEntries(steps.map(({ id, state }) => [id, state]))).toEqual(STATES);
    } finally {
      await client.close();
    }
  });

  test("what is remembered of runs is the agent's own, and nobody else's to read", async () => {
    const top = "/home/agent/.local/state/sallyport";
    const modes = await arrange(ownHost(), "stat", "-c", "%a %U", top, `${top}/runs.sqlite`);
    expect(modes).toBe("700 agent\n600 agent\n");
  });
});
