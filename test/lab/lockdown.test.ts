/** Lock-down stops what runs, not only what is asked for next: steps of a workflow, sandboxes, sessions. */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import { inPlace, OWN_DISKS } from "../attack/place.ts";
import { withLocks } from "../helper/held-locks.ts";
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
} from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const WITHIN_MS = 2000;
/** A call over HTTP, by the shortest client there is: lab hosts have none. */
const CALL = String.raw`
use Socket;
my ($path, $token, $body) = @ARGV;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
connect($socket, pack_sockaddr_in(7625, INADDR_LOOPBACK)) or die "connect: $!";
my @head = ($body eq "" ? "GET $path HTTP/1.1" : "POST $path HTTP/1.1", "Host: 127.0.0.1:7625",
  "Connection: close", "Authorization: Bearer $token", "Content-Type: application/json",
  "Accept: application/json, text/event-stream", "Content-Length: " . length $body);
syswrite $socket, join("\r\n", @head, "", $body);
print while <$socket>;
`;
const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  },
});
const FIRST_STEP = '{ id: s1, sudoLock: true, run: "sudo id -u >/tmp/began; sleep 97" }';

describeInLab("lock-down", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });
  afterEach(async () => {
    await arrangeScript(host, `rm -rf /var/lib/sallyport/lockdown /home/ops/w.yaml /tmp/began`);
  });

  test("within two seconds it stops a workflow of 20 steps, 5 sandboxes and a session, and is on record", async () => {
    const steps = Array.from({ length: 19 }, (_, at) => {
      return `{ id: s${at + 2}, sudoLock: true, run: "sleep 97" }`;
    });
    const text = `name: w\nsteps:\n${[FIRST_STEP, ...steps].map((step) => `  - ${step}\n`).join("")}`;
    await exec(host, "ops", ["tee", "/home/ops/w.yaml"], { input: text });
    const words = ["run", "/home/ops/w.yaml", "--password-fd", "0", "--jobs", "20", "--json"];
    const run = start(host, "ops", ["setsid", "--wait", PROGRAM, ...words]);
    run.stdin?.write("lab-ops-password\n");
    const sandboxes = Array.from({ length: 5 }, () => {
      const code = [PROGRAM, "exec", "--language", "bash", "--json", "-"];
      const one = start(host, "agent", code);
      one.stdin?.end("sleep 97");
      return one;
    });
    const session = start(host, "agent", ["sudo", "-n", HELPER, "session"]);
    await once(session.stdout ?? session, "data");
    const sleeping = async (): Promise<number> =>
      Number((await exec(host, "root", ["pgrep", "-fc", "^sleep 97$"])).stdout);
    for (let times = 0; times < 100 && (await sleeping()) < 25; times += 1) await pause(200);
    expect(await sleeping()).toBeGreaterThanOrEqual(25);

    const ends = [run, ...sandboxes].map((child) => endOf(child));
    const begun = Date.now();
    await arrange(host, PROGRAM, "lockdown", "on", "-m", "incident 42");
    const ended = await Promise.all(ends);
    const taken = Date.now() - begun;
    expect(await sleeping()).toBe(0);
    expect(JSON.parse(ended[0]?.stdout ?? "")).toMatchObject({ data: { state: "cancelled" } });
    session.stdin?.end('{"argv":["service","status","ssh"]}\n');
    expect((await endOf(session)).stdout).toContain('"locked_down"');
    const last = (await records(host)).filter(({ decision }) => decision === "reported").at(-1);
    expect(last).toMatchObject({
      uid: 0,
      via: "direct",
      rule: "lockdown on by uid 0: incident 42",
    });
    expect(taken).toBeLessThan(WITHIN_MS);
  });

  test("nothing is begun while it lasts", async () => {
    const words = [PROGRAM, "exec", "--language", "bash", "--json", "-"];
    const run = async () => await exec(host, "agent", words, { input: "echo ran" });
    expect(JSON.parse((await run()).stdout)).toMatchObject({ success: true, stdout: "ran\n" });
    await arrange(host, PROGRAM, "lockdown", "on");
    expect(JSON.parse((await run()).stdout)).toMatchObject({ success: false, stdout: "" });
  });

  test.each<[lock: string, words: string[]]>([
    ["package", ["package", "autoclean"]],
    ["audit", ["service", "restart", "nginx"]],
    ["audit", ["service", "status", "nginx"]],
  ])("what waited for the lock %s when it came is not begun: %j", async (lock, words) => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const locking = () => exec(place, "root", [PROGRAM, "lockdown", "on"]);
      const [asked, locked] = await withLocks(place, [`/run/sallyport/${lock}.lock`], async () => {
        const both = [exec(place, "agent", ["sudo", "-n", HELPER, ...words])];
        const opened = `ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '/run/sallyport/${lock}.lock$'`;
        const openers = async () =>
          Number((await exec(place, "root", ["sh", "-c", opened])).stdout);
        // It has been judged, and waits: beside who holds the lock it has opened it.
        await expect.poll(openers, { timeout: 7000 }).toBeGreaterThan(1);
        both.push(locking());
        // It holds before it is on record, for which it may have to wait.
        const there = () => exec(place, "root", ["test", "-e", "/var/lib/sallyport/lockdown"]);
        await expect.poll(there, { timeout: 7000 }).toMatchObject({ status: 0 });
        return both;
      });
      expect(JSON.parse((await asked)?.stdout ?? "")).toMatchObject({
        success: false,
        error: { code: "locked_down", message: "this host is locked down" },
      });
      expect((await locked)?.status).toBe(0);
      const all = (await records(place)).map(({ phase, decision }) => [phase, decision]);
      const two = [
        ["note", "reported"],
        ["refused", "locked_down"],
      ];
      expect([all.length, all]).toEqual([2, expect.arrayContaining(two)]);
    });
  });

  test("the daemon takes nothing until it is lifted, and still says how it is", async () => {
    const state = "/home/agent/daemon";
    await exec(host, "agent", ["mkdir", "-m", "700", state]);
    // It is ended by its number in the host: nsenter(1) passes no signal on.
    const script = `echo $$ >${state}/pid; exec ${PROGRAM} daemon --state-dir ${state}`;
    const daemon = start(host, "agent", ["sh", "-c", script]);
    await once(daemon.stderr ?? daemon, "data");
    const token = (await arrange(host, "cat", `${state}/token`)).trim();
    const call = async (path: string, body = "", shown = token): Promise<string> =>
      (await exec(host, "other", ["perl", "-e", CALL, path, shown, body])).stdout;
    try {
      await expect.poll(() => call("/mcp", INITIALIZE)).toMatch(/^HTTP\/1\.1 200 /);
      await arrange(host, PROGRAM, "lockdown", "on");
      const refused = await call("/mcp", INITIALIZE);
      expect(refused).toMatch(/^HTTP\/1\.1 503 /);
      expect(refused).toContain('{"error":"locked down: nothing is taken until');
      expect(await call("/mcp", INITIALIZE, "x")).toMatch(/^HTTP\/1\.1 401 /);
      expect(await call("/metrics")).toMatch(/^HTTP\/1\.1 200 /);
      await arrange(host, PROGRAM, "lockdown", "off");
      expect(await call("/mcp", INITIALIZE)).toMatch(/^HTTP\/1\.1 200 /);
    } finally {
      await arrangeScript(host, `kill $(cat ${state}/pid)`);
      await endOf(daemon);
      await arrange(host, "rm", "-rf", state);
    }
  });
});
