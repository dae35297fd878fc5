/** What waits for a person, what that person is shown, and what they decide. */
import { beforeAll, expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  records,
  setUp,
} from "../lab/host.ts";
import {
  approve,
  decide,
  expectNotGranted,
  SALLYPORT,
  STEP,
  STORE,
  wait,
  WISH,
  placed,
} from "./grants.ts";
import { askAll, askOnce, expectRefusal } from "./place.ts";

describeInLab("deciding", () => {
  beforeAll(async () => await setUp(ownHost()));

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

  const SETTINGS = "/etc/sallyport/settings.yaml";
  test.each([
    ["a request that root has settled", "guarded: { service stop ssh: never }", `${SETTINGS}:1`],
    ["all requests", "sudo: allowed\nguarded: never", `${SETTINGS}:2`],
    [
      "anything under unusable settings",
      "guarded: perhaps",
      `${SETTINGS}:1:10: guarded: never, ask`,
    ],
    ["anything under an agent's settings", "guarded: ask' owned 'by", "belongs to uid 1001"],
  ])("nobody can grant %s", async (name, text, by) => {
    await placed(async (place) => {
      const id = await wait(place, "service stop ssh");
      const owner = name.includes("agent's") ? "agent" : "root";
      await arrangeScript(
        place,
        `mkdir -p /etc/sallyport; cat >${SETTINGS} <<'END'\n${text}\nEND\nchown ${owner} ${SETTINGS}`,
      );
      const ended = await decide(place, "approve", "--yes", id);
      expect(ended.status).toBe(77);
      expect(ended.stderr).toContain(`sallyport: nobody can grant this, by `);
      expect(ended.stderr).toContain(by);
      await expectNotGranted(place);
      expect((await decide(place, "deny", "--yes", id)).status).toBe(0);
    });
  });

  test("nobody can grant a step that root has settled", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await arrangeScript(place, `mkdir -p /etc/sallyport; echo 'unsandboxed: never' >${SETTINGS}`);
      expect((await decide(place, "approve", "--yes", id)).status).toBe(77);
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
        "risk  CRITICAL",
        "  has characters that cannot be seen or that change the order of others",
        expect.stringMatching(/^ {2}deletes /),
        expect.stringMatching(/^bound to  exactly this/),
        `the agent claims: ${String.raw`"\u202eharmless\nstate  granted by uid 1000\n\u001b[2J"`}`,
      ]);
    });
  });

  test("lock-down: nothing is granted, used or done until it is lifted, and the record says by whom", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await approve(place, id);
      const another = await wait(place, WISH.join(" "));
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
      expect(await decide(place, "approve", "--yes", another)).toMatchObject({
        status: 77,
        stderr: expect.stringContaining("this host is locked down: nothing is granted until"),
      });
      expect((await decide(place, "deny", another)).status).toBe(1);
      expect((await decide(place, "deny", "--yes", another)).status).toBe(0);
      const off = await decide(place, "lockdown", "off");
      expect(off).toMatchObject({ status: 0, stdout: "not locked down\n" });
      expect((await askOnce(place, "grant", "use", STEP)).reply.success).toBe(true);
      const decided = (await records(place)).filter(({ via }) => via === "direct");
      expect(decided.map(({ uid, rule }) => [uid, rule])).toEqual([
        [0, expect.stringMatching(/^grant [0-9a-f]{32} granted by uid 1000/)],
        [0, "lockdown on by uid 1000: incident 42"],
        [0, expect.stringMatching(/^grant [0-9a-f]{32} denied by uid 1000/)],
        [0, "lockdown off by uid 1000"],
      ]);
    });
  });

  test("a decision that cannot be recorded is not made; but everything is stopped all the same", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await arrange(place, "chmod", "666", "/var/log/sallyport/audit.jsonl");
      expect((await decide(place, "approve", "--yes", id)).status).toBe(71);
      expect(await arrange(place, "ls", STORE)).toBe(`1001-${id}\n`);
      expect((await decide(place, "lockdown", "on")).status).toBe(71);
      expect((await decide(place, "lockdown", "off")).status).toBe(71);
      await arrange(place, "chmod", "640", "/var/log/sallyport/audit.jsonl");
      expectRefusal(await askOnce(place, ...WISH), "locked_down");
      expect((await decide(place, "lockdown", "off")).status).toBe(0);
      await expectNotGranted(place);
    });
  });

  test("what the disk has no room for is neither decided nor used, and neither is on record", async () => {
    await placed(async (place) => {
      const own = `mkdir -p ${STORE}; mount -t tmpfs -o mode=700,nr_inodes=2 none ${STORE}`;
      await arrangeScript(place, own);
      const inodes = async (most: number): Promise<void> =>
        void (await arrange(place, "mount", "-o", `remount,nr_inodes=${most}`, STORE));
      const noted = async (): Promise<unknown[]> =>
        (await records(place)).filter(({ phase }) => phase === "note").map(({ rule }) => rule);
      const id = await wait(place, WISH.join(" "));
      const refused = await decide(place, "approve", "--yes", "--uses", "2", id);
      expect(refused.status).toBe(71);
      expect(refused.stderr).toContain("there is no room on the disk for it, and it is not done");
      expect(await noted()).toHaveLength(1);
      await inodes(3);
      await approve(place, id, "--uses", "2");
      await inodes(2);
      for (let times = 0; times < 3; times += 1)
        expectRefusal(await askOnce(place, ...WISH), "internal");
      expect(await noted()).toHaveLength(2);
      await inodes(3);
      for (let times = 0; times < 2; times += 1)
        expect((await askOnce(place, ...WISH)).reply.error).toBeNull();
      await expectNotGranted(place);
      expect(await noted()).toHaveLength(4);
      const verified = await exec(place, "root", [SALLYPORT, "audit", "verify"]);
      expect([verified.status, verified.stdout]).toEqual([0, expect.not.stringContaining("grant")]);
    });
  });

  test("from asking to having done it is one command of a person's, and takes less than a second", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      // Of processors, all of what the command starts with it: what else this machine does is not ours.
      const timed = `TIMEFORMAT='%U %S'; time ${SALLYPORT} approve --yes ${id} >/dev/null 2>/tmp/approved`;
      const { stderr } = await exec(place, "root", ["/bin/bash", "-c", timed]);
      expect((await askOnce(place, ...WISH)).reply.success).toBe(true);
      const [user = NaN, system = NaN] = stderr.trim().split(" ").map(Number);
      expect(user + system, stderr).toBeLessThan(1);
    });
  });
});
