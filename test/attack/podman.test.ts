/** Hostile programs in containers of Debian's podman: the same as in docker's come to nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPodman, type Podman } from "../../scripts/podman-host.ts";
import { describeInLab, exec, ownHost } from "../lab/host.ts";
import { enter, runInSandbox, SALLYPORT, type Place } from "./sandbox/place.ts";
import { hostilePrograms, leftovers } from "./sandbox/programs.ts";

describeInLab("in a container of podman's on a host", () => {
  let podman: Podman;
  let place: Place;
  beforeAll(async () => {
    place = await enter(ownHost(), "podman");
    podman = await startPodman(place.host);
  });
  afterAll(async () => {
    await place.leave();
    await podman.stop();
  });

  hostilePrograms("podman", () => place);

  test("the limits are the control group's", async () => {
    const { data } = await runInSandbox(place, "python", "import time; time.sleep(1)");
    expect(data.confinement["group"]).toEqual({
      memoryBytes: 268_435_456,
      cpus: 0.5,
      processes: 33,
    });
  });

  test("of many processes that take memory some are killed, and the run goes on to its end", async () => {
    const code = `import os, time
for i in range(8):
  if os.fork() == 0:
    a = bytearray(b"x") * (150 << 20); time.sleep(3); os._exit(0)
print(sum(os.wait()[1] == 9 for i in range(8)) > 0)`;
    const answer = await runInSandbox(place, "python", code);
    expect(answer).toMatchObject({ success: true, stdout: "True\n" });
  });

  test("doctor tries it", async () => {
    const { stdout } = await exec(place.host, "agent", [SALLYPORT, "doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
    expect(findings.find(({ check }) => check === "sandbox by podman")).toMatchObject({
      reason: expect.stringMatching(/podman confines what is run/),
    });
  });

  test("of all these runs nothing is left", async () => {
    const late = { timeout: 10_000, interval: 100 };
    const listed = async () => await podman.api.ask("GET", "/containers/json?all=1");
    await expect.poll(listed, late).toEqual([]);
    await expect.poll(() => podman.groups(), late).toEqual([]);
    expect(await leftovers(place)).toBe("");
  });
});
