/** Nothing but a person, as root with a password, makes a guarded request possible: once, for one user, for a time. */
import { beforeAll, expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  records,
  setUp,
  type Host,
} from "../lab/host.ts";
import { askAll, askOnce, expectRefusal, inPlace, OWN_DISKS, tracedAll } from "./place.ts";
import { setTimeout as pause } from "node:timers/promises";

const SALLYPORT = "/opt/sallyport/sallyport";
const STORE = "/var/lib/sallyport/grants";
const WISH = ["package", "autoremove"];
const STEP = JSON.stringify({ kind: "step", argv: ["/bin/sh", "-c", "id"], cwd: "/srv" });

/** The id under which what `agent` asks for waits. */
async function wait(place: Host, subject: string, claim = ""): Promise<string> {
  const { reply } = await askOnce(place, "grant", "request", subject, claim);
  expect(reply.error).toBeNull();
  const { data } = reply;
  if (data?.kind !== "grant") throw new Error("no grant");
  expect(data.grants).toMatchObject([{ subject, claim, stands: "pending", uses: 1 }]);
  return data.grants[0]?.id ?? "";
}

/** As `ops`, who has a password and no rule. */
async function decide(place: Host, ...words: string[]) {
  const input = "lab-ops-password\n";
  return await exec(place, "ops", ["sudo", "-k", "-S", SALLYPORT, ...words], { input });
}

async function approve(place: Host, id: string, ...options: string[]): Promise<void> {
  const { status, stdout, stderr } = await decide(place, "approve", "--yes", ...options, id);
  expect([status, stdout], stderr).toEqual([0, "granted\n"]);
}

async function stands(place: Host, id: string): Promise<unknown> {
  const { data } = (await askOnce(place, "grant", "check")).reply;
  return data?.kind === "grant" ? data.grants.find((one) => one.id === id)?.stands : data;
}

async function expectNotGranted(place: Host): Promise<void> {
  expectRefusal(await askOnce(place, ...WISH), "grant_required", /^a person must grant: /);
}

describeInLab("what only a person can grant", () => {
  let host: Host;
  const placed = async (visit: (place: Host) => Promise<void>): Promise<void> =>
    await inPlace(host, OWN_DISKS, visit);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

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

  test("of three people one decides", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const ends = await Promise.all([
        decide(place, "approve", "--yes", id),
        decide(place, "deny", "--yes", id),
        decide(place, "approve", "--yes", "--uses", "3", id),
      ]);
      expect(ends.filter(({ status }) => status === 0)).toHaveLength(1);
      expect(ends.filter(({ status }) => status === 75)).toHaveLength(2);
    });
  });

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

  test.each([
    ["what is allowed", "package install htop"],
    ["what nobody can grant", "package install netcat"],
    ["nothing", ""],
    ["no request", "service stop"],
    ["a line more", "package autoremove\n"],
    ["too much", JSON.stringify({ argv: ["x".repeat(16_384)] })],
  ])("%s does not wait for a person", async (_name, subject) => {
    await placed(async (place) => {
      const { reply } = await askOnce(place, "grant", "request", subject, "");
      expect(["usage", "not_allowed"]).toContain(reply.error?.code);
    });
  });

  test.each([
    ["that says one thing twice", '{"argv":["id"],"argv":["reboot"]}'],
    ["written otherwise than by us", '{ "argv": ["id"] }'],
    ["that is none", '{"argv":["id"]'],
  ])("an object %s cannot be granted", async (_name, subject) => {
    await placed(async (place) => {
      const id = await wait(place, subject);
      const { status, stderr } = await decide(place, "approve", "--yes", id);
      expect(status).toBe(71);
      expect(stderr).toContain("can be read in two ways");
      const { stdout } = await exec(place, "root", [SALLYPORT, "show", id]);
      expect(stdout).toContain("nothing that means one thing");
      expect((await decide(place, "deny", "--yes", id)).status).toBe(0);
    });
  });

  test("one user's wishes are bounded, and the same wish waits once", async () => {
    await placed(async (place) => {
      const first = await wait(place, WISH.join(" "));
      expect(await wait(place, WISH.join(" "))).toBe(first);
      const calls = Array.from({ length: 20 }, (_, at) => {
        return ["grant", "request", JSON.stringify({ argv: [String(at)] }), ""];
      });
      const codes = (await askAll(place, calls, { jobs: 10 })).map(
        ({ reply }) => reply.error?.code,
      );
      expect(codes.filter((code) => code === "busy")).toHaveLength(5);
      expect(await exec(place, "root", [SALLYPORT, "pending"])).toMatchObject({ status: 0 });
    });
  });

  test("facts come first, one a line; what the agent says cannot look like one of them", async () => {
    await placed(async (place) => {
      const claim = "\u202Eharmless\nstate     granted by uid 1000\n\u001B[2J";
      const argv = ["rm", "-rf", "/srv/a b", "\u001B[1Aid\nasked by  uid 0"];
      const id = await wait(place, JSON.stringify({ argv }), claim);
      const { stdout, status } = await exec(place, "root", [SALLYPORT, "show", id]);
      expect(status).toBe(0);
      const lines = stdout.trimEnd().split("\n");
      expect(lines.map((line) => line.replace(/\s{2,}/g, "  "))).toEqual([
        `id  ${id}`,
        "state  pending",
        "asked by  uid 1001",
        expect.stringMatching(/^asked at  \d{4}-/),
        expect.stringMatching(/^on host  \S+$/),
        expect.stringMatching(/^left  waits \d+ min$/),
        "what  a step outside the sandbox",
        'argv  "rm"',
        '  "-rf"',
        '  "/srv/a b"',
        '  "\\u001b[1Aid\\nasked by  uid 0"',
        expect.stringMatching(/^risk  CRITICAL$/),
        expect.any(String),
        expect.stringMatching(/^bound to  exactly this/),
        `the agent claims: ${String.raw`"\u202eharmless\nstate  granted by uid 1000\n\u001b[2J"`}`,
      ]);
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

  test("lock-down: nothing is granted, used or done until it is lifted, and the record says by whom", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await approve(place, id);
      expect((await exec(place, "agent", [SALLYPORT, "lockdown", "on", "--no-input"])).status).toBe(
        77,
      );
      const on = await decide(place, "lockdown", "on", "-m", "incident 42");
      expect(on, on.stderr).toMatchObject({
        status: 0,
        stdout: "locked down: nothing is done as root\n",
      });
      expectRefusal(await askOnce(place, "grant", "use", STEP), "locked_down");
      expectRefusal(await askOnce(place, "service", "status", "ssh"), "locked_down");
      expectRefusal(await askOnce(place, "grant", "request", WISH.join(" "), ""), "locked_down");
      const off = await decide(place, "lockdown", "off");
      expect(off).toMatchObject({ status: 0, stdout: "not locked down\n" });
      expect((await askOnce(place, "grant", "use", STEP)).reply.success).toBe(true);
      const decided = (await records(place)).filter(({ via }) => via === "direct");
      expect(decided.map(({ uid, rule }) => [uid, rule])).toEqual([
        [0, expect.stringMatching(/^grant [0-9a-f]{32} granted by uid 1000/)],
        [0, "lockdown on by uid 1000: incident 42"],
        [0, "lockdown off by uid 1000"],
      ]);
    });
  });

  test("a decision that cannot be recorded is not made; but everything is stopped all the same", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await arrange(place, "chmod", "666", "/var/log/sallyport/audit.jsonl");
      expect((await decide(place, "approve", "--yes", id)).status).toBe(71);
      expect((await decide(place, "lockdown", "on")).status).toBe(71);
      expect((await decide(place, "lockdown", "off")).status).toBe(71);
      await arrange(place, "chmod", "640", "/var/log/sallyport/audit.jsonl");
      expectRefusal(await askOnce(place, ...WISH), "locked_down");
      expect((await decide(place, "lockdown", "off")).status).toBe(0);
      await expectNotGranted(place);
    });
  });

  test("from asking to having done it in one command of a person's, within a second of ours", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await arrange(place, SALLYPORT, "pending");
      const begun = Date.now();
      await arrange(place, SALLYPORT, "approve", "--yes", id);
      const taken = Date.now() - begun;
      expect((await askOnce(place, ...WISH)).reply.success).toBe(true);
      expect(taken).toBeLessThan(1000);
    });
  });

  test("100 agents ask and three people decide at once: no use is lost, none is doubled", async () => {
    await placed(async (place) => {
      // As sudo starts it for each of them; all in one script, for a host has not so many users.
      const script = `
agent() { SUDO_UID=$1 SUDO_USER=agent$1 ${HELPER} grant "$2" '${STEP}' $3 >/tmp/$2.$1; }
person() { for id in $(ls ${STORE} | sed 's/.*-//' | sort -R); do
  SUDO_UID=$1 ${SALLYPORT} approve --yes $id >/dev/null 2>&1 && echo $id >>/tmp/decided.$1
done; true; }
at_once() { for uid in $(seq 2001 2100); do "$@" $uid & [ $((uid % 10)) != 0 ] || wait; done; wait; }
ask() { agent $1 request why; }
use() { agent $1 use; }
at_once ask
for who in 3001 3002 3003; do person $who & done; wait
for round in 1 2; do at_once use; cat /tmp/use.* | grep -c '"success":true' >/tmp/used.$round || :; done
sort /tmp/decided.* | uniq -c | awk '{ print $1 }' | sort | uniq -c
cat /tmp/used.1 /tmp/used.2`;
      const ended = await exec(place, "root", ["/bin/sh", "-c", script], { timeoutMs: 110_000 });
      expect(ended.stdout.trim().split(/\s+/), ended.stderr).toEqual(["100", "1", "100", "0"]);
      await arrange(place, SALLYPORT, "audit", "verify");
    });
  });
});

async function setUpFor(place: Host, user: string): Promise<void> {
  await arrange(place, SALLYPORT, "setup-sudo", "--user", user);
}
