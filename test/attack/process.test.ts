/** The caller's process: descriptors, limits, masks, names, and the signals that sudo relays. */
import { afterAll, beforeAll, expect, test } from "vitest";
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
import { ATTRIBUTES, expectCleanChild, expectOutcome } from "./attributes.ts";
import { callAs, provenChain, WITH_SPY, type Called } from "./caller.ts";

const SUDO = ["/usr/bin/sudo", "-n", HELPER];
const READ = [...SUDO, "service", "status", "nginx"];
const RESTART = [...SUDO, "service", "restart", "nginx"];

/** A restart that takes a while, says when it has begun, and may happen more often than five times. */
const ACTING = "/run/attack.acting";
const DROP_IN = "/run/systemd/system/nginx.service.d";
const SLOW = `rm -f ${ACTING}
mkdir -p ${DROP_IN}
cat >${DROP_IN}/attack.conf <<END
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStartPre=/bin/sh -c '>${ACTING}; sleep 0.4'
ExecStartPost=/bin/rm -f ${ACTING}
END
systemctl daemon-reload`;
const FAST = `rm -rf ${DROP_IN} ${ACTING}; systemctl daemon-reload; systemctl restart nginx`;

/** Prints every socket that begins to listen, until its standard input ends. */
const WATCH = `use strict; use warnings;
my %seen;
sub look { my %now; for my $file ('/proc/net/tcp', '/proc/net/tcp6') {
  open my $table, '<', $file or next;
  while (<$table>) { my (undef, $local, undef, $state) = split; $now{$local} = 1 if $state eq '0A' } }
  return %now }
%seen = look();
syswrite STDOUT, "ready\\n";
while (1) {
  my %now = look();
  for (keys %now) { syswrite STDOUT, "$_\\n" unless $seen{$_}++ }
  vec(my $set = '', 0, 1) = 1;
  select $set, undef, undef, 0.002;
  last if vec($set, 0, 1) && !sysread STDIN, my $data, 10;
}`;

/** As long as all of what is watched may take. */
const WATCHED_MS = 110_000;

async function watched<T>(host: Host, act: () => Promise<T>): Promise<[T, string[]]> {
  // The watcher's input is a FIFO of the host, held open until all is over.
  await arrangeScript(host, "rm -f /run/attack.fifo; mkfifo /run/attack.fifo");
  const script = `exec perl -e "$1" </run/attack.fifo`;
  const perl = start(host, "root", ["sh", "-c", script, "sh", WATCH]);
  const watcher = endOf(perl, "", WATCHED_MS);
  const watches = new Promise((resolve) => perl.stdout?.once("data", resolve));
  const hold =
    "exec 3>/run/attack.fifo; until [ -e /run/attack.end ]; do sleep 0.1; done; rm /run/attack.end /run/attack.fifo";
  const holder = exec(host, "root", ["sh", "-c", hold], { timeoutMs: WATCHED_MS });
  await Promise.race([watches, watcher]);
  const result = await act();
  await arrangeScript(host, ">/run/attack.end");
  await holder;
  const [ready, ...lines] = (await watcher).stdout.trimEnd().split("\n");
  expect(ready).toBe("ready");
  return [result, lines.map((line) => line.replace(/^.*:/, ""))];
}

describeInLab("a caller's process", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test("P07: descriptors too few for Node's own start still get an answer", async () => {
    const run = ["/usr/bin/prlimit", "--nofile=20", ...READ];
    const [called] = await callAs(host, [{ run }]);
    expect(called).toMatchObject({ status: 71, stderr: "", reply: { success: false, data: null } });
  });

  test("N07: a working directory that cannot be entered is left alone", async () => {
    await arrangeScript(host, "mkdir -p /tmp/closed && chmod 000 /tmp/closed");
    const within = [...WITH_SPY, "sh", "-c", 'cd /tmp/closed; exec "$@"', "sh"];
    const called = await callAs(host, [{ run: READ }, { run: [...SUDO, "version"] }], { within });
    await arrange(host, "rmdir", "/tmp/closed");
    expectCleanChild(called[0], "mode 000");
    expect(called[1]).toMatchObject({ status: 0, reply: { success: true } });
  });

  test("nothing the caller does to its process reaches a child, or nothing is done", async () => {
    const cases = ATTRIBUTES.map(({ words, fields }) => ({ run: [...words, ...READ], ...fields }));
    const before = (await records(host)).length;
    const called = await callAs(host, cases, { within: WITH_SPY });
    ATTRIBUTES.forEach((attribute, at) => expectOutcome(called[at], attribute));
    const written = (await records(host)).slice(before);
    const begun = ATTRIBUTES.filter(({ outcome }) => outcome === "works" || outcome === "silent");
    expect(written.filter(({ phase }) => phase === "begin")).toHaveLength(begun.length);
    expect(written.filter(({ phase }) => phase === "end")).toHaveLength(begun.length);
    await provenChain(host);
  });

  test("V16: the log is root's alone, whatever the caller's umask", async () => {
    const script = 'mkdir /root/log && mount --bind /root/log /var/log && exec "$@"';
    const within = ["unshare", "--mount", "sh", "-euc", script, "sh"];
    for (const umask of ["0", "777"]) {
      const [called] = await callAs(host, [{ run: [...SUDO, "no-such-kind"], umask }], { within });
      expect(called?.reply).toMatchObject({ error: { code: "usage" } });
      const modes = await arrangeScript(
        host,
        "stat -c %U:%a /root/log/sallyport /root/log/sallyport/*",
      );
      expect(modes).toBe("root:750\nroot:640\n");
      await arrange(host, "rm", "-r", "/root/log");
    }
  });
});

describeInLab("a signal that sudo relays", () => {
  let host: Host;
  const USR1 = 10;
  const early = [0, 5, 10, 20, 30, 40, 50, 60, 80, 100];
  const relayed = { HUP: 1, INT: 2, QUIT: 3, USR1, USR2: 12, PIPE: 13, TERM: 15, TSTP: 20 };
  // Sudo stops with the command it believes to be stopped; whoever did that lets it go on.
  const [ALRM, CONT] = [14, 18];
  let starting: Called[] = [];
  let acting: Called[] = [];
  let listeners: string[] = [];
  let written: Record<string, unknown>[] = [];

  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
    await arrangeScript(host, SLOW);
    const before = (await records(host)).length;
    [[starting, acting], listeners] = await watched(host, async () => {
      const one = early.map((ms) => ({
        run: [...SUDO, "service", "status", "nginx"],
        signal: [`${USR1}@${ms}`],
      }));
      const two = Object.values(relayed).map((number) => ({
        run: RESTART,
        after: ACTING,
        signal: [
          ...[0, 20, 100].map((ms) => `${number}@${ms}`),
          // A sudo that is late to hear of it stops later; one that has ended gets none of these.
          ...[150, 1000, 5000, 15_000].map((ms) => `${CONT}@${ms}`),
        ],
      }));
      two.push({ run: RESTART, after: ACTING, signal: [`${ALRM}@0`] });
      return [await callAs(host, one), await callAs(host, two, { width: 1 })] as const;
    }).then(([[one, two], ports]) => [[one, two], ports] as const);
    written = (await records(host)).slice(before);
  });

  afterAll(async () => {
    await arrangeScript(host, FAST); // also ends the rate limit's count
  });

  test.each(early.map((ms, at) => ({ ms, at })))(
    "N01: SIGUSR1 after $ms ms ends the helper before it acts, or not at all",
    ({ at }) => {
      const called = starting[at];
      expect(called).toMatchObject({ late: false });
      expect(called?.stderr).not.toMatch(/[Dd]ebugger|inspector/);
      if (called?.reply === null) expect(called).toMatchObject({ signal: USR1, stdout: "" });
      else expect(called?.reply).toMatchObject({ success: true });
    },
  );

  test.each(Object.keys(relayed).map((name, at) => ({ name, at })))(
    "P07: SIG$name in the middle of an act leaves it to end, be answered and recorded",
    ({ at }) => {
      const { reply, ...called } = acting[at] as Called;
      expect(called).toMatchObject({ status: 0, signal: 0, late: false, stderr: "" });
      expect(reply).toMatchObject({ success: true, data: { ActiveState: "active" } });
      const mine = written.filter(({ requestId }) => requestId === reply?.requestId);
      expect(mine).toMatchObject([{ phase: "begin" }, { phase: "end", result: { code: null } }]);
    },
  );

  test("P07: SIGALRM, on which sudo kills what it started after two seconds, does not end an act", async () => {
    const { late } = acting.at(-1) as Called;
    expect(late).toBe(false);
    const state = await arrange(host, "systemctl", "show", "--property=ActiveState", "nginx");
    expect(state).toBe("ActiveState=active\n");
    await provenChain(host);
  });

  test("N01: nobody listens, on 9229 or anywhere", () => {
    expect(listeners).toEqual([]);
  });

  test("N01: the watcher would have seen an inspector", async () => {
    const inspector = `use Socket; socket my $s, PF_INET, SOCK_STREAM, 0 or die; bind $s, pack_sockaddr_in(9229, INADDR_LOOPBACK) or die; listen $s, 1; select undef, undef, undef, 2`;
    const [, ports] = await watched(host, () => arrange(host, "perl", "-e", inspector));
    expect(ports).toEqual(["240D"]);
  });

  test("N01: what has begun has ended, in one chain", async () => {
    const ids = (phase: string) =>
      written.filter((record) => record["phase"] === phase).map(({ requestId }) => requestId);
    expect(new Set(ids("end"))).toEqual(new Set(ids("begin")));
    await provenChain(host);
  });
});
