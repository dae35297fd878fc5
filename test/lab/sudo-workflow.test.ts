/** Sudo-locked workflows with real sudo, on all builds of it, by the built program: one password, terminals, recordings. */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { sampled } from "./sampled.ts";
import {
  arrange,
  describeInLab,
  exec,
  ownHost,
  records,
  start,
  sudoHosts,
  type Host,
} from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const PASSWORD = "lab-ops-password";
const TOP = "/home/ops/.local/state/sallyport";

/** In a session without a terminal; the password, if any, on standard input. */
const sallyport = (host: Host, words: string[], password?: string) =>
  exec(host, "ops", ["setsid", "--wait", PROGRAM, ...words], {
    input: password === undefined ? "" : `${password}\n`,
  });

async function workflow(host: Host, ...steps: string[]): Promise<string> {
  const text = `name: w\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join("")}`;
  await exec(host, "ops", ["tee", "/home/ops/w.yaml"], { input: text });
  return "/home/ops/w.yaml";
}
const SUDO = ["run", "/home/ops/w.yaml", "--password-fd", "0"];

type Step = {
  id: string;
  state: string;
  reason: string;
  output: string;
  castSha256: string | null;
};
type Result = { state: string; run: string; steps: Step[] };
const dataOf = (stdout: string): Result => (JSON.parse(stdout) as { data: Result }).data;

describeInLab("sudo-locked workflows", () => {
  afterEach(async () => {
    for (const host of [ownHost(), ...sudoHosts()])
      await arrange(
        host,
        "rm",
        "-rf",
        "/home/ops/w.yaml",
        "/home/ops/.local",
        "/home/ops/log",
        "/home/ops/go",
      );
  });

  test.each(["A", "B", "C", "R5", "R15"])(
    "sudo %s: steps become root, data flows, each is recorded, the password is nowhere",
    async (build) => {
      const host = sudoHosts().find(({ name }) => name.endsWith(`-${build}`));
      if (host === undefined) throw new Error(`no ${build}`);
      const tty = "ps -o tty= -p $$";
      await workflow(
        host,
        `id: a, sudoLock: true, run: "sudo id -u; ${tty}; sleep 1"`,
        `id: b, sudoLock: true, run: "sudo id -un; ${tty}; sleep 1"`,
        'id: c, sudoLock: true, needs: [a, b], run: \'printf "<%s>" "$A"; cat; sudo -n true\', env: { A: "${steps.a.stdout}" }, stdin: "${steps.a.stdout}"',
        "id: d, sudoLock: true, needs: [a, b], run: 'sudo -k; sudo -n id -u'",
        "id: e, sudoLock: true, needs: [d], when: failure, run: 'sudo id -u; exit 3'",
      );
      const seen = sampled(PASSWORD, host);
      const ran = await sallyport(host, [...SUDO, "--json"], PASSWORD);
      expect(await seen()).toEqual({ samples: expect.any(Number), found: [] });
      expect(ran.stderr).toContain("| sudo id -u;");
      const { steps, state, run } = dataOf(ran.stdout);
      expect(state, JSON.stringify(steps)).toBe("failed");
      const byId = Object.fromEntries(steps.map((step) => [step.id, step]));
      expect(byId).toMatchObject({
        a: { state: "succeeded", output: expect.stringMatching(/^0\npts\/\d+ *\n$/) },
        b: { state: "succeeded", output: expect.stringMatching(/^root\npts\/\d+ *\n$/) },
        c: { state: "succeeded" },
        d: { state: "failed" },
        e: { state: "failed", exitStatus: 3, output: "0\n" },
      });
      const [first, second] = ["a", "b"].map((id) => byId[id]?.output.split("\n")[1]);
      expect(first).not.toBe(second);
      const said = byId["a"]?.output ?? "";
      expect(byId["c"]?.output).toBe(`<${said.trimEnd()}>${said}`);
      expect((await exec(host, "ops", ["sudo", "-n", "true"])).status).not.toBe(0);
      for (const { id, castSha256 } of steps) {
        const file = `${TOP}/runs/${run}/${id}.1.cast`;
        expect(await arrange(host, "stat", "-c", "%a %U", file)).toBe("600 ops\n");
        expect(
          createHash("sha256")
            .update(await arrange(host, "cat", file))
            .digest("hex"),
        ).toBe(castSha256);
      }
      const played = await sallyport(host, ["replay", run, "a", "--speed", "100"]);
      expect(played).toMatchObject({ status: 0, stdout: expect.stringMatching(/^0\r*\npts/) });
      await exec(host, "ops", ["sh", "-c", `echo '[0.1, "o", "x"]' >>${TOP}/runs/${run}/a.1.cast`]);
      const changed = await sallyport(host, ["replay", run, "a"]);
      expect(changed).toMatchObject({ status: 71, stdout: "" });
      const files = ["grep", "-rlaF", "-f", "-", "/home/ops", "/tmp", "/run", "/var"];
      const found = await exec(host, "root", files, { input: PASSWORD });
      expect(found.stdout).toBe("");
      expect(ran.stdout + ran.stderr).not.toContain(PASSWORD);
    },
  );

  test("a wrong password is tried once for all steps, and denies them", async () => {
    await workflow(
      ownHost(),
      'id: a, sudoLock: true, run: "sudo id"',
      'id: b, sudoLock: true, run: "sudo id"',
    );
    const ran = await sallyport(ownHost(), [...SUDO, "--json"], "wrong");
    expect(ran.status).toBe(77);
    expect(dataOf(ran.stdout).steps).toMatchObject([
      { state: "denied", reason: "sudo did not take the password; it was tried once" },
      { state: "denied", reason: "sudo did not take the password; it was tried once" },
    ]);
  });

  test("root's audit log has the digests of recordings, where the user may ask the helper", async () => {
    const host = ownHost();
    await arrange(host, PROGRAM, "setup-sudo", "--user", "ops");
    await workflow(host, 'id: a, sudoLock: true, run: "sudo id -u"');
    const ran = await sallyport(host, [...SUDO, "--json"], PASSWORD);
    await arrange(host, PROGRAM, "setup-sudo", "--user", "ops", "--uninstall");
    const { run, steps } = dataOf(ran.stdout);
    const told = `workflow ${run} step a attempt 1 cast ${steps[0]?.castSha256}`;
    const notes = (await records(host)).filter(({ rule }) => rule === told);
    expect(notes).toMatchObject([{ phase: "note", decision: "reported", uid: 1000 }]);
    expect(ran.stderr).not.toContain("audit log");
  });

  test("a step inherits no descriptor of who started the run, the password's included", async () => {
    const host = ownHost();
    await workflow(host, "id: a, sudoLock: true, run: 'ls -1 /proc/$$/fd; :'");
    await exec(host, "ops", ["tee", "/home/ops/log"], { input: PASSWORD });
    const line = `exec ${PROGRAM} run /home/ops/w.yaml --json --password-fd 3 3</home/ops/log 4</home/ops/log 9</etc/hostname`;
    const ran = await exec(host, "ops", ["setsid", "--wait", "sh", "-c", line]);
    expect(dataOf(ran.stdout).steps).toMatchObject([{ state: "succeeded", output: "0\n1\n2\n" }]);
  });

  test("nobody to ask: 75, and nothing ran", async () => {
    await workflow(ownHost(), 'id: a, sudoLock: true, run: "sudo touch /home/ops/log"');
    const ran = await sallyport(ownHost(), ["run", "/home/ops/w.yaml"]);
    expect(ran.status).toBe(75);
    expect((await exec(ownHost(), "root", ["ls", "/home/ops/log"])).status).not.toBe(0);
  });

  test("kill -9 of the program: nothing of the run is left, and resume does not repeat what is finished", async () => {
    const host = ownHost();
    await workflow(
      host,
      "id: a, sudoLock: true, run: 'echo a >>/home/ops/log'",
      "id: b, sudoLock: true, needs: [a], run: 'echo b >>/home/ops/log; test -e /home/ops/go || sudo sleep 7654'",
      "id: c, sudoLock: true, needs: [b], run: 'echo c >>/home/ops/log'",
    );
    const child = start(host, "ops", [PROGRAM, ...SUDO]);
    child.stdin?.write(`${PASSWORD}\n`);
    const sleeps = async (): Promise<number> =>
      (await exec(host, "root", ["pgrep", "-fc", "^sleep 7654"])).stdout.trim() === "0" ? 0 : 1;
    while ((await sleeps()) === 0) await pause(50);
    await exec(host, "root", ["pkill", "-KILL", "-f", `^${PROGRAM} run`]);
    await pause(2000);
    expect(await sleeps()).toBe(0);
    const runs = await sallyport(host, ["runs", "--json"]);
    const run = (JSON.parse(runs.stdout) as { data: { runs: { id: string; state: string }[] } })
      .data.runs[0];
    expect(run?.state).toBe("interrupted");
    const asked = await sallyport(
      host,
      ["run", "--resume", run?.id ?? "", "--password-fd", "0"],
      PASSWORD,
    );
    expect(asked.status).toBe(75);
    await arrange(host, "touch", "/home/ops/go");
    const resumed = await sallyport(
      host,
      ["run", "--resume", run?.id ?? "", "--yes", "--password-fd", "0"],
      PASSWORD,
    );
    expect(resumed.status, resumed.stdout + resumed.stderr).toBe(0);
    expect(await arrange(host, "cat", "/home/ops/log")).toBe("a\nb\nb\nc\n");
  });

  test("cancel stops the root part too", async () => {
    const host = ownHost();
    await workflow(host, 'id: a, sudoLock: true, run: "sudo sleep 8765"');
    const child = start(host, "ops", [PROGRAM, ...SUDO]);
    child.stdin?.write(`${PASSWORD}\n`);
    const sleeps = async (): Promise<boolean> =>
      (await exec(host, "root", ["pgrep", "-f", "^sleep 8765"])).status === 0;
    while (!(await sleeps())) await pause(50);
    const runs = await sallyport(host, ["runs", "--json"]);
    const run =
      (JSON.parse(runs.stdout) as { data: { runs: { id: string }[] } }).data.runs[0]?.id ?? "";
    expect((await sallyport(host, ["cancel", run])).status).toBe(0);
    await pause(3000);
    expect(await sleeps()).toBe(false);
    expect((await sallyport(host, ["runs", run])).stdout).toMatch(/: cancelled/);
  });
});
