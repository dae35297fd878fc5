/** A package transaction ends by itself: not by its caller's death, not by signals, not by a full pipe. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
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
  answerIn,
  askAll,
  askOnce,
  BUILD_MS,
  buildSiteHelper,
  inPlace,
  OWN_DISKS,
  putSiteHelper,
  withCurl2,
} from "./place.ts";

/** Its output goes on, so that whoever writes to a pipe without a reader would notice. */
const TALKS = `echo begun; : >/var/begun
for step in 1 2 3 4 5 6; do echo "step $step"; sleep 0.5; done
: >/var/finished`;

/** A transaction that says when it is in the middle, and when it has got to its end. */
const SLOW = `${OWN_DISKS}${withCurl2(TALKS)}apt-get -qq update\n`;
const SUDO = ["/usr/bin/sudo", "-n", HELPER, "package", "install", "curl"];

/**
 * What an agent can do to the sudo that it has started, once the transaction is in its middle; then prints
 * what it has read of the reply, and how sudo ended.
 */
const AGENT = `
use Fcntl;
my ($what, @command) = @ARGV;
pipe my $read, my $write;
if ($what eq "full") {
  my $flags = fcntl $write, F_GETFL, 0;
  fcntl $write, F_SETFL, $flags | O_NONBLOCK;
  1 while defined syswrite $write, "x" x 512;
  fcntl $write, F_SETFL, $flags;
}
my $child = fork;
if (!$child) {
  setpgrp if $what eq "group";
  open STDIN, "<", "/dev/null";
  open STDOUT, ">&", $write;
  close $read;
  exec @command;
}
close $write;
close $read if $what eq "closed";
for (1 .. 300) { last if -e "/var/begun"; select undef, undef, undef, 0.1 }
die "it has not begun" unless -e "/var/begun";
$| = 1;
print "begun\\n";
if ($what eq "full") { <STDIN>; exit }
if ($what eq "limit") { system "prlimit", "--pid", $child, "--fsize=1", "--cpu=1", "--nofile=1" }
elsif ($what eq "group") { kill "KILL", -$child }
elsif ($what ne "closed") { kill $what, $child }
print <$read> unless $what eq "closed";
waitpid $child, 0;
print STDERR $? & 127, " ", $? >> 8, "\\n";
`;

/** Whoever waits for the helper reads late from a pipe that does not block. */
const LATE_READER = `
use Fcntl;
pipe my $read, my $write;
fcntl $write, F_SETFL, O_WRONLY | O_NONBLOCK;
my $child = fork;
if (!$child) { open STDOUT, ">&", $write; exec @ARGV }
close $write;
sleep 4;
print <$read>;
waitpid $child, 0;
exit $? >> 8;
`;

const KILLED_HELPER = `"$@" >/dev/null &
while ! [ -e /var/begun ]; do sleep 0.1; done
pkill -KILL -P $! || :
kill -KILL $! 2>/dev/null || :
wait $! || :`;

type Ending = { signal: number; status: number } | null;
const ENDS = { signal: 0, status: 0 };
const KILLED = { signal: 9, status: 0 };
/** How sudo ends, and whether its caller still gets the reply. */
const ROWS: { what: string; name: string; ending: Ending; replies: boolean }[] = [
  { what: "TERM", name: "TERM to sudo", ending: ENDS, replies: true },
  { what: "HUP", name: "HUP to sudo", ending: ENDS, replies: true },
  { what: "INT", name: "INT to sudo", ending: ENDS, replies: true },
  { what: "QUIT", name: "QUIT to sudo", ending: ENDS, replies: true },
  // sudo takes it for the end of a time limit of its own, and after two seconds kills its child.
  { what: "ALRM", name: "ALRM to sudo", ending: null, replies: true },
  { what: "USR1", name: "N01: USR1 to sudo", ending: ENDS, replies: true },
  { what: "USR2", name: "USR2 to sudo", ending: ENDS, replies: true },
  { what: "KILL", name: "KILL to sudo", ending: KILLED, replies: true },
  { what: "group", name: "KILL to the process group of sudo", ending: KILLED, replies: true },
  { what: "limit", name: "lower limits for sudo", ending: ENDS, replies: true },
  { what: "closed", name: "a reader who has gone", ending: null, replies: false },
];

/** The record of the end, which may come after sudo's. */
async function endRecord(place: Host): Promise<Record<string, unknown> | undefined> {
  for (let tries = 0; tries < 100; tries += 1) {
    const ended = (await records(place)).find(({ phase }) => phase === "end");
    if (ended !== undefined) return ended;
    await sleep(200);
  }
  return undefined;
}

async function expectFinished(place: Host): Promise<void> {
  expect((await endRecord(place))?.["result"]).toMatchObject({ code: null, exitCode: 0 });
  await arrange(place, "test", "-e", "/var/finished");
  expect(
    await arrange(place, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "curl"),
  ).toBe("ii 2.0");
  expect(await arrange(place, "dpkg", "--audit")).toBe("");
  await arrange(place, "/opt/sallyport/sallyport", "audit", "verify");
}

describeInLab("P07: in the middle of an installation", () => {
  let host: Host;
  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent.each(ROWS)(
    "$name: it finishes, and its end is on record",
    async ({ what, ending, replies }) => {
      await inPlace(host, SLOW, async (place) => {
        const ended = await exec(place, "agent", ["perl", "-e", AGENT, what, ...SUDO]);
        const [begun, reply = "", ...rest] = ended.stdout.split("\n");
        expect(begun, `in ${ended.stderr}`).toBe("begun");
        await expectFinished(place);
        expect(rest.length).toBe(replies ? 1 : 0);
        const [signal, status] = (ended.stderr.trim().split("\n").at(-1) ?? "")
          .split(" ")
          .map(Number);
        expect(ending ?? { signal, status }).toEqual({ signal, status });
        const text = replies ? `${reply}\n` : `${JSON.stringify(null)}\n`;
        expect(JSON.parse(text)).toEqual(
          replies ? expect.objectContaining({ success: true, exitCode: 0 }) : null,
        );
      });
    },
  );

  test.concurrent("a reader who never reads: it finishes, and does not stand in anybody's way", async () => {
    await inPlace(host, SLOW, async (place) => {
      const agent = start(place, "agent", ["perl", "-e", AGENT, "full", ...SUDO]);
      await new Promise((begun) => agent.stdout?.once("data", begun));
      await expectFinished(place);
      const next = await askOnce(place, "package", "install", "htop");
      expect(next.reply).toMatchObject({ success: true });
      await endOf(agent);
    });
  });

  test.concurrent("KILL to all that is of the helper: the next call finds nothing half done", async () => {
    await inPlace(host, SLOW, async (place) => {
      await exec(place, "root", ["sh", "-c", KILLED_HELPER, "sh", ...SUDO.slice(2)]);
      let next = await askOnce(place, "package", "install", "curl");
      // What the dead helper had started may still hold dpkg's lock.
      for (let tries = 0; next.reply.error?.code === "busy" && tries < 40; tries += 1) {
        await sleep(500);
        next = await askOnce(place, "package", "install", "curl");
      }
      expect(next.reply, `in ${next.stdout}`).toMatchObject({ success: true });
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
      await arrange(place, "test", "-e", "/var/finished");
      const verified = await arrange(
        place,
        "/opt/sallyport/sallyport",
        "audit",
        "verify",
        "--json",
      );
      expect(JSON.parse(verified), "it says what was interrupted").toMatchObject({
        success: true,
        interruptedCount: 1,
      });
    });
  });

  test.concurrent("a second package action waits for the first", async () => {
    await inPlace(host, SLOW, async (place) => {
      const calls = [
        ["package", "install", "curl"],
        ["package", "install", "htop"],
      ];
      const answers = await askAll(place, calls, { jobs: 2 });
      expect(answers.map(({ reply }) => reply.success)).toEqual([true, true]);
      const logged = await records(place);
      expect(logged.map(({ phase }) => phase)).toEqual(["begin", "end", "begin", "end"]);
      expect(logged[0]?.["requestId"]).toBe(logged[1]?.["requestId"]);
      expect(logged[2]?.["requestId"]).toBe(logged[3]?.["requestId"]);
      expect(await arrange(place, "dpkg", "--audit")).toBe("");
    });
  });

  test.concurrent("the whole reply arrives through a pipe that does not block, however late it is read", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      putSiteHelper(place);
      const argv = ["perl", "-e", LATE_READER, HELPER, "package", "install", "docker.io"];
      const { reply } = answerIn(await exec(place, "root", argv));
      expect(reply).toMatchObject({ success: true, truncated: true });
    });
  });

  test("a lost ssh session: it finishes, and its end is on record", async () => {
    const keys = "/home/agent/.ssh";
    await arrangeScript(
      host,
      `install -d -m 700 -o agent -g agent ${keys}
ssh-keygen -q -N '' -t ed25519 -f /root/agent-key
install -m 600 -o agent -g agent /root/agent-key.pub ${keys}/authorized_keys`,
    );
    try {
      await askOnce(host, "policy", "a word too many"); // so that there is a log
      const before = (await records(host)).length;
      const options =
        "-tt -q -i /root/agent-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
      const script = `ssh ${options} agent@127.0.0.1 "$*" </dev/null >/dev/null &
while ! ps -eo args | grep -q '^/bin/sh /var/lib/dpkg/info/rsync.postinst'; do sleep 0.1; done
kill -9 $!; wait $! || :`;
      const words = [...SUDO.slice(0, -1), "rsync"];
      await exec(host, "root", ["sh", "-c", script, "sh", ...words]);
      let ended: Record<string, unknown> | undefined;
      for (let tries = 0; tries < 100 && ended === undefined; tries += 1) {
        await sleep(200);
        ended = (await records(host))
          .slice(before)
          .find(({ phase, argv }) => phase === "end" && String(argv).endsWith("rsync"));
      }
      expect(ended).toMatchObject({
        uid: 1001,
        user: "agent",
        result: { code: null, exitCode: 0 },
      });
      expect(await arrange(host, "dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "rsync")).toBe(
        "ii ",
      );
      expect(await arrange(host, "dpkg", "--audit")).toBe("");
    } finally {
      await arrangeScript(
        host,
        `rm -rf ${keys} /root/agent-key*; apt-get -qq -y purge rsync >/dev/null`,
      );
    }
  });
});
