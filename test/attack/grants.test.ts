/** Nothing but a grant makes a guarded request possible: for exactly that, one user, so many uses and a time. */
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  arrangeScript,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  records,
  setUp,
} from "../lab/host.ts";
import {
  approve,
  decide,
  expectNotGranted,
  SALLYPORT,
  setUpFor,
  stands,
  STEP,
  STORE,
  wait,
  WISH,
  placed,
} from "./grants.ts";
import { askAll, askOnce, expectRefusal, tracedAll } from "./place.ts";

describeInLab("what is granted", () => {
  beforeAll(async () => await setUp(ownHost()));

  test("without a grant nothing is started; a wish that waits changes nothing", async () => {
    await placed(async (place) => {
      await wait(place, WISH.join(" "));
      for (const { reply, started } of await tracedAll(place, [WISH, WISH])) {
        expect(reply.error?.code).toBe("grant_required");
        expect(started).toEqual([]);
      }
    });
  });

  test("a grant is for one request, one user and one use, and the record says by whom", async () => {
    await placed(async (place) => {
      await setUpFor(place, "other");
      const id = await wait(place, WISH.join(" "), "nobody needs them");
      await approve(place, id, "-m", "go on");
      expectRefusal(await askOnce(place, "package", "upgrade"), "grant_required");
      const others = await exec(place, "other", ["sudo", "-n", HELPER, ...WISH]);
      expect(others.status).toBe(77);
      const { reply } = await askOnce(place, ...WISH);
      expect(reply).toMatchObject({ success: true, error: null });
      await expectNotGranted(place);
      expect(await stands(place, id)).toBeUndefined();

      const rules = (await records(place)).map(({ phase, decision, rule, uid, via }) => [
        [phase, decision, rule].join(" "),
        uid,
        via,
      ]);
      const wish = WISH.join(" ");
      expect(rules).toEqual(
        expect.arrayContaining([
          [`note pending grant ${id}: ${wish}`, 1001, "sudo"],
          [
            `note reported grant ${id} granted by uid 1000 for uid 1001, 1 use in 3600 s: go on`,
            0,
            "direct",
          ],
          [`note used grant ${id} by uid 1000: go on`, 1001, "sudo"],
          [`begin allow ${wish}`, 1001, "sudo"],
          [`end allow ${wish}`, 1001, "sudo"],
        ]),
      );
      const used = (await records(place)).filter(({ decision, phase }) => {
        return decision === "used" || phase === "begin";
      });
      expect(new Set(used.map(({ requestId }) => requestId)).size).toBe(1);
      const verified = await exec(place, "root", [SALLYPORT, "audit", "verify"]);
      expect(verified.status, verified.stdout).toBe(0);
    });
  });

  test("of eight that use one use at once, one succeeds, also in pipelined sessions", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await approve(place, id, "--uses", "2");
      const calls = Array.from({ length: 8 }, () => ["grant", "use", STEP]);
      const answers = await askAll(place, calls, { jobs: 8 });
      const codes = answers.map(({ reply }) => reply.error?.code ?? "used").toSorted();
      expect(codes).toEqual([...Array<string>(6).fill("grant_required"), "used", "used"]);

      await approve(place, await wait(place, STEP));
      const line = JSON.stringify({ argv: ["grant", "use", STEP] });
      const script = `for i in 1 2 3; do yes '${line}' | head -n 5 | sudo -n ${HELPER} session & done; wait`;
      const { stdout } = await exec(place, "agent", ["/bin/sh", "-c", script]);
      const replies = stdout
        .trimEnd()
        .split("\n")
        .filter((one) => !one.includes('"version"'));
      expect(replies).toHaveLength(15);
      expect(replies.filter((one) => one.includes('"success":true'))).toHaveLength(1);
    });
  });

  test.each([
    ["another working directory", STEP.replace("/srv", "/root"), []],
    ["a word more", STEP.replace('"id"', '"id","x"'), []],
    ["an edited script", STEP.replace('"id"', '"id;reboot"'), []],
    ["another interpreter", STEP.replace("/bin/sh", "/srv/sh"), []],
    ["a variable more", STEP.replace("}", ',"env":["LD_PRELOAD"]}'), []],
    ["the same, written otherwise", STEP.replace('":', '": '), []],
    ["the same, a line feed after it", `${STEP}\n`, []],
    ["what was denied", STEP, ["deny"]],
    ["what was taken back", STEP, ["approve", "revoke"]],
    ["what only waits", STEP, ["show"]],
  ])("a grant is not one for %s", async (_name, used, decisions) => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      if (decisions.length === 0) await approve(place, id);
      for (const verb of decisions) {
        const { status, stderr } = await decide(
          place,
          verb,
          ...(verb === "show" ? [] : ["--yes"]),
          id,
        );
        expect(status, stderr).toBe(0);
      }
      expectRefusal(await askOnce(place, "grant", "use", used), "grant_required");
    });
  });

  test("what is used up is asked for again, and what is denied cannot be", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await approve(place, id);
      expect((await askOnce(place, "grant", "use", STEP)).reply.success).toBe(true);
      expectRefusal(await askOnce(place, "grant", "use", STEP), "grant_required");
      expect(await wait(place, STEP)).toBe(id);
      expect((await decide(place, "deny", "--yes", "-m", "never", id)).status).toBe(0);
      const { reply } = await askOnce(place, "grant", "request", STEP, "please");
      expect(reply.data).toMatchObject({ grants: [{ id, stands: "denied", reason: "never" }] });
      expect((await decide(place, "approve", "--yes", id)).status).toBe(75);
    });
  });

  test("a grant ends with its time, and says so in the record", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await approve(place, id, "--for", "1s");
      await pause(2100);
      await expectNotGranted(place);
      expect(await stands(place, id)).toBeUndefined();
      const notes = (await records(place)).filter(({ decision }) => decision === "expired");
      expect(notes).toMatchObject([{ phase: "note", rule: `grant ${id}` }]);
    });
  });

  test("a clock set back gives a grant no more time, and another boot ends it (V14)", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await approve(place, id, "--for", "1s");
      const past = ["unshare", "--time", "--monotonic=0", "true"];
      expect((await exec(place, "root", past)).status).toBe(0);
      await pause(2100);
      // No clock is asked: file times of tomorrow change nothing either.
      await arrangeScript(place, `touch -d tomorrow ${STORE}/*`);
      await expectNotGranted(place);

      await approve(place, await wait(place, WISH.join(" ")));
      const other = 's/"boot":"[^"]*"/"boot":"00000000-0000-0000-0000-000000000000"/';
      await arrangeScript(place, `sed -i '${other}' ${STORE}/1001-*`);
      await expectNotGranted(place);
      const notes = (await records(place)).filter(({ decision }) => decision === "expired");
      expect(notes).toHaveLength(2);
    });
  });
});
