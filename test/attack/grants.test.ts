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

const SALLYPORT = "/opt/sallyport/sallyport";
const STORE = "/var/lib/sallyport/grants.sqlite";
const WISH = ["package", "autoremove"];
const STEP = JSON.stringify({ kind: "step", argv: ["/bin/sh", "-c", "id"], cwd: "/srv" });

/** The id under which what `agent` asks for waits. */
async function wait(place: Host, subject: string, claim = ""): Promise<string> {
  const { reply } = await askOnce(place, "grant", "request", subject, claim);
  expect(reply.error).toBeNull();
  const { data } = reply;
  if (data?.kind !== "grant") throw new Error("no grant");
  expect(data.grants).toMatchObject([{ subject, claim, stands: "pending", uses: 0 }]);
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
  const { data } = (await askOnce(place, "grant", "check", id)).reply;
  return data?.kind === "grant" ? data.grants[0]?.stands : data;
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
      expect(await stands(place, id)).toBe("used");

      const rules = (await records(place)).map(({ phase, decision, rule }) => [
        phase,
        decision,
        rule,
      ]);
      const wish = WISH.join(" ");
      expect(rules).toEqual(
        expect.arrayContaining([
          ["note", "pending", `grant ${id}: ${wish}`],
          ["note", "granted", `grant ${id} by uid 1000 (go on) for uid 1001: ${wish}`],
          ["begin", "allow", `${wish} by grant ${id} of uid 1000`],
          ["end", "allow", `${wish} by grant ${id} of uid 1000`],
          ["note", "used", expect.stringContaining(id)],
        ]),
      );
      const verified = await exec(place, "root", [SALLYPORT, "audit", "verify"]);
      expect(verified.status, verified.stdout).toBe(0);
    });
  });

  test("of eight that use one use at once, one succeeds", async () => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      await approve(place, id);
      const calls = Array.from({ length: 8 }, () => ["grant", "use", id, STEP]);
      const answers = await askAll(place, calls, { jobs: 8 });
      const codes = answers.map(({ reply }) => reply.error?.code ?? "used");
      expect(codes.toSorted()).toEqual([
        ...Array.from({ length: 7 }, () => "grant_required"),
        "used",
      ]);
    });
  });

  test.each([
    ["another subject", STEP.replace("/srv", "/root"), []],
    ["a word more", STEP.replace('"id"', '"id","x"'), []],
    ["nothing that waits", STEP, ["deny"]],
    ["what was taken back", STEP, ["approve", "revoke"]],
  ])("a grant is not one for %s", async (_name, used, decisions) => {
    await placed(async (place) => {
      const id = await wait(place, STEP);
      if (decisions.length === 0) await approve(place, id);
      for (const verb of decisions) {
        const { status, stderr } = await decide(place, verb, "--yes", id);
        expect(status, stderr).toBe(0);
      }
      expectRefusal(await askOnce(place, "grant", "use", id, used), "grant_required");
    });
  });

  test("a grant ends with its time, and says so in the record", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await approve(place, id, "--for", "1s");
      await new Promise((later) => setTimeout(later, 1100));
      await expectNotGranted(place);
      expect(await stands(place, id)).toBe("expired");
      const notes = (await records(place)).filter(({ decision }) => decision === "expired");
      expect(notes).toMatchObject([{ phase: "note", rule: expect.stringContaining(id) }]);
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
    ["the command line, by the rule", ["sudo", "-n", SALLYPORT, "approve", "--yes", "ID"], 1],
    ["the command line, as itself", [SALLYPORT, "approve", "--yes", "--no-input", "ID"], 77],
    [
      "what sudo would have said",
      ["env", "SUDO_UID=1000", SALLYPORT, "approve", "--yes", "ID"],
      77,
    ],
  ])("an agent cannot grant by %s", async (_name, argv, status) => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const words = argv.map((word) => (word === "ID" ? id : word));
      expect((await exec(place, "agent", words)).status).toBe(status);
      expect(await stands(place, id)).toBe("pending");
      await expectNotGranted(place);
    });
  });

  test.each([
    ["read what waits", `cat ${STORE}`],
    ["write what waits", `: >>${STORE}`],
    ["put its own in place", `mv /srv/own ${STORE}`],
    ["take it away", `rm -f ${STORE}`],
  ])("an agent cannot %s", async (_name, script) => {
    await placed(async (place) => {
      await wait(place, WISH.join(" "));
      await arrangeScript(place, `cp ${STORE} /srv/own; chown agent /srv /srv/own`);
      const { status } = await exec(place, "agent", ["/bin/sh", "-c", script]);
      expect(status).not.toBe(0);
      await expectNotGranted(place);
    });
  });

  test("a store that others could have written grants nothing, and is told to the administrator", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      await approve(place, id);
      await arrange(place, "chown", "agent", STORE);
      expectRefusal(await askOnce(place, ...WISH), "internal");
      await arrangeScript(place, `chown root ${STORE}; echo garbage >${STORE}`);
      expectRefusal(await askOnce(place, ...WISH), "internal");
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
    ["an object that says one thing twice", '{"argv":["id"],"argv":["reboot"]}'],
    ["an object written otherwise", '{ "argv": ["id"] }'],
    ["too much", JSON.stringify({ argv: ["x".repeat(16_384)] })],
  ])("%s does not wait for a person", async (_name, subject) => {
    await placed(async (place) => {
      const { reply } = await askOnce(place, "grant", "request", subject, "");
      expect(["usage", "not_allowed"]).toContain(reply.error?.code);
    });
  });

  test("one user's wishes are bounded, and the same wish waits once", async () => {
    await placed(async (place) => {
      const first = await wait(place, WISH.join(" "));
      expect(await wait(place, WISH.join(" "))).toBe(first);
      const calls = Array.from({ length: 20 }, (_, at) => {
        return ["grant", "request", JSON.stringify({ argv: [String(at)] }), ""];
      });
      const codes = (await askAll(place, calls, { jobs: 1 })).map(({ reply }) => reply.error?.code);
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
        expect.stringMatching(/^left  waits \d+ min$/),
        "what  a step outside the sandbox",
        'argv  "rm"',
        '  "-rf"',
        '  "/srv/a b"',
        '  "\\u001b[1Aid\\nasked by  uid 0"',
        `the agent claims: ${String.raw`"\u202eharmless\nstate  granted by uid 1000\n\u001b[2J"`}`,
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
      expectRefusal(await askOnce(place, "grant", "use", id, STEP), "locked_down");
      expectRefusal(await askOnce(place, "service", "status", "ssh"), "locked_down");
      expectRefusal(await askOnce(place, "grant", "request", WISH.join(" "), ""), "locked_down");
      const off = await decide(place, "lockdown", "off");
      expect(off).toMatchObject({ status: 0, stdout: "not locked down\n" });
      expect((await askOnce(place, "grant", "use", id, STEP)).reply.success).toBe(true);
      const notes = (await records(place)).filter(({ phase }) => phase === "note");
      expect(notes.map(({ decision, rule }) => [decision, rule])).toEqual(
        expect.arrayContaining([
          ["lockdown on", "by uid 1000: incident 42"],
          ["lockdown off", "by uid 1000: null"],
        ]),
      );
    });
  });
});

async function setUpFor(place: Host, user: string): Promise<void> {
  await arrange(place, SALLYPORT, "setup-sudo", "--user", user);
}
