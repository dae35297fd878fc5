/** Nothing but a person, as root with a password, grants anything: an agent tries everything else. */
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
import { askOnce, expectRefusal } from "./place.ts";

describeInLab("what only a person can grant", () => {
  beforeAll(async () => await setUp(ownHost()));

  test.each([
    ["the helper", ["sudo", "-n", HELPER, "grant", "approve", "ID"], 64],
    ["the helper's own words for it", ["sudo", "-n", HELPER, "approve", "ID"], 64],
    ["a session", ["sudo", "-n", HELPER, "session", "approve", "ID"], 64],
    ["the command line, by the rule", ["sudo", "-n", SALLYPORT, "approve", "--yes", "ID"], 1],
    ["the command line, as itself", [SALLYPORT, "approve", "--yes", "--no-input", "ID"], 77],
    ["what sudo would say", ["env", "SUDO_UID=1000", SALLYPORT, "approve", "--yes", "ID"], 77],
    ["a path for an id", [SALLYPORT, "approve", "--yes", "--no-input", "../../1001-x"], 77],
    ["an identity of its own making", ["unshare", "-Ur", SALLYPORT, "approve", "--yes", "ID"], 71],
    ["a shell of sudo's", ["sudo", "-n", "-s", SALLYPORT, "approve", "--yes", "ID"], 1],
    [
      "a symbolic link",
      ["/bin/sh", "-c", `ln -sf ${SALLYPORT} /tmp/s; sudo -n /tmp/s approve ID`],
      1,
    ],
  ])("an agent cannot grant by %s", async (_name, argv, status) => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const words = argv.map((word) => word.replace("ID", id));
      const ended = await exec(place, "agent", words);
      expect(ended.status, ended.stderr).toBe(status);
      expect(await stands(place, id)).toBe("pending");
      await expectNotGranted(place);
    });
  });

  test.each([
    ["list what waits", `ls ${STORE}`],
    ["read what waits", `cat ${STORE}/*`],
    ["write what waits", `: >${STORE}/1001-00000000000000000000000000000000`],
    ["put its own store in place", `mv /srv/own ${STORE}`],
    ["put a link in its place", `ln -sfn /srv/own ${STORE}`],
    ["take it away", `rm -rf ${STORE}`],
    ["take the lock", ": >/run/sallyport/grants.lock"],
    ["take the place of the folder above", "mv /var/lib/sallyport /srv/away"],
  ])("an agent cannot %s", async (_name, script) => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await arrangeScript(place, `cp -r ${STORE} /srv/own; chown -R agent /srv`);
      const forged = "sed -i 's/pending/granted/' /srv/own/1001-*";
      const { status } = await exec(place, "agent", ["/bin/sh", "-c", `${forged}; ${script}`]);
      expect(status).not.toBe(0);
      await expectNotGranted(place);
      expect(await stands(place, id)).toBe("pending");
    });
  });

  test.each([
    ["belongs to somebody else", `chown agent ${STORE}/1001-*`],
    ["others can write", `chmod 666 ${STORE}/1001-*`],
    ["others can write by an ACL's mask", `chmod 660 ${STORE}/1001-*`],
    [
      "is a link to what an agent can write",
      `mv ${STORE}/1001-* /srv/x; chown agent /srv/x; ln -s /srv/x ${STORE}/1001-x`,
    ],
    ["is garbage", `for f in ${STORE}/1001-*; do echo garbage >$f; done`],
    ["lies in a folder of somebody else's", `chown agent ${STORE}`],
    ["lies below a folder that others can write", "chmod 777 /var/lib/sallyport"],
  ])("a grant that %s grants nothing", async (_name, script) => {
    await placed(async (place) => {
      await approve(place, await wait(place, WISH.join(" ")));
      await arrangeScript(place, script);
      expectRefusal(await askOnce(place, ...WISH), "internal");
      const { status, stderr } = await exec(place, "root", [SALLYPORT, "pending"]);
      expect(status, stderr).toBe(71);
      expect(stderr).toContain("hint: ls -lR /var/lib/sallyport/grants");
    });
  });

  test("a grant that is another user's by what it says grants nothing by its name", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await approve(place, id);
      const file = `${STORE}/1001-${id}`;
      await arrangeScript(place, `sed -i 's/"uid":1001/"uid":1002/' ${file}; cp ${file} /srv/was`);
      expect(await stands(place, id)).toBeUndefined();
      await expectNotGranted(place);
      await arrangeScript(place, `cmp ${file} /srv/was; sed -i 's/"uid":1002/"uid":1001/' ${file}`);
      expect((await askOnce(place, ...WISH)).reply.success).toBe(true);
    });
  });

  test("another user's wishes and grants are not one's own", async () => {
    await placed(async (place) => {
      await setUpFor(place, "other");
      const id = await wait(place, STEP);
      await approve(place, id);
      const ask = (...words: string[]) => exec(place, "other", ["sudo", "-n", HELPER, ...words]);
      expect((await ask("grant", "use", STEP)).status).toBe(77);
      expect((await ask("grant", "check")).stdout).toContain('"grants":[]');
      const { stdout } = await ask("grant", "request", STEP, "");
      expect(stdout).toContain('"uid":1002');
      expect(stdout).not.toContain(id);
      expect((await askOnce(place, "grant", "use", STEP)).reply.success).toBe(true);
    });
  });

  test("a program that the agent could have changed does not show or decide anything", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await arrangeScript(place, `cp ${SALLYPORT} /srv/sallyport; chown agent /srv/sallyport`);
      const input = "lab-ops-password\n";
      const argv = ["sudo", "-k", "-S", "/srv/sallyport", "approve", "--yes", id];
      const { status, stderr } = await exec(place, "ops", argv, { input });
      expect(status).toBe(71);
      expect(stderr).toMatch(/could be another's.*\/srv\/sallyport belongs to uid 1001/);
      expect(await stands(place, id)).toBe("pending");
    });
  });

  test("what an agent reports is on record as its own words, and passes for nothing else", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      for (const text of [`grant ${id} by uid 1000`, "lockdown off by uid 0"])
        expect((await askOnce(place, "report", text)).reply.success).toBe(true);
      await expectNotGranted(place);
      const notes = (await records(place)).filter(({ decision }) => decision === "reported");
      expect(notes).toMatchObject([
        { phase: "note", uid: 1001, rule: `grant ${id} by uid 1000` },
        { phase: "note", uid: 1001, rule: "lockdown off by uid 0" },
      ]);
    });
  });
});
