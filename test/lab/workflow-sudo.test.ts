/** Workflows whose steps use sudo, from the command line, with every build of sudo: one password, no shared ticket. */
import { beforeAll, expect, test } from "vitest";
import { inPlace } from "../attack/place.ts";
import { sampled } from "./sampled.ts";
import { arrange, arrangeScript, describeInLab, exec, sudoHosts, type Host } from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const PASSWORD = "lab-ops-password";
const HOME = `umask 022
mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops
mount -t tmpfs -o mode=1777 none /tmp
`;

/** In a home of its own that holds this workflow. */
async function withWorkflow(
  host: Host,
  steps: readonly string[],
  visit: (place: Host, words: (...more: string[]) => string[]) => Promise<void>,
): Promise<void> {
  await inPlace(host, HOME, async (place) => {
    const text = `name: w\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join("")}`;
    await exec(place, "ops", ["tee", "/home/ops/w.yaml"], { input: text });
    await visit(place, (...more) => [PROGRAM, "run", "/home/ops/w.yaml", "--json", ...more]);
  });
}

type Step = { id: string; state: string; output: string; reason: string };
function stepsIn(stdout: string): Record<string, Step> {
  const { data } = JSON.parse(stdout) as { data: { steps: Step[] } };
  return Object.fromEntries(data.steps.map((step) => [step.id, step]));
}

const run = async (place: Host, argv: readonly string[], input = PASSWORD) =>
  await exec(place, "ops", [...argv, "--password-fd", "0"], { input, timeoutMs: 110_000 });

describeInLab("workflows with sudo", { timeout: 120_000 }, () => {
  let hosts: Host[];
  beforeAll(() => {
    hosts = sudoHosts();
  });

  test("on all five builds steps side by side are root, each with its own ticket; the password is nowhere", async () => {
    for (const host of hosts)
      await withWorkflow(
        host,
        [
          "id: a, sudoLock: true, run: 'sudo id -u; ps -o tty= -p $$; sleep 1'",
          "id: b, sudoLock: true, run: 'sudo id -u; ps -o tty= -p $$; sleep 1'",
          "id: c, sudoLock: true, needs: [a, b], run: 'sudo -k; sudo -n id -u'",
          "id: d, sudoLock: true, needs: [c], when: failure, run: 'sudo id -u; false'",
        ],
        async (place, words) => {
          const seen = sampled(PASSWORD, place);
          const { status, stdout, stderr } = await run(place, words());
          expect(await seen(), host.name).toEqual({ samples: expect.any(Number), found: [] });
          expect(status, stderr).toBe(1);
          const steps = stepsIn(stdout);
          expect(steps).toMatchObject({
            a: { state: "succeeded", output: expect.stringMatching(/^0\npts\/\d+ *\n$/) },
            b: { state: "succeeded", output: expect.stringMatching(/^0\npts\/\d+ *\n$/) },
            c: { state: "failed" },
            d: { state: "failed", output: "0\n" },
          });
          expect(steps["a"]?.output).not.toBe(steps["b"]?.output);
          expect(stdout + stderr).not.toContain(PASSWORD);
          const kept = ["grep", "-rlF", "-f", "-", "/home/ops", "/tmp", "/run/sudo"];
          const found = await exec(place, "root", kept, { input: PASSWORD });
          expect(found).toMatchObject({ stdout: "" });
          const after = await exec(place, "ops", ["sudo", "-n", "true"]);
          expect(after.status).not.toBe(0);
        },
      );
  });

  test("a wrong password is tried once, and nothing runs", async () => {
    for (const host of hosts)
      await withWorkflow(
        host,
        ["id: a, sudoLock: true, run: 'touch ran'", "id: b, sudoLock: true, run: 'touch ran'"],
        async (place, words) => {
          const { status, stdout } = await run(place, words(), "not-it");
          expect(status, host.name).toBe(77);
          const denied = { state: "denied", reason: /did not take the password/ };
          expect(stepsIn(stdout)).toMatchObject({
            a: { state: "denied", reason: expect.stringMatching(denied.reason) },
            b: { state: "denied", reason: expect.stringMatching(denied.reason) },
          });
          expect(await arrange(place, "ls", "/home/ops")).toBe("w.yaml\n");
        },
      );
  });

  test("without a terminal and without a descriptor it says so, and waits for nothing", async () => {
    const [host] = hosts;
    if (host === undefined) throw new Error("no host");
    await withWorkflow(host, ["id: a, sudoLock: true, run: 'true'"], async (place, words) => {
      const { status, stdout } = await exec(place, "ops", words());
      expect(status).toBe(75);
      expect(JSON.parse(stdout)).toMatchObject({ success: false });
    });
  });

  test("cancel ends root's part of a step too, and a recording that was changed is not played", async () => {
    const [host] = hosts;
    if (host === undefined) throw new Error("no host");
    await withWorkflow(
      host,
      ["id: a, sudoLock: true, run: 'echo begun; sudo sleep 4711'"],
      async (place, words) => {
        const running = run(place, words());
        await arrangeScript(place, "until pgrep -f '^sleep 4711' >/dev/null; do sleep 0.1; done");
        const { stdout: list } = await exec(place, "ops", [PROGRAM, "runs", "--json"]);
        const { data } = JSON.parse(list) as { data: { runs: { id: string }[] } };
        const id = data.runs[0]?.id ?? "";
        expect((await exec(place, "ops", [PROGRAM, "cancel", id])).status).toBe(0);
        expect((await running).status).toBe(130);
        expect(await arrange(place, "sh", "-c", "pgrep -f '^sleep 4711' || :")).toBe("");

        const played = await exec(place, "ops", [PROGRAM, "replay", id, "a"]);
        expect(played, played.stderr).toMatchObject({
          status: 0,
          stdout: expect.stringContaining("begun"),
        });
        await arrangeScript(
          place,
          "for cast in $(find /home/ops -name '*.cast'); do echo >>$cast; done",
        );
        const changed = await exec(place, "ops", [PROGRAM, "replay", id]);
        expect(changed).toMatchObject({ status: 71, stdout: "" });
        expect(changed.stderr).toContain("was changed since it was made");
      },
    );
  });
});
