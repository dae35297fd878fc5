/** `sallyport-helper session` through real sudo: lines that are no requests, callers that misbehave, deaths. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { readLine } from "../../agent/session-line.ts";
import { openSession, type Session } from "../../agent/session.ts";
import type { Reply } from "../../protocol/reply.ts";
import {
  arrange,
  describeInLab,
  endOf,
  exec,
  HELPER,
  ownHost,
  records,
  setUp,
  start,
  type Host,
} from "../lab/host.ts";
import {
  BUILD_MS,
  buildSiteHelper,
  inPlace,
  OWN_DISKS,
  putSiteHelper,
  withCurl2,
} from "./place.ts";

const SESSION = ["/usr/bin/sudo", "-n", HELPER, "session"];
const POLICY = '{"argv":["policy"]}\n';
const INSTALL = ["package", "install", "curl"];

/** Sends all at once, then the end of input; the replies in their order. */
async function talk(host: Host, input: string | Buffer): Promise<Reply[]> {
  const child = start(host, "agent", SESSION);
  child.stdin?.write(input);
  const { status, stdout, stderr } = await endOf(child);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((text) => {
      const line = readLine(text);
      if (line.kind !== "reply") throw new Error(text);
      return line.reply;
    });
}

/** Lines for sh(1): \`here PATTERN\` finds processes by their command line, in this place alone. */
const OF_THIS_PLACE = `here() {
  for pid in $(pgrep -f "$1"); do
    [ "$(readlink /proc/$pid/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ] || echo $pid
  done
}
`;
const BEGUN = "while ! [ -e /var/begun ]; do sleep 0.1; done";
/** An installation that says when it is in the middle, and when it has got to its end. */
const SLOW = `${OWN_DISKS}${withCurl2(": >/var/begun; sleep 4; : >/var/finished")}apt-get -qq update\n`;

async function open(host: Host): Promise<{ session: Session }> {
  const child = start(host, "agent", SESSION);
  if (child.stdin === null || child.stdout === null) throw new Error("no pipes");
  const session = await openSession({ input: child.stdin, output: child.stdout }, 20);
  if (session === null || "reason" in session) throw new Error("no session");
  return { session };
}

const NO_REQUESTS: Record<string, string | Buffer> = {
  "an empty line": "",
  "a blank line": "  ",
  "words as in argv": "policy",
  "half an object": '{"argv":["policy"]',
  "two objects": '{"argv":["policy"]}{"argv":["policy"]}',
  "a list": '["policy"]',
  "a word": '"policy"',
  null: "null",
  "no argv": "{}",
  "an argv that is a word": '{"argv":"policy"}',
  "an argv with a number": '{"argv":["policy",1]}',
  "an argv in a list": '{"argv":[["policy"]]}',
  "no words": '{"argv":[]}',
  "an unknown key": '{"argv":["policy"],"uid":0}',
  "a stream that is a word": '{"argv":["policy"],"stream":"yes"}',
  "N08: argv twice": '{"argv":["policy"],"argv":["version"]}',
  "N08: argv from a prototype": '{"__proto__":{"argv":["policy"]}}',
  "N08: a prototype beside argv": '{"argv":["policy"],"__proto__":{}}',
  "N08: a byte order mark": '\uFEFF{"argv":["policy"]}',
  "N08: NUL between": '{"argv":\0["policy"]}',
  "N08: bytes that are no UTF-8": Buffer.from('{"argv":["\xff\xfe"]}', "latin1"),
  "a session in a session": '{"argv":["session"]}',
  "a word too many": '{"argv":["policy","x"]}',
  "V21: a line of 5,000 bytes": `{"argv":["service","status","${"x".repeat(5000)}"]}`,
  "V21: a line of 1 MiB": "x".repeat(2 ** 20),
};

describeInLab("a session", () => {
  let host: Host;
  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent.each(Object.entries(NO_REQUESTS))(
    "$0 is answered once, as malformed, and the next request is not lost",
    async (_name, line) => {
      const all = Buffer.concat([Buffer.from(line), Buffer.from(`\n${POLICY}`)]);
      const replies = await talk(host, all);
      expect(replies.map(({ error }) => error?.code ?? null)).toEqual([null, "usage", null]);
      expect(replies.map(({ data }) => data?.kind)).toEqual(["version", undefined, "policy"]);
    },
  );

  test.concurrent.each([
    ["not_allowed", ["service", "status", "cron"]],
    ["not_allowed", ["service", "status", "nginx\0"]],
    ["not_allowed", ["service", "status", "\ud800"]],
    ["not_allowed", ["package", "install", "sudo-"]],
    ["grant_required", ["service", "stop", "ssh"]],
  ])("%s, as in argv: %j", async (code, argv) => {
    const [, reply] = await talk(host, `${JSON.stringify({ argv })}\n`);
    expect(reply?.error?.code).toBe(code);
  });

  test.concurrent("replies come in order, each with the number of its line", async () => {
    const lines = Array.from({ length: 50 }, (_, number) => (number % 2 === 0 ? POLICY : "?\n"));
    const replies = await talk(host, lines.join(""));
    const [id] = /^\d+-\d+/.exec(replies[0]?.requestId ?? "") ?? [];
    expect(replies.map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 51 }, (_, number) => `${id}.${number}`),
    );
  });

  test.concurrent("what has no line feed is no request: nothing is done", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      expect(await talk(place, '{"argv":["service","restart","nginx"]}')).toHaveLength(1);
      expect((await exec(place, "root", ["cat", "/var/log/sallyport/audit.jsonl"])).status).toBe(1);
    });
  });

  test.concurrent("not_root: nobody has a session without sudo", async () => {
    const ended = await exec(host, "agent", [HELPER, "session"], { input: POLICY });
    const codes = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as Reply).error?.code);
    expect(codes).toEqual(["not_root", "not_root"]);
  });

  test.concurrent("V21: a line without end fills no memory, and is one malformed request", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const child = start(place, "agent", SESSION);
      const block = Buffer.alloc(2 ** 20, "x");
      for (let sent = 0; sent < 64; sent += 1)
        if (child.stdin?.write(block) === false) await once(child.stdin, "drain");
      const peak = await arrange(
        place,
        "sh",
        "-euc",
        `${OF_THIS_PLACE}
for pid in $(here "^${HELPER} session"); do grep VmHWM /proc/$pid/status; done`,
      );
      expect(Number(/^VmHWM:\s+(\d+) kB\n$/.exec(peak)?.[1])).toBeLessThan(90 * 1024);
      child.stdin?.write(`\n${POLICY}`);
      const { stdout } = await endOf(child);
      const codes = stdout
        .trimEnd()
        .split("\n")
        .map((line) => (JSON.parse(line) as Reply).error?.code);
      expect(codes).toEqual([undefined, "usage", undefined]);
    });
  });

  test.concurrent("10,000 malformed lines: each is answered, and each is on record", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      // Read in the host: a test that is busy elsewhere would be a caller that does not read.
      const count = `yes garbage | head -n 10000 | "$@" | grep -o '"error":.*"code":"[a-z]*"' | uniq -c`;
      const { stdout } = await exec(place, "agent", ["sh", "-c", count, "sh", ...SESSION], {
        timeoutMs: 150_000,
      });
      expect(stdout.trim()).toBe('10000 "error":{"code":"usage"');
      expect(await records(place)).toHaveLength(10_000);
      await arrange(place, "/opt/sallyport/sallyport", "audit", "verify");
    });
  }, 180_000);

  test.concurrent("a caller that never reads is given up, and its session ends", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const unread = `{ "$@"; echo "status $?" >&2; pkill -P $$ sleep; } | sleep 150`;
      const child = start(place, "agent", ["sh", "-c", unread, "sh", ...SESSION]);
      child.stdin?.write(POLICY.repeat(200));
      const [said] = (child.stderr === null ? [] : await once(child.stderr, "data")) as unknown[];
      expect(String(said), "the session has ended").toMatch(/^status 0\n/);
      await endOf(child);
    });
  });

  test.concurrent("what a program says is told as it comes, and again in the reply", async () => {
    const talks = 'for step in 1 2 3; do echo "step $step of café"; sleep 0.4; done';
    await inPlace(host, `${OWN_DISKS}${withCurl2(talks)}apt-get -qq update\n`, async (place) => {
      const { session } = await open(place);
      const told: string[] = [];
      const answer = await session.ask(INSTALL, 60, ({ stream, text }) => {
        if (stream === "stdout") told.push(text);
      });
      void session.close();
      if (answer.kind !== "reply") throw new Error(answer.kind);
      expect(answer.reply.success).toBe(true);
      expect(told.length).toBeGreaterThan(2);
      expect(told.join("").endsWith(answer.reply.stdout)).toBe(true);
      expect(answer.reply.stdout).toContain("step 3 of café");
    });
  });

  test.concurrent.each(["KILL", "ALRM"])(
    "P07: %s to sudo in mid-installation: it ends, it is answered, and then the session is over",
    async (signal) => {
      await inPlace(host, SLOW, async (place) => {
        const { session } = await open(place);
        const answer = session.ask(INSTALL, 60, undefined);
        await arrange(
          place,
          "sh",
          "-euc",
          `${OF_THIS_PLACE}${BEGUN}
kill -${signal} $(here "^/usr/bin/sudo -n ${HELPER} session")`,
        );
        expect(await answer).toMatchObject({ kind: "reply", reply: { success: true } });
        await arrange(place, "test", "-e", "/var/finished");
        for (let tries = 0; tries < 50 && session.alive(); tries += 1) await sleep(100);
        expect(session.alive()).toBe(false);
      });
    },
  );

  test.concurrent("P07: KILL to all that is of the helper: its outcome is unknown, and the records say so", async () => {
    await inPlace(host, SLOW, async (place) => {
      const { session } = await open(place);
      const answer = session.ask(INSTALL, 60, undefined);
      await arrange(
        place,
        "sh",
        "-euc",
        `${OF_THIS_PLACE}${BEGUN}
kill -KILL $(here "^(/proc/self/exe|${HELPER}) ")`,
      );
      const outcome = await answer;
      if (outcome.kind !== "unknown_outcome") throw new Error(JSON.stringify(outcome));
      expect(session.alive()).toBe(false);
      const [, reply] = await talk(place, '{"argv":["audit"]}\n');
      if (reply?.data?.kind !== "audit") throw new Error("no records");
      expect(reply.data.records).toMatchObject([
        { requestId: outcome.requestId, phase: "begin", argv: INSTALL },
      ]);
    });
  });

  test.concurrent("an idle session ends, and so does an old one: each says so, and has read nothing more", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      putSiteHelper(place);
      const idle = await open(place);
      const began = Date.now();
      while (idle.session.alive() && Date.now() - began < 20_000) await sleep(50);
      expect(Date.now() - began).toBeGreaterThan(2000);
      expect(await idle.session.ask(["version"], 5, undefined)).toMatchObject({
        kind: "unknown_outcome", // it was dead before: a pool would not have asked it
      });
      const old = await open(place);
      const opened = Date.now();
      const kinds: string[] = [];
      while (old.session.alive() && kinds.length < 200) {
        kinds.push((await old.session.ask(["version"], 5, undefined)).kind);
        await sleep(100);
      }
      expect(Date.now() - opened, "use keeps it past its idle time").toBeGreaterThan(4000);
      expect(old.session.alive()).toBe(false);
      expect(new Set(kinds.slice(0, -1))).toEqual(new Set(["reply"]));
      expect(["reply", "unread"]).toContain(kinds.at(-1));
    });
  });

  test.concurrent("N01: signals relayed by sudo open no inspector and end no session", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const { session } = await open(place);
      const script = `${OF_THIS_PLACE}sudo=$(here "^/usr/bin/sudo -n ${HELPER} session")
for signal in USR1 USR2 TERM HUP INT QUIT; do kill -$signal $sudo; done
sleep 0.5
! grep -q ':2405 ' /proc/net/tcp`;
      await arrange(place, "sh", "-euc", script);
      expect((await session.ask(["policy"], 20, undefined)).kind).toBe("reply");
      void session.close();
    });
  });

  test.concurrent("a caller sees its own records, and neither those of others nor reasons", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      await exec(place, "root", [HELPER, "service", "stop", "nothing"]);
      await exec(place, "agent", [...SESSION.slice(0, -1), "service", "stop", "something"]);
      const [, reply] = await talk(place, '{"argv":["audit"]}\n');
      expect(reply?.data).toEqual({
        kind: "audit",
        records: [
          {
            seq: 2,
            time: expect.any(String),
            requestId: expect.any(String),
            phase: "refused",
            argv: ["service", "stop", "something"],
            decision: "not_allowed",
            result: null,
          },
        ],
        head: { seq: 2, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      });
    });
  });
});
