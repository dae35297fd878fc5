/** A step runs outside of the sandbox only as a person has granted it: once, in this run. */
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  describeInLab,
  arrangeScript,
  exec,
  HELPER,
  ownHost,
  records,
  type User,
} from "../lab/host.ts";
import { approve, decide, SALLYPORT, setUpFor } from "./grants.ts";
import { inPlace, OWN_DISKS } from "./place.ts";
import {
  HOME,
  FILE,
  MARK,
  as,
  runIn,
  start,
  resume,
  workflow,
  marks,
  awaited,
  settle,
  OUT,
  setUpSteps,
  forgetSteps,
} from "./step-grants.ts";

describeInLab("a step outside of the sandbox", () => {
  beforeAll(setUpSteps);
  afterEach(forgetSteps);

  test("waits before anything of it runs, runs once after one command of a person, and the record says all", async () => {
    await workflow(
      "id: before, sandbox: false, run: 'true', locked: true, when: failure, needs: [out]",
      `${OUT}, run: 'id -u >>${MARK}'`,
      "id: after, sandbox: false, needs: [out], run: 'cat', stdin: 'x'",
    );
    const waiting = await start();
    const id = awaited(waiting);
    expect(await marks()).toBe("");
    expect(waiting.steps).toEqual({});
    const shown = await decide(ownHost(), "show", id);
    expect(shown.stdout).toContain(`id -u >>${MARK}`);
    expect(shown.stdout).toContain(`"${waiting.run}"`);

    const begun = performance.now();
    await approve(ownHost(), id, "-m", "ticket 7");
    expect(performance.now() - begun).toBeLessThan(5000);
    const next = await resume(waiting.run);
    expect(next.steps["out"]).toMatchObject({ state: "succeeded" });
    expect(await marks()).toBe("1001\n");
    await approve(ownHost(), awaited(next, "after"));
    expect(await resume(waiting.run)).toMatchObject({ status: 0, state: "succeeded" });
    expect(await marks()).toBe("1001\n");

    const told = (await records(ownHost())).filter(({ argv }) => {
      return JSON.stringify(argv).includes(waiting.run);
    });
    expect(told.map(({ decision, rule, uid }) => [decision, rule, uid])).toContainEqual([
      "used",
      `grant ${id} by uid 1000: ticket 7`,
      1001,
    ]);
    const query = ["audit", "query", "--run", waiting.run, "--elevated", "--json"];
    const found = await as("root", ...query);
    expect(found.status, found.stderr).toBe(0);
    expect(found.stdout).toContain(`grant ${id} by uid 1000: ticket 7`);
  });

  test("nothing of the environment in which a run is resumed reaches it", async () => {
    await workflow(`${OUT}, run: 'env >>${MARK}'`);
    const waiting = await start();
    await approve(ownHost(), awaited(waiting));
    const env = { BASH_ENV: "/tmp/x", ENV: "/tmp/x", PATH: `${HOME}/bin:/usr/bin:/bin`, EVIL: "1" };
    const words = [SALLYPORT, "run", "--resume", waiting.run, "--json"];
    const ended = await exec(ownHost(), "agent", words, { env });
    expect(runIn(ended).state).toBe("succeeded");
    expect(await marks()).not.toMatch(/EVIL|ENV=|\/bin:\/usr\/bin:\/bin$/m);
  });

  test("a grant is for one step of one run, and is used up", async () => {
    const same = `sandbox: false, run: 'echo x >>${MARK}'`;
    await workflow(`id: out, ${same}`, `id: twin, ${same}`);
    const first = await start();
    await approve(ownHost(), awaited(first));
    const second = await start();
    expect(awaited(second)).not.toBe(awaited(first));
    expect(await marks()).toBe("");
    const next = await resume(first.run);
    expect(next.steps["out"]?.state).toBe("succeeded");
    expect(next.waits.map(({ id }) => id)).toEqual(["twin"]);
    expect(awaited(await resume(first.run), "twin")).toBe(awaited(next, "twin"));
    expect(awaited(await resume(second.run))).toBe(awaited(second));
    expect(await marks()).toBe("x\n");
  });

  test("of two that resume it at once one runs it, once", async () => {
    const go = `${MARK}.go`;
    await workflow(`${OUT}, run: 'echo x >>${MARK}; until [ -e ${go} ]; do sleep 0.1; done'`);
    const { run, ...waiting } = await start();
    await approve(ownHost(), awaited({ run, ...waiting }));
    const words = ["run", "--resume", run, "--json"];
    const statuses: (number | null)[] = [];
    const all = [1, 2, 3].map(async () => {
      statuses.push((await as("agent", ...words)).status);
    });
    try {
      // It runs until the others have been told that it does.
      await expect.poll(() => statuses).toEqual([75, 75]);
    } finally {
      await arrangeScript(ownHost(), `>${go}`);
      await Promise.all(all);
    }
    expect(statuses).toEqual([75, 75, 0]);
    expect(await marks()).toBe("x\n");
    expect((await as("agent", ...words)).status).not.toBe(0);
    expect(await marks()).toBe("x\n");
  });

  test.each([
    ["out of time", ["--for", "1s"], "sleep 2.1"],
    [
      "of another boot",
      [],
      `sed -i 's/"boot":"[^"]*"/"boot":"00000000"/' /var/lib/sallyport/grants/1001-*`,
    ],
  ])("a grant that is %s lets nothing run", async (_, options, later) => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    await approve(ownHost(), id, ...options);
    await arrangeScript(ownHost(), later);
    expect(awaited(await resume(run))).toBe(id);
    expect(await marks()).toBe("");
  });

  test("a grant that was taken back lets nothing run", async () => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    await approve(ownHost(), id);
    expect((await decide(ownHost(), "revoke", "--yes", id)).status).toBe(0);
    expect(awaited(await resume(run))).toBe(id);
    expect(await marks()).toBe("");
  });

  test("what is denied is over: not tried again, and nothing answers it", async () => {
    await workflow(
      `${OUT}, run: 'echo x >>${MARK}', idempotent: true, retries: 3`,
      `id: instead, needs: [out], when: failure, sandbox: false, run: 'echo y >>${MARK}'`,
    );
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    expect((await decide(ownHost(), "deny", "--yes", "-m", "not now", id)).status).toBe(0);
    const over = await resume(run);
    expect([over.status, over.state]).toEqual([77, "denied"]);
    expect(over.steps).toMatchObject({
      out: { state: "denied", reason: "a person has denied it: not now" },
      instead: { state: "skipped" },
    });
    expect((await as("agent", "run", "--resume", run)).status).toBe(64);
    expect(await marks()).toBe("");
  });

  test("another user's grant is of no use", async () => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    await approve(ownHost(), awaited(await start()));
    const text = await arrangeScript(ownHost(), "cat /var/lib/sallyport/grants/1001-*");
    const { subject } = JSON.parse(text) as { subject: string };
    await inPlace(ownHost(), OWN_DISKS, async (place) => {
      await setUpFor(place, "other");
      const use = async (user: User) =>
        await exec(place, user, ["sudo", "-n", HELPER, "grant", "use", subject]);
      expect((await use("other")).status).toBe(77);
      expect((await use("agent")).status).toBe(0);
    });
  });

  test("where root has settled never, a grant that stands lets nothing run", async () => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    const { run, ...waiting } = await start();
    await approve(ownHost(), awaited({ run, ...waiting }));
    await settle("unsandboxed: never");
    const refused = await as("agent", "run", "--resume", run, "--json");
    expect(refused.status).toBe(77);
    expect(refused.stdout).toContain("/etc/sallyport/settings.yaml:1");
    expect(await marks()).toBe("");
  });

  test("where root has settled that it is allowed it runs at once, and that is on record", async () => {
    await settle("unsandboxed: allowed");
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    const done = await start();
    expect([done.status, await marks()]).toEqual([0, "x\n"]);
    const rules = (await records(ownHost())).map(({ rule }) => rule);
    const by = "/etc/sallyport/settings.yaml:1";
    expect(rules).toContain(
      `workflow ${done.run} step out outside of the sandbox, allowed by ${by}`,
    );
  });

  test("root's own is refused before anything of its run begins", async () => {
    await workflow("id: first, run: 'true'", `${OUT}, needs: [first], run: 'echo x >>${MARK}'`);
    for (const settled of ["unsandboxed: ask", "unsandboxed: allowed"]) {
      await settle(settled);
      const refused = await as("root", "run", FILE, "--json");
      expect(refused.status).toBe(77);
      expect(JSON.parse(refused.stdout)).toMatchObject({
        error: { code: "not_allowed", message: expect.stringMatching(/^root's own .*: out$/) },
      });
    }
    expect(await marks()).toBe("");
  });

  test("without a helper that answers nothing runs", async () => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
    const { run, ...waiting } = await start();
    await approve(ownHost(), awaited({ run, ...waiting }));
    const without = `${OWN_DISKS}rm -f /etc/sudoers.d/zz-sallyport-*`;
    const ended = await inPlace(ownHost(), without, async (place) => {
      return await exec(place, "agent", [SALLYPORT, "run", "--resume", run, "--json"]);
    });
    expect([ended.status, runIn(ended).state]).toEqual([75, "waiting"]);
    expect(await marks()).toBe("");
  });

  test("--approve without a terminal is refused, and so is a step that needs no grant", async () => {
    await workflow(`${OUT}, run: 'echo x >>${MARK}'`, "id: in, run: 'true'");
    const refused = await as("agent", "run", FILE, "--json", "--approve", "out");
    expect(refused.status).toBe(77);
    expect(refused.stdout).toContain('"not_a_terminal"');
    expect((await as("agent", "run", FILE, "--json", "--approve", "in")).status).toBe(64);
    expect(await marks()).toBe("");
  });
});
