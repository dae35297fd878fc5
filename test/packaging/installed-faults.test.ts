/** What goes wrong under the installed daemon: each time a clear answer, nothing is done twice, and it mends without a restart. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { arrange, arrangeScript, describeInLab, exec, ownHost, records } from "../lab/host.ts";
import { DEB, installedHost, STATE, type Told } from "./installed-host.ts";

const LOGS = "/var/log/sallyport";
const SETTINGS = `rates: { read: { perSecond: 1000, burst: 1000 }, change: { perSecond: 100, burst: 100 } }
limits: { unreadSeconds: 1 }
auditPollSeconds: 1
healthPollSeconds: 1
`;

/**
 * Disks that can be filled, and an nginx that notes each start and takes as long over it as there is
 * /srv/hold; lines for sh(1).
 */
const ARRANGE = `
mount -t tmpfs -o size=3m,mode=750 none ${LOGS}
install -d -o sallyport -m 700 ${STATE}
mount -t tmpfs -o size=4m,mode=700,uid=sallyport,gid=sallyport none ${STATE}
printf '%s' "$1" >/etc/sallyport/daemon.yaml
: >/srv/starts
mkdir -p /run/systemd/system/nginx.service.d
cat >/run/systemd/system/nginx.service.d/slow.conf <<'END'
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStartPre=/bin/sh -c 'echo >>/srv/starts; while test -e /srv/hold; do sleep 0.05; done'
END
systemctl daemon-reload
`;
const UNDO = `
rm -rf /run/systemd/system/nginx.service.d /etc/systemd/system/sallyport.service /srv/hold /srv/starts /srv/rule
systemctl daemon-reload
systemctl stop sallyport.socket sallyport.service sallyport-helper.socket
for folder in ${LOGS} ${STATE}; do
  while mountpoint -q $folder; do umount -l $folder; done
done
`;

/** The daemon as a site has it that uses sudo: none of the walls, for sudo works behind none of them. */
const UNIT_FOR_SUDO = `
systemctl stop sallyport.service sallyport-helper.socket
cat >/etc/systemd/system/sallyport.service <<'END'
[Unit]
Requires=sallyport.socket
After=sallyport.socket
[Service]
Type=exec
ExecStart=/usr/bin/sallyport daemon
Restart=on-failure
User=sallyport
StateDirectory=sallyport-daemon
StateDirectoryMode=0700
END
systemctl daemon-reload
sallyport setup-sudo --user sallyport
`;

/** One test's fault must not be the next one's. */
const MEND = `
rm -f /srv/hold ${LOGS}/filler ${STATE}/filler
systemctl restart sallyport-helper.socket
`;

/** Ends every session by SIGKILL, and waits until they are gone; nothing is under way in them. */
const KILL_SESSIONS = `
for pid in $(pgrep -f '^/usr/libexec/sallyport/sallyport-helper session'); do
  kill -KILL $pid
  while [ -e /proc/$pid ]; do sleep 0.01; done
done
`;

describeInLab("under the installed daemon", () => {
  const on = installedHost(ownHost());
  const { host, http, show } = on;
  /** Ids of the requests that were answered as done. */
  const done: string[] = [];
  let pid = "";

  const ask = async (name: string, args: object): Promise<Told> => {
    const told = await on.callTool(name, args);
    expect(JSON.stringify([told.reason, told.remedy])).not.toMatch(/\/(usr|var|run|etc)\//);
    // Only what concerns the host is on record.
    if (told.ok && told.requestId !== null && name !== "audit_query") done.push(told.requestId);
    return told;
  };
  const restart = () => ask("service_control", { action: "restart", name: "nginx" });
  const refused = () => ask("service_control", { action: "stop", name: "cron" });
  const status = () => ask("service_status", { name: "nginx" });
  const starts = async (): Promise<number> =>
    Number(await arrangeScript(host, "wc -l </srv/starts"));
  const sh = (script: string) => arrangeScript(host, script);
  const health = async (): Promise<unknown> =>
    JSON.parse((await http("/healthz")).split("\r\n\r\n")[1] ?? "");
  const becomesHealthy = () =>
    vi.waitFor(async () => expect(await health()).toEqual({ status: "ok" }), POLL);
  const metrics = async (): Promise<string> => await http("/metrics", await on.token());
  const log = async (event: string): Promise<Record<string, unknown>[]> => {
    const text = await arrange(host, "journalctl", "-u", "sallyport", "-o", "cat", "--no-pager");
    return text
      .split("\n")
      .filter((line) => line.startsWith(`{`) && line.includes(`"event":"${event}"`))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const phases = async (requestId: string | null): Promise<unknown[]> =>
    (await records(host))
      .filter((one) => one["requestId"] === requestId)
      .map((one) => one["phase"]);
  /** A restart of nginx that the helper has begun, and that goes on until `release`. */
  const held = async () => {
    await sh(": >/srv/hold");
    const before = await starts();
    const answer = on.callTool("service_control", { action: "restart", name: "nginx" });
    answer.catch(() => {});
    await expect.poll(starts, POLL).toBe(before + 1);
    return { answer, before, release: () => sh("rm /srv/hold") };
  };
  beforeAll(async () => {
    await on.clear();
    expect((await on.apt("install", DEB)).status).toBe(0);
    await arrange(host, "sh", "-euc", ARRANGE, "sh", SETTINGS);
    await becomesHealthy();
    pid = await show("sallyport.service", "MainPID");
  }, 300_000);
  afterAll(async () => {
    await sh(UNDO);
    await on.purge();
    await arrange(host, "systemctl", "restart", "nginx");
  }, 120_000);

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await sh(MEND);
    await becomesHealthy();
    expect(await show("sallyport.service", "MainPID"), "no restart was needed").toBe(pid);
    await arrange(host, "sallyport", "audit", "verify");
    const all = (await records(host)).map(
      (one) => `${String(one["requestId"])} ${String(one["phase"])}`,
    );
    const expected = done.flatMap((id) => [`${id} begin`, `${id} end`]);
    const counted = all.filter((one) => expected.includes(one));
    expect(counted.toSorted(), "each on record, and once").toEqual(expected.toSorted());
  });

  test.each([
    ["is switched off", "systemctl stop sallyport-helper.socket"],
    ["is deleted", "rm /run/sallyport-helper.sock"],
  ])("the helper's socket %s: it says so, and its own remedy mends it", async (_, lose) => {
    const before = await starts();
    expect(await restart()).toMatchObject({ ok: true });
    await sh(`${lose}\n${KILL_SESSIONS}`);
    for (const call of [restart, status, refused])
      expect(await call()).toMatchObject({
        code: "no_new_privs",
        reason: expect.stringContaining("socket"),
        requestId: null,
      });
    expect(await health()).toEqual({ status: "unavailable", reason: "no_new_privs" });
    const { stdout } = await on.as("root", "sallyport", "doctor");
    const hint = "systemctl restart sallyport-helper.socket";
    expect(stdout).toMatch(new RegExp(`^warn +helper socket .*\n +hint: ${hint}$`, "m"));
    const { remedy } = await restart();
    expect(remedy).toContain(hint);
    await sh(hint);
    expect(await restart()).toMatchObject({ ok: true });
    expect(await starts()).toBe(before + 2);
  });

  test("the audit log's disk is full: nothing is done, doctor names it, and with room it goes on", async () => {
    const before = await starts();
    await sh(`head -c 3m /dev/zero >${LOGS}/filler 2>/dev/null || :`);
    for (const call of [restart, status, refused])
      expect(await call()).toMatchObject({
        code: "internal",
        reason: expect.stringContaining("audit log"),
        remedy: expect.stringContaining("sallyport doctor"),
      });
    // A failure counts for three polls, of a second each: it is asked for anew, and looked at directly.
    expect(await refused()).toMatchObject({ code: "internal" });
    expect(await health()).toEqual({ status: "unavailable", reason: "internal" });
    expect(await starts()).toBe(before);
    const { status: failed, stdout } = await on.as("root", "sallyport", "doctor");
    expect([failed, stdout]).toEqual([1, expect.stringMatching(/^fail +audit log .*room/m)]);
    // What needs no record is answered all the same.
    expect(await on.callTool("audit_query", {})).toMatchObject({ ok: true });
    await sh(`rm ${LOGS}/filler`);
    await becomesHealthy();
    for (const call of [restart, status]) expect(await call()).toMatchObject({ ok: true });
    expect(await starts()).toBe(before + 1);
  });

  test("the audit log's disk fills up in mid-act: the end is recorded from what was kept for it", async () => {
    const { answer, before, release } = await held();
    await sh(`head -c 2500k /dev/zero >${LOGS}/filler`);
    await release();
    const { ok, requestId } = await answer;
    expect([ok, await phases(requestId)]).toEqual([true, ["begin", "end"]]);
    expect(await restart()).toMatchObject({ code: "internal" });
    expect(await starts()).toBe(before + 1);
    await sh(`rm ${LOGS}/filler`);
    expect(await restart()).toMatchObject({ ok: true });
  });

  test("the daemon's own disk is full: changes are not asked for, reads go on, and with room it goes on", async () => {
    const before = await starts();
    await sh(`head -c 4m /dev/zero >${STATE}/filler 2>/dev/null || :`);
    const recorded = (await records(host)).length;
    for (const call of [restart, refused])
      expect(await call()).toMatchObject({
        code: "not_recorded",
        remedy: expect.stringContaining("disk"),
        requestId: null,
      });
    expect(await records(host)).toHaveLength(recorded);
    expect(await status()).toMatchObject({ ok: true });
    expect(await metrics()).toContain("sallyport_ledger_writable 0\n");
    await sh(`rm ${STATE}/filler`);
    expect(await restart()).toMatchObject({ ok: true });
    expect(await metrics()).toContain("sallyport_ledger_writable 1\n");
    expect((await log("ledger")).slice(-2)).toMatchObject([{ level: "error" }, { level: "info" }]);
    expect(await starts()).toBe(before + 1);
  });

  test("the helper is killed in mid-act: the outcome is unknown, it is not repeated, and its id tells that it was begun", async () => {
    const { answer, before, release } = await held();
    await sh("systemctl kill --signal=KILL 'sallyport-helper@*'");
    const { requestId, ...lost } = await answer;
    expect(lost).toMatchObject({
      code: "unknown_outcome",
      remedy: expect.stringContaining("do not repeat it"),
    });
    const asked = await ask("audit_query", { requestId });
    expect(asked).toMatchObject({ ok: true, data: { outcome: "running" } });
    await release();
    expect(await restart()).toMatchObject({ ok: true });
    expect(await starts()).toBe(before + 2);
    expect(await phases(requestId)).toEqual(["begin"]);
    const shown = await arrange(host, "sallyport", "audit", "show", requestId ?? "");
    expect(shown).toMatch(/^\d+ .* begin {2}allow {2}service restart nginx\n$/);
  });

  test("a session is killed in mid-act: what it began goes on, and answers", async () => {
    const { answer, before, release } = await held();
    await sh("kill -KILL $(pgrep -f '^/usr/libexec/sallyport/sallyport-helper session')");
    await release();
    const { ok, requestId } = await answer;
    expect([ok, await phases(requestId)]).toEqual([true, ["begin", "end"]]);
    expect(await restart()).toMatchObject({ ok: true });
    expect(await starts()).toBe(before + 2);
  });

  test("the daemon is killed in mid-act: the helper finishes, and the next daemon tells what became of it", async () => {
    const { answer, before, release } = await held();
    await sh(`kill -KILL ${pid}`);
    await expect(answer).rejects.toThrow("no result");
    await becomesHealthy();
    pid = await show("sallyport.service", "MainPID");
    await release();
    const told = () => log("unknown_outcome").then((lines) => lines.at(-1));
    await expect.poll(told, POLL).toMatchObject({
      level: "error",
      argv: ["service", "restart", "nginx"],
      requestId: expect.any(String),
      audit: "done",
    });
    const requestId = (await told())?.["requestId"] as string;
    expect(await phases(requestId)).toEqual(["begin", "end"]);
    expect(await ask("audit_query", { requestId })).toMatchObject({ data: { outcome: "done" } });
    expect(await starts(), "asked for once").toBe(before + 1);
    expect(await restart()).toMatchObject({ ok: true });
  });

  test(
    "10,000 malformed requests and a client that never reads cost nobody else his answer",
    { timeout: 240_000 },
    async () => {
      const recorded = (await records(host)).length;
      const { stdout, stderr } = await exec(
        host,
        "other",
        ["perl", "-e", HOSTILE, await on.token()],
        { timeoutMs: 200_000 },
      );
      expect(stdout, stderr).toBe("10000 refused\ncut off\n");
      expect(await records(host)).toHaveLength(recorded);
      expect(await restart()).toMatchObject({ ok: true });
      const rss = /^VmHWM:\s+(\d+) kB$/m.exec(
        await arrange(host, "cat", `/proc/${pid}/status`),
      )?.[1];
      expect(Number(rss)).toBeLessThan(300_000);
    },
  );

  test("where there is no socket: the sudoers rule is removed and named, and the rule mends it", async () => {
    await sh(UNIT_FOR_SUDO);
    await becomesHealthy();
    pid = await show("sallyport.service", "MainPID");
    const before = await starts();
    expect(await restart()).toMatchObject({ ok: true });
    await sh(`mv /etc/sudoers.d/zz-sallyport-uid* /srv/rule\n${KILL_SESSIONS}`);
    for (const call of [restart, status, refused])
      expect(await call()).toMatchObject({
        code: "rule_missing",
        remedy: expect.stringContaining("sallyport setup-sudo"),
        requestId: null,
      });
    expect(await health()).toEqual({ status: "unavailable", reason: "rule_missing" });
    await sh("sallyport setup-sudo --user sallyport");
    expect(await restart()).toMatchObject({ ok: true });
    expect(await starts()).toBe(before + 2);
  });
});

const POLL = { timeout: 20_000, interval: 100 };

/** One connection that sends 10,000 bodies that are no JSON, and reads; one that asks and asks, and does not. */
const HOSTILE = String.raw`
use Socket;
use IO::Select;
$SIG{PIPE} = "IGNORE";
my ($token) = @ARGV;
sub dial {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
  connect($socket, pack_sockaddr_in(7625, INADDR_LOOPBACK)) or die "connect: $!";
  return $socket;
}
sub head { join "\r\n", shift, "Host: 127.0.0.1:7625", "Authorization: Bearer $token", @_, "", "" }
my $body = "{\"jsonrpc\":";
my $bad = head("POST /mcp HTTP/1.1", "Content-Type: application/json",
  "Accept: application/json, text/event-stream", "Content-Length: " . length $body) . $body;
my $refused = 0;
while ($refused < 10000) {
  my $socket = dial();
  my $sent = 0;
  for (1 .. 10) { defined syswrite($socket, $bad) or last; $sent++ }
  shutdown $socket, 1;
  local $/;
  my $said = <$socket> // "";
  my $got = () = $said =~ /HTTP\/1\.1 400 /g;
  die "no answer but $said" if $got == 0;
  $refused += $got;
}
print "10000 refused\n";
my $deaf = dial();
my $get = head("GET /metrics HTTP/1.1") x 100;
alarm 120;
1 while defined syswrite $deaf, $get;
print "cut off\n";
`;
