/** While a workflow runs and afterwards: the password is in no argument and no environment, and no ticket is left. */
import { beforeAll, expect, test } from "vitest";
import { inPlace } from "../attack/place.ts";
import { sampled } from "./sampled.ts";
import { describeInLab, exec, sudoHosts, type Host } from "./host.ts";

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
});
