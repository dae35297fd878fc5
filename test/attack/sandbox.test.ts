/** Hostile programs in bubblewrap: what they try comes to nothing, and the answer says what happened. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrangeScript, describeInLab, exec, ownHost } from "../lab/host.ts";
import { enter, runInSandbox, SALLYPORT, type Place } from "./sandbox/place.ts";
import { hostilePrograms, leftovers } from "./sandbox/programs.ts";

describeInLab("in a sandbox on a host", () => {
  let place: Place;
  beforeAll(async () => {
    place = await enter(ownHost());
  });
  afterAll(async () => await place.leave());

  hostilePrograms("bubblewrap", () => place);

  test("taking the processor, however slowly it is given, is stopped and told", async () => {
    // A twentieth of 20 s: by far less than even a busy machine gives to one process in that time.
    await arrangeScript(place.host, "printf 'cpus: 0.05\\nseconds: 20\\n' >/srv/slow.yaml");
    const code = "while True: pass";
    const answer = await runInSandbox(place, "python", code, "--profile", "/srv/slow.yaml");
    expect(answer).toMatchObject({
      success: false,
      exitCode: 152,
      error: { message: expect.stringMatching(/SIGXCPU.*1 s of processor time/) },
    });
    expect(await leftovers(place)).toBe("");
  });

  test("forty runs, five at a time, leave no process, mount or file behind", async () => {
    const state = "ls -A /tmp /home/agent /run /dev/shm; wc -l </proc/self/mountinfo";
    const before = await arrangeScript(place.host, state);
    for (let batch = 0; batch < 8; batch += 1) {
      await Promise.all(
        Array.from({ length: 5 }, () => runInSandbox(place, "bash", "echo >/tmp/x")),
      );
    }
    expect(await arrangeScript(place.host, state)).toBe(before);
    expect(await leftovers(place)).toBe("");
  });

  const DOCTOR: [name: string, lines: string, finding: object][] = [
    ["works", "", { state: "ok", reason: expect.stringMatching(/held only nearly: memory, cpu/) }],
    [
      "is not installed",
      "mv /usr/bin/bwrap /usr/bin/bwrap.away",
      { state: "unknown", hint: "sudo apt-get install bubblewrap" },
    ],
  ];
  const BACK = "[ ! -e /usr/bin/bwrap.away ] || mv /usr/bin/bwrap.away /usr/bin/bwrap";

  test.each(DOCTOR)("doctor tries it, and says when it %s", async (_, lines, finding) => {
    try {
      await arrangeScript(place.host, lines);
      const { stdout } = await exec(place.host, "agent", [SALLYPORT, "doctor", "--json"]);
      const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
      expect(findings.find(({ check }) => check === "sandbox")).toMatchObject(finding);
    } finally {
      await arrangeScript(place.host, BACK);
    }
  });
});
