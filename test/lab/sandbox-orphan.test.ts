/** What is left of a sandbox that was killed as it began: the next one's start ends it. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { BWRAP, FD, FIRST_WORDS } from "../../agent/sandbox/bubblewrap.ts";
import {
  arrangeScript,
  describeInLab,
  endOf,
  exec,
  ownHost,
  setUp,
  start,
  type Host,
} from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const WORDS = "--unshare-user --unshare-pid --die-with-parent --ro-bind / / --json-status-fd".split(
  " ",
);

/**
 * bubblewrap when who made it is killed before it says which process it has made: it writes to nobody, and ends before
 * its process 1 is told to go on.
 */
const KILLED = `import os, subprocess, sys
read, write = os.pipe()
os.write(write, sys.argv[1].encode().replace(b" ", bytes(1)) + bytes(1))
os.close(write)
nobody, status = os.pipe()
os.close(nobody)
os.dup2(read, ${FD.words})
os.dup2(status, ${FD.status})
null = subprocess.DEVNULL
ended = subprocess.run(sys.argv[2:], pass_fds=(${FD.words}, ${FD.status}), stdin=null, stdout=null, stderr=null)
print(ended.returncode)`;

describeInLab("a sandbox that was killed as it began", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });
  afterEach(async () => {
    await arrangeScript(host, "pkill -KILL -f '^/usr/bin/bwrap ' || :; rm -rf /home/agent/.local");
  });

  const left = async (): Promise<string[]> =>
    (await exec(host, "root", ["pgrep", "-f", `^${BWRAP} --args`])).stdout.split("\n").slice(0, -1);
  const sandbox = (text: string) => {
    const child = start(host, "agent", [PROGRAM, "exec", "--language", "bash", "-"]);
    child.stdin?.end(text);
    return endOf(child);
  };

  test("is ended by the next one's start, and one that runs is left alone", async () => {
    const said = `${WORDS.join(" ")} ${FD.status}`;
    const words = ["python3", "-c", KILLED, said, BWRAP, ...FIRST_WORDS];
    expect((await exec(host, "agent", words)).stdout).toMatch(/^-?[1-9]/);
    const [orphan = "", ...more] = await left();
    expect([orphan, more]).toEqual([expect.stringMatching(/^\d+$/), []]);

    const killed = sandbox("sleep 77211");
    await expect.poll(async () => (await left()).length).toBe(3);
    const runs = sandbox("sleep 77212");
    await expect.poll(async () => (await left()).length).toBe(5);
    await arrangeScript(host, "pkill -KILL -o -f '^/opt/sallyport/sallyport exec'");
    await killed;
    await expect.poll(async () => (await left()).length).toBe(3);
    expect(await left()).toContain(orphan);

    const next = await sandbox("echo on");
    expect(next.stdout).toBe("on\n");
    expect(next.stderr).toContain("1 sandboxes had outlived what started them, and were ended");
    await expect.poll(left).not.toContain(orphan);
    expect(await left()).toHaveLength(2);
    await arrangeScript(host, "pkill -KILL -fx 'sleep 77212'");
    expect((await runs).status).not.toBe(0);
    expect(await left()).toEqual([]);
  });
});
