/** The package on a real host, from its installation to its purge. The tests of this file are steps: each needs the ones before. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { inPlace, OWN_DISKS } from "../attack/place.ts";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  records,
  type User,
} from "../lab/host.ts";
import { DEB, installedHost, SOCKETS, STATE } from "./installed-host.ts";

const DEB_HELPER = "/opt/sallyport/sallyport-helper";
const HELPER = "/usr/libexec/sallyport/sallyport-helper";

/** Where systemd does not run, as in a container; lines for sh(1). */
const NO_SYSTEMD = `${OWN_DISKS}mount -t tmpfs none /run/systemd`;

/** What a host has; not what apt, dpkg and systemd note down for themselves. */
const EVERYTHING = `find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run/systemd \\
  -o -path /run/udev -o -path /run/log -o -path /var/log/journal -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg \\
  -o -path /var/log/apt -o -path /var/log/dpkg.log -o -path '/var/lib/systemd/*' -o -path '/run/sudo/*' -o -path /run/user -o -path /opt/sallyport \\) -prune \\
  -o ! -name '*-' -printf '%M %u:%g %p %l\\n'; find /run -xdev -name '*sallyport*'
sha256sum /etc/passwd /etc/group /etc/shadow /etc/gshadow`;

/** Sends lines to the helper's socket; prints what comes back until it closes, or why it cannot connect. */
const SESSION = String.raw`
use Socket;
socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
connect($socket, pack_sockaddr_un("/run/sallyport-helper.sock")) or do { print "$!\n"; exit 77 };
syswrite $socket, join "", map { "$_\n" } @ARGV;
shutdown $socket, 1;
print while <$socket>;
`;

describeInLab("the package", () => {
  const host = ownHost();
  const { as, apt, callTool, clear, http, purge, show, states, token } = installedHost(host);
  const session = (user: User, ...lines: string[]) => as(user, "perl", "-e", SESSION, ...lines);
  const everything = async (): Promise<string[]> =>
    (await arrangeScript(host, EVERYTHING)).split("\n").toSorted();

  let before: string[] = [];
  beforeAll(async () => {
    await clear();
    before = await everything();
  }, 300_000);
  afterAll(purge, 120_000);

  test("installs where systemd does not run, for when it does", { timeout: 120_000 }, async () => {
    const ended = await inPlace(host, NO_SYSTEMD, async (place) => {
      const script = `dpkg -i ${DEB} >&2; id -u sallyport; cd /etc/systemd/system; ls sockets.target.wants
ls -ld /var/lib/sallyport >&2; apt-get -y purge sallyport >&2; ls /etc/sallyport /var/lib/sallyport`;
      return await exec(place, "root", ["sh", "-c", script], { timeoutMs: 100_000 });
    });
    const { stdout, stderr } = ended;
    expect(stdout.split("\n"), stderr).toEqual([
      expect.stringMatching(/^\d+$/),
      ...SOCKETS.toSorted(),
      "",
    ]);
  });

  test(
    "purge keeps what narrows a helper that is not the package's",
    { timeout: 120_000 },
    async () => {
      const { stdout, stderr } = await inPlace(host, NO_SYSTEMD, async (place) => {
        const script = `install -D ${DEB_HELPER} /usr/local/libexec/sallyport/sallyport-helper
dpkg -i ${DEB} >&2; touch /etc/sallyport/policy.json /var/lib/sallyport/lockdown
apt-get -y purge sallyport >&2; ls /etc/sallyport /var/lib/sallyport; ls -d /var/lib/sallyport-daemon`;
        return await exec(place, "root", ["sh", "-c", script], { timeoutMs: 100_000 });
      });
      expect(stdout, stderr).toBe(
        "/etc/sallyport:\npolicy.json\n\n/var/lib/sallyport:\nlockdown\n",
      );
    },
  );

  test("installs with apt and asks nothing", { timeout: 120_000 }, async () => {
    const { status, stderr } = await apt("install", DEB);
    expect(status, stderr).toBe(0);
  });

  test("systemd finds no fault in its units", async () => {
    const units = [...SOCKETS, "sallyport.service", "sallyport-helper@.service"];
    // Lab hosts are installed without man pages.
    const words = ["systemd-analyze", "verify", "--man=no", ...units];
    expect(await as("root", ...words)).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("listens at once and after a reboot, and nothing runs before somebody calls", async () => {
    expect(await states(...SOCKETS, "sallyport.service")).toEqual(["active", "active", "inactive"]);
    const enabled = await arrange(host, "systemctl", "is-enabled", ...SOCKETS);
    expect(enabled).toBe("enabled\nenabled\n");
  });

  test("makes a user that nobody can log in as, and folders that are root's", async () => {
    expect(await arrange(host, "getent", "passwd", "sallyport")).toMatch(/:\/usr\/sbin\/nologin$/m);
    const paths = ["/etc/sallyport", "/var/lib/sallyport", "/var/log/sallyport"];
    const socket = "/run/sallyport-helper.sock";
    expect(await arrange(host, "stat", "-c", "%A %U:%G %n", ...paths, socket)).toBe(
      `drwxr-xr-x root:root /etc/sallyport
drwxr-xr-x root:root /var/lib/sallyport
drwxr-x--- root:root /var/log/sallyport
srw-rw---- root:sallyport ${socket}
`,
    );
  });

  test("brings no sudoers rule", async () => {
    expect(await arrange(host, "ls", "/etc/sudoers.d")).toBe("README\n");
  });

  test("refuses who is not in the group, before anything of ours runs", async () => {
    for (const user of ["agent", "other"] as const)
      expect(await session(user, '{"argv":["version"]}')).toMatchObject({
        status: 77,
        stdout: "Permission denied\n",
      });
    expect(await show("sallyport-helper.socket", "NAccepted")).toBe("0");
  });

  test("answers a member of the group, by name, and refuses what the policy refuses", async () => {
    await arrange(host, "usermod", "-aG", "sallyport", "agent");
    const ask = (...argv: string[]): string => JSON.stringify({ argv });
    const { stdout } = await session(
      "agent",
      ask("service", "status", "nginx"),
      ask("service", "stop", "cron"),
    );
    const replies = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { requestId: string });
    const id = replies[0]?.requestId.replace(/\.0$/, "");
    expect(replies).toMatchObject([
      { requestId: `${id}.0`, data: { kind: "version" } },
      { requestId: `${id}.1`, success: true, data: { unit: "nginx.service" } },
      { requestId: `${id}.2`, success: false, error: { code: "not_allowed" } },
    ]);
    const refusal = (await records(host)).find(({ requestId }) => requestId === `${id}.2`);
    expect(refusal).toMatchObject({ uid: 1001, via: "socket", decision: "not_allowed" });
  });

  test("restarts nginx for a member that can never become root", async () => {
    const pid = await show("nginx.service", "MainPID");
    const words = ["setpriv", "--no-new-privs", "sallyport", "service", "restart", "nginx"];
    const { status, stderr } = await as("agent", ...words);
    expect(status, stderr).toBe(0);
    expect(await show("nginx.service", "MainPID")).not.toBe(pid);
  });

  test("starts a daemon that has no privilege with the first call", async () => {
    await expect
      .poll(() => http("/healthz"), { timeout: 30_000, interval: 500 })
      .toMatch(/^HTTP\/1\.1 200 /);
    expect(await arrange(host, "stat", "-c", "%A %U", STATE, `${STATE}/token`)).toBe(
      "drwx------ sallyport\n-rw------- sallyport\n",
    );
    expect(await http("/metrics")).toMatch(/^HTTP\/1\.1 401 /);
    expect(await http("/metrics", await token())).toMatch(/^HTTP\/1\.1 200 /);
    const pid = await show("sallyport.service", "MainPID");
    const status = await arrange(host, "cat", `/proc/${pid}/status`);
    for (const line of [/^NoNewPrivs:\t1$/m, /^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^Seccomp:\t2$/m])
      expect(status).toMatch(line);
  });

  test("which restarts nginx for an agent, and is the one on record", async () => {
    const pid = await show("nginx.service", "MainPID");
    const uid = Number(await arrange(host, "id", "-u", "sallyport"));
    const outcome = await callTool("service_control", { action: "restart", name: "nginx" });
    expect(outcome).toMatchObject({ ok: true });
    expect(await show("nginx.service", "MainPID")).not.toBe(pid);
    const { requestId } = outcome;
    expect((await records(host)).filter((one) => one["requestId"] === requestId)).toMatchObject([
      { phase: "begin", uid, via: "socket" },
      { phase: "end", uid, via: "socket" },
    ]);
  });

  test("and which sees of the host what it reports, for all its walls", async () => {
    const words = ["list-units", "--state=failed", "--plain", "--no-legend"];
    const failed = (await arrange(host, "systemctl", ...words)).split("\n").slice(0, -1);
    expect(await callTool("host_report", {})).toMatchObject({
      ok: true,
      data: {
        failedUnits: failed.map((line) => line.split(" ", 1).join()),
        unknown: [],
        pendingUpdates: { security: 0 },
      },
    });
  });

  test("and which runs no code: its walls leave no room for a sandbox, and it says so", async () => {
    const { reason, ...outcome } = await callTool("run_code", { language: "bash", code: "id" });
    expect(outcome).toMatchObject({ ok: false, code: "no_sandbox", data: null });
    expect(reason).toBe(
      "there is no sandbox here, and code runs nowhere else: this server may make no namespaces",
    );
    expect(await http("/metrics", await token())).toMatch(
      /^sallyport_sandbox_refusals_total\{reason="namespaces_blocked"\} 1$/m,
    );
    // That it was asked is on root's record, as the word of the daemon's user.
    const uid = Number(await arrange(host, "id", "-u", "sallyport"));
    const told = (await records(host)).filter(({ rule }) => String(rule).startsWith("sandbox id="));
    expect(told).toMatchObject([{ phase: "note", decision: "reported", uid, via: "socket" }]);
    expect(told[0]?.["rule"]).toMatch(
      / by=\S+ language=bash .* result=refused code=namespaces_blocked /,
    );
  });

  test(
    "an upgrade keeps what listens listening, and what is switched off so",
    { timeout: 120_000 },
    async () => {
      await arrange(host, "systemctl", "disable", "--now", "sallyport-helper.socket");
      const pid = await show("sallyport.service", "MainPID");
      const { status, stderr } = await exec(host, "root", ["dpkg", "-i", DEB], {
        timeoutMs: 100_000,
      });
      expect(status, stderr).toBe(0);
      expect(await states(...SOCKETS)).toEqual(["active", "inactive"]);
      expect(await states("sallyport.service")).toEqual(["active"]);
      expect(await show("sallyport.service", "MainPID")).not.toBe(pid);
      await arrange(host, "systemctl", "enable", "--now", "sallyport-helper.socket");
      expect((await as("agent", "sallyport", "policy")).status).toBe(0);
    },
  );

  test("a rule of setup-sudo names the packaged helper, and works", async () => {
    await arrange(host, "sallyport", "setup-sudo", "--user", "agent");
    const { stdout } = await as("agent", "sudo", "-n", HELPER, "version");
    expect(JSON.parse(stdout)).toMatchObject({ success: true });
  });

  test(
    "removal ends what listens and every session, and keeps the settings",
    { timeout: 120_000 },
    async () => {
      const [settings, grants] = ["/etc/sallyport/settings.yaml", "/var/lib/sallyport/grants"];
      await arrangeScript(
        host,
        `mkdir ${grants}; echo >${grants}/wish; echo malformed >${settings}`,
      );
      await as("root", "systemctl", "start", "sallyport-notify.service");
      expect(await states("sallyport-notify.service")).toEqual(["failed"]);
      await arrange(host, "rm", "-r", settings, grants);
      expect((await apt("remove", "sallyport")).status).toBe(0);
      expect(await states(...SOCKETS, "sallyport.service")).toEqual([
        "inactive",
        "inactive",
        "inactive",
      ]);
      expect(
        await arrange(host, "systemctl", "list-units", "--plain", "--no-legend", "sallyport*"),
      ).toBe("");
      await arrange(host, "test", "-e", "/etc/sallyport/daemon.yaml");
      expect(await as("agent", "ls", "/run/sallyport-helper.sock")).toMatchObject({ status: 2 });
    },
  );

  test("purge leaves nothing but the audit log", async () => {
    await arrange(host, "touch", "/etc/sallyport/policy.json", "/var/lib/sallyport/lockdown");
    expect((await apt("purge", "sallyport")).status).toBe(0);
    const after = await everything();
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
    expect(after.filter((line) => !before.includes(line))).toEqual([
      "-rw-r----- root:root /var/log/sallyport/audit.jsonl ",
      expect.stringMatching(/^-rw-r----- root:root \/var\/log\/sallyport\/checkpoints.jsonl.\d+ $/),
      expect.stringMatching(/^-rw-r--r-- root:root \/var\/log\/sallyport\/checkpoint.pub.\d+ $/),
      "drwxr-x--- root:root /var/log/sallyport ",
    ]);
  });
});
