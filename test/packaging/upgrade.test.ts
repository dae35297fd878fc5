/** From one version of the package to another and back, in use. The tests of this file are steps: each needs the ones before. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Grant, Reply } from "../../protocol/reply.ts";
import {
  arrange,
  arrangeScript,
  AUDIT,
  describeInLab,
  endOf,
  exec,
  ownHost,
  start,
} from "../lab/host.ts";
import { DEB, installedHost, SOCKETS, STATE } from "./installed-host.ts";
import { buildPrevious, PREVIOUS, PREVIOUS_DEB, removePrevious } from "./previous.ts";

const HELPER = "/usr/libexec/sallyport/sallyport-helper";
const KEPT = [
  "/etc/sudoers.d/zz-sallyport-uid1001",
  "/etc/sallyport/policy.json",
  "/etc/sallyport/daemon.yaml",
  `${STATE}/token`,
];
const { version: CURRENT } = JSON.parse(
  readFileSync(join(resolve(import.meta.dirname, "../.."), "package.json"), "utf8"),
) as { version: string };

/** Wishes of the agent's: one waits, one is granted, one is denied. */
const PENDING = JSON.stringify({ kind: "step", argv: ["/bin/true"] });
const GRANTED = ["package", "autoremove"];
const DENIED = JSON.stringify({ kind: "step", argv: ["/bin/false"] });

/** Looks without a pause whether the rule's program is there and can be run, until its input ends. */
const WATCH = String.raw`
use IO::Select;
my ($looks, $missing) = (0, 0);
my $end = IO::Select->new(\*STDIN);
$| = 1; print "watching\n";
until ($end->can_read(0)) { $looks++; $missing++ unless -f $ARGV[0] && -x _ && -s _; }
print "$looks $missing\n";
`;
/** Asks by the rule, one request after the other, until its input ends; prints what did not succeed. */
const ASK = String.raw`
use IO::Select;
my ($asked, $end) = (0, IO::Select->new(\*STDIN));
until ($end->can_read(0)) {
  my $reply = qx(sudo -n $ARGV[0] service status nginx 2>&1);
  $asked++;
  print $reply unless $reply =~ /^\{"v":1,"success":true/;
}
print "asked $asked\n";
`;

describeInLab("in use", () => {
  const host = ownHost();
  const { apt, as, callTool, clear, http, purge, states, token } = installedHost(host);
  beforeAll(async () => {
    buildPrevious();
    await clear();
  }, 400_000);
  afterAll(async () => {
    removePrevious();
    await as("root", "sallyport", "setup-sudo", "--user", "agent", "--uninstall");
    await purge();
  }, 120_000);

  const versionByRule = async (): Promise<unknown> => {
    const { stdout } = await as("agent", "sudo", "-n", HELPER, "version");
    return (JSON.parse(stdout) as { data: { version: string } }).data.version;
  };
  const decide = async (...words: string[]): Promise<void> => {
    const argv = ["sudo", "-k", "-S", "sallyport", ...words];
    const ended = await exec(host, "ops", argv, { input: "lab-ops-password\n" });
    expect(ended.status, ended.stderr).toBe(0);
  };
  const askOnce = async (...words: string[]): Promise<Reply> =>
    JSON.parse((await as("agent", "sudo", "-n", HELPER, ...words)).stdout) as Reply;
  const grantsIn = ({ data }: Reply): Grant[] => (data?.kind === "grant" ? data.grants : []);
  const request = async (subject: string): Promise<string> => {
    const [grant] = grantsIn(await askOnce("grant", "request", subject, ""));
    return grant?.id ?? "";
  };
  const standing = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      grantsIn(await askOnce("grant", "check")).map(({ id, stands, uses }) => [
        id,
        `${stands} ${uses}`,
      ]),
    );
  const log = async (): Promise<string> => await arrange(host, "cat", AUDIT);
  let kept = "";
  let [pending, granted, denied] = ["", "", ""];

  test(
    "the previous version is set up: a rule, a policy that is narrowed, a daemon",
    { timeout: 120_000 },
    async () => {
      expect((await apt("install", PREVIOUS_DEB)).status).toBe(0);
      await arrange(host, "sallyport", "setup-sudo", "--user", "agent");
      await arrangeScript(
        host,
        `echo '{"service stop nginx":"deny"}' >/etc/sallyport/policy.json
sed -i '1i # ours' /etc/sallyport/daemon.yaml`,
      );
      await expect
        .poll(() => http("/healthz"), { timeout: 30_000, interval: 500 })
        .toMatch(/^HTTP\/1\.1 200 /);
      pending = await request(PENDING);
      granted = await request(GRANTED.join(" "));
      denied = await request(DENIED);
      await decide("approve", "--yes", "--uses", "4", granted);
      await decide("deny", "--yes", denied);
      kept = await arrange(host, "sha256sum", ...KEPT);
      expect(await versionByRule()).toBe(PREVIOUS);
      expect((await as("agent", "sallyport", "service", "restart", "nginx")).status).toBe(0);
    },
  );

  test.each([
    ["an upgrade", DEB, CURRENT, []],
    ["a downgrade", PREVIOUS_DEB, PREVIOUS, ["--allow-downgrades"]],
    ["another upgrade", DEB, CURRENT, []],
  ] as const)(
    "%s loses nothing, what waits and what is granted included, and no rule ever points at nothing",
    { timeout: 120_000 },
    async (_, deb, version, options) => {
      const before = await log();
      const waiting = await standing();
      expect(Object.keys(waiting)).toHaveLength(3);
      const perl = ["/usr/bin/perl", "-e"];
      const watch = start(host, "root", [...perl, WATCH, HELPER]);
      const ask = start(host, "agent", [...perl, ASK, HELPER]);
      await new Promise((begun) => watch.stdout?.once("data", begun));
      const words = ["apt-get", "-y", "install", ...options, deb];
      const ended = await exec(host, "root", words, { timeoutMs: 100_000 });
      expect(ended.status, ended.stderr).toBe(0);
      const [watched, asked] = await Promise.all([endOf(watch), endOf(ask)]);
      const [, looks, missing] = /(\d+) (\d+)\n$/.exec(watched.stdout) ?? [];
      expect(Number(looks)).toBeGreaterThan(1000);
      expect(missing).toBe("0");
      expect(asked.stdout).toMatch(/^asked [1-9]\d*\n$/);

      expect(await versionByRule()).toBe(version);
      const left = waiting[granted]?.replace(/\d+$/, (uses) => String(Number(uses) - 1)) ?? "";
      expect(await standing()).toEqual(waiting);
      expect((await askOnce(...GRANTED)).error).toBeNull();
      expect(await standing()).toEqual({ ...waiting, [granted]: left });
      expect(await arrange(host, "sha256sum", ...KEPT)).toBe(kept);
      expect(await states(...SOCKETS)).toEqual(["active", "active"]);
      const after = await log();
      expect(after.startsWith(before)).toBe(true);
      expect(after.length).toBeGreaterThan(before.length);
      const { status, stdout } = await as("root", "sallyport", "audit", "verify");
      expect({ status, stdout }).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("intact"),
      });
      const proven = await as("root", "sallyport", "setup-sudo", "--user", "agent", "--status");
      expect(proven.status, proven.stdout + proven.stderr).toBe(0);
    },
  );

  test("a wish that has waited all the time can be granted and used, and a denial is none", async () => {
    expect(await standing()).toEqual({
      [pending]: "pending 1",
      [granted]: "granted 1",
      [denied]: "denied 1",
    });
    expect(await request(DENIED)).toBe(denied);
    expect((await askOnce("grant", "use", DENIED)).error?.code).toBe("grant_required");
    await decide("approve", "--yes", pending);
    expect((await askOnce("grant", "use", PENDING)).error).toBeNull();
    expect((await askOnce(...GRANTED)).error).toBeNull();
    expect((await askOnce(...GRANTED)).error?.code).toBe("grant_required");
    expect(await standing()).toEqual({ [denied]: "denied 1" });
    expect((await as("root", "sallyport", "audit", "verify")).status).toBe(0);
  });

  test("afterwards everything works as before: the rule, the narrowed policy, the daemon with its old token", async () => {
    expect((await as("agent", "sallyport", "service", "stop", "nginx")).status).toBe(77);
    expect((await as("agent", "sallyport", "service", "restart", "nginx")).status).toBe(0);
    expect(await callTool("service_control", { action: "restart", name: "nginx" })).toMatchObject({
      ok: true,
    });
    expect(await http("/metrics", await token())).toMatch(/^HTTP\/1\.1 200 /);
  });
});
