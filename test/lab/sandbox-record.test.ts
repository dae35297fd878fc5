/** Root's record of sandboxed runs: each has its line there, in the word of who asked for it. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { told } from "../agent/mcp/stand-in.ts";
import {
  argvInHost,
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  setUp,
  type Ended,
  type Host,
  type User,
} from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const FILE = "/home/agent/w.yaml";
const DIGEST = (text: string): string =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`;

describeInLab("sandboxed runs on root's record", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });
  afterAll(async () => {
    await arrangeScript(host, `rm -rf ${FILE} /home/agent/.local /home/other/.local`);
  });

  const execAs = async (user: User, code: string, ...words: string[]): Promise<Ended> =>
    await exec(host, user, [PROGRAM, "exec", "--language", "bash", ...words, "-"], { input: code });
  const onRecordIn = ({ stdout }: Ended): unknown =>
    (JSON.parse(stdout) as { data: { onRecord: boolean } }).data.onRecord;

  /** What `audit query` finds of reports that begin so. */
  async function reported(begin: string): Promise<Record<string, unknown>[]> {
    const text = await arrange(host, PROGRAM, "audit", "query", "--json");
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ rule }) => String(rule).startsWith(begin));
  }

  test.each([
    ["echo first", "result=succeeded code=none exit=0"],
    ["echo second; exit 3", "result=failed code=none exit=3"],
    ["kill -9 $$ # third", "result=failed code=signal_9 exit=137"],
  ])("%j: what it was, what confined it and how it ended", async (code, result) => {
    expect(onRecordIn(await execAs("agent", code, "--json"))).toBe(true);
    const found = (await reported("sandbox id=")).filter(({ rule }) =>
      String(rule).includes(DIGEST(code)),
    );
    expect(found).toEqual([
      expect.objectContaining({ phase: "note", decision: "reported", uid: 1001, elevated: false }),
    ]);
    const { rule } = found[0] ?? {};
    expect(rule).toMatch(/^sandbox id=[0-9a-f-]{36} by=exec language=bash digest=sha256:/);
    expect(rule).toContain(` ${result} `);
    expect(rule).toMatch(/ backend=bubblewrap confined=nnp-seccomp-caps\.0-net\.1 findings=0$/);
    expect(String(rule).length).toBeLessThanOrEqual(512);
  });

  test("one that was refused is there, too; nothing confined it", async () => {
    const code = "let a = ;";
    const words = [PROGRAM, "exec", "--language", "node", "-"];
    expect((await exec(host, "agent", words, { input: code })).status).toBe(77);
    expect(await reported("sandbox id=")).toContainEqual(
      expect.objectContaining({
        rule: expect.stringMatching(
          `${DIGEST(code)} workspace=none result=refused code=code_refused .* confined=none `,
        ),
      }),
    );
  });

  test("each step of a workflow and each call of run_code has its own", async () => {
    const before = (await reported("sandbox id=")).length;
    const text = "name: w\nsteps:\n  - { id: a, run: 'echo a' }\n  - { id: b, run: 'echo b' }\n";
    await exec(host, "agent", ["tee", FILE], { input: text });
    const ran = await exec(host, "agent", [PROGRAM, "run", FILE]);
    expect([ran.status, ran.stderr]).toEqual([0, expect.not.stringContaining("record only")]);
    const [command = "", ...args] = argvInHost(host, "agent", [PROGRAM, "mcp"]);
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(new StdioClientTransport({ command, args, stderr: "pipe" }));
    const call = { name: "run_code", arguments: { language: "bash", code: "echo by mcp" } };
    const answer = told(await client.callTool(call));
    await client.close();
    expect(answer.data).toMatchObject({ onRecord: true, confinedBy: { backend: "bubblewrap" } });
    const since = (await reported("sandbox id=")).slice(before);
    const lines = since.map(({ rule }) => String(rule));
    expect(lines.filter((line) => line.includes(" by=workflow language=command "))).toHaveLength(2);
    expect(lines.filter((line) => line.includes(DIGEST("echo by mcp")))).toHaveLength(1);
  });

  test("a line that was made up is there as its maker's word, like all of them", async () => {
    const line = `sandbox id=made-up by=exec language=bash digest=${DIGEST("never")} result=succeeded`;
    await exec(host, "agent", ["sudo", "-n", HELPER, "report", line]);
    expect(await reported("sandbox id=made-up")).toEqual([
      expect.objectContaining({ phase: "note", decision: "reported", uid: 1001, person: null }),
    ]);
  });

  test("who asks no helper runs all the same, is told so, and sudo is not asked", async () => {
    const before = (await reported("sandbox id=")).length;
    // What sudo would be asked for shows in its place: it writes down each call.
    const spied = await arrangeScript(
      host,
      `mv /usr/bin/sudo /usr/bin/sudo.kept
printf '#!/bin/sh\\necho "$@" >>/tmp/asked\\nexit 1\\n' >/usr/bin/sudo; chmod 755 /usr/bin/sudo
touch /tmp/asked; chmod 666 /tmp/asked`,
    ).then(async () => {
      try {
        const plain = await execAs("other", "echo ran");
        const json = await execAs("other", "echo ran", "--json");
        return { plain, json, asked: await arrange(host, "cat", "/tmp/asked") };
      } finally {
        await arrangeScript(host, "mv /usr/bin/sudo.kept /usr/bin/sudo; rm /tmp/asked");
      }
    });
    expect(spied.plain).toMatchObject({ status: 0, stdout: "ran\n" });
    expect(spied.plain.stderr).toContain("sallyport: on this user's record only: ");
    expect([onRecordIn(spied.json), spied.asked]).toEqual([false, ""]);
    expect(await reported("sandbox id=")).toHaveLength(before);
  });

  test("under lock-down nothing is run and nothing is written down for an agent", async () => {
    await arrange(host, PROGRAM, "lockdown", "on");
    try {
      const before = (await reported("sandbox id=")).length;
      const ran = JSON.parse((await execAs("agent", "echo ran", "--json")).stdout) as object;
      expect(ran).toMatchObject({ success: false, stdout: "", data: { onRecord: false } });
      expect(await reported("sandbox id=")).toHaveLength(before);
    } finally {
      await arrange(host, PROGRAM, "lockdown", "off");
    }
  });
});
