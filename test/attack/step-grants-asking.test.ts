/** How a step outside of the sandbox comes to its grant: asked for by an agent, or decided where the run was started. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import { told } from "../agent/mcp/stand-in.ts";
import {
  argvInHost,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  setUp,
  start,
  type Host,
} from "../lab/host.ts";
import { approve, decide, SALLYPORT, setUpFor } from "./grants.ts";
import { inPlace, OWN_DISKS } from "./place.ts";

const MARK = "/tmp/asked-mark";
const WORKFLOW = `name: w\nsteps: [{ id: out, sandbox: false, run: 'id -un >>${MARK}' }]\n`;

type Status = { state: string; approvals: { step: string; id: string }[]; next: string | null };

describeInLab("asking for a step outside of the sandbox", () => {
  beforeAll(async () => {
    await setUp(ownHost());
  });
  afterEach(async () => {
    await arrangeScript(
      ownHost(),
      `rm -rf ${MARK} /home/agent/.local /home/ops/.local /home/ops/w.yaml /var/lib/sallyport/grants`,
    );
  });
  const marks = async (): Promise<string> => await arrangeScript(ownHost(), `cat ${MARK} || :`);

  test.each(["approve", "deny"] as const)(
    "an agent is told what a person runs, and after %s the run goes on by itself",
    async (verb) => {
      const [command = "", ...args] = argvInHost(ownHost(), "agent", [SALLYPORT, "mcp"]);
      const client = new Client({ name: "test", version: "1.0.0" });
      await client.connect(new StdioClientTransport({ command, args, stderr: "pipe" }));
      try {
        const call = async (name: string, words: Record<string, unknown>) =>
          told(await client.callTool({ name, arguments: words }));
        const started = await call("workflow_start", { workflow: WORKFLOW, reason: "why not" });
        const { run } = started.data as { run: string };
        const until = async (state: string) => {
          for (let turn = 0; ; turn += 1) {
            const answer = await call("workflow_status", { run });
            const data = answer.data as Status;
            if (data.state === state || turn === 100) return { ...answer, data };
            await pause(250);
          }
        };
        const { data, ...waiting } = await until("waiting");
        const [{ step, id } = { step: "", id: "" }] = data.approvals;
        expect([data.state, step]).toEqual(["waiting", "out"]);
        expect(waiting).toMatchObject({
          approvalRequired: { id, run: `sallyport approve ${id}` },
        });
        expect(data.next).toBe(`sallyport approve ${id}`);
        expect(await marks()).toBe("");
        const shown = await decide(ownHost(), "show", id);
        expect(shown.stdout).toMatch(/the agent claims: "why not"\n$/);

        if (verb === "approve") await approve(ownHost(), id);
        else expect((await decide(ownHost(), "deny", "--yes", id)).status).toBe(0);
        const end = verb === "approve" ? "succeeded" : "denied";
        expect((await until(end)).data.state).toBe(end);
        expect(await marks()).toBe(verb === "approve" ? "agent\n" : "");
      } finally {
        await client.close();
      }
    },
  );

  test.each([
    ["y", "succeeded", "ops\n"],
    ["n", "waiting", ""],
  ])("who starts a run decides on the same terminal: %s", async (answer, state, marked) => {
    await inPlace(ownHost(), OWN_DISKS, async (place) => {
      await setUpFor(place, "ops");
      await exec(place, "ops", ["tee", "/home/ops/w.yaml"], { input: WORKFLOW });
      const said = await onTerminal(place, `${SALLYPORT} run /home/ops/w.yaml --approve out`, [
        ["assword", "lab-ops-password"],
        ["[y/N]", answer],
      ]);
      expect(said).toContain("a step outside the sandbox");
      expect(said).toContain(`: ${state} after`);
      expect(await marks()).toBe(marked);
    });
  });
});

/** What a command says on a terminal of `ops`, each answer given once its question is there. */
async function onTerminal(
  place: Host,
  command: string,
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<string> {
  const child = start(place, "ops", ["script", "-qec", command, "/dev/null"], { TERM: "xterm" });
  let said = "";
  child.stdout?.on("data", (text: Buffer) => (said += text.toString()));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), 40_000);
  for (const [question, answer] of answers) {
    for (let turn = 0; !said.includes(question) && turn < 150; turn += 1) await pause(100);
    child.stdin?.write(`${answer}\n`);
  }
  await ended;
  clearTimeout(timer);
  return said;
}
