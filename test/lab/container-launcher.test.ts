/** The first process of a container, in a sandbox of bubblewrap's in its place: when it goes on, and when not. */
import { once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deadlineFile, LAUNCH, startFiles } from "../../agent/sandbox/container-launcher.ts";
import { arrangeScript, describeInLab, endOf, exec, ownHost, start } from "./host.ts";

const GIVEN = "/home/agent/given";

describeInLab("the launcher of a container", () => {
  beforeAll(async () => {
    await arrangeScript(ownHost(), `install -d -o agent ${GIVEN}`);
    // Long enough that it lives still when it is told to go on.
    const argv = ["/usr/bin/sh", "-c", "sleep 3; echo ran"];
    await put({ ...startFiles({ argv, env: {}, folder: "/tmp" }), stdin: "" });
  });
  afterAll(async () => {
    await arrangeScript(ownHost(), `rm -r ${GIVEN}`);
  });

  async function put(files: Record<string, string>): Promise<void> {
    for (const [name, input] of Object.entries(files))
      await exec(ownHost(), "agent", ["tee", `${GIVEN}/${name}`], { input });
  }

  function launched(): ChildProcess {
    const usr =
      "--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64";
    const words =
      `bwrap --unshare-pid ${usr} --tmpfs /tmp --dir /workspace --proc /proc --dev /dev`.split(" ");
    const program = ["--ro-bind", GIVEN, "/sandbox", "/usr/bin/bash", ...LAUNCH.slice(1)];
    return start(ownHost(), "agent", [...words, ...program]);
  }

  /** How it ends, and what was said, while what it hears by stays open and silent. */
  async function endInSilence(child: ChildProcess): Promise<[status: unknown, said: string]> {
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const [status] = await once(child, "close");
    return [status, said];
  }

  test("ends with who could let it go on", async () => {
    expect((await endOf(launched())).status).toBe(125);
  });

  test("ends where what it started ahead has ended before it may go on", async () => {
    const [status, said] = await endInSilence(launched());
    expect([status, said]).toEqual([125, expect.stringMatching(/^ran$/m)]);
  });

  test("goes on by itself where what should wake it is lost, and ends as its program did", async () => {
    const child = launched();
    const { name, text } = deadlineFile(5);
    await put({ [name]: text });
    const [status, said] = await endInSilence(child);
    expect([status, said]).toEqual([0, expect.stringMatching(/^ran$/m)]);
  });
});
