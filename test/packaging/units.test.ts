/** The units as files; that they work is install.test.ts's to show. */
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrange, arrangeScript, describeInLab, endOf, exec, ownHost, start } from "../lab/host.ts";
import { run } from "./deb.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sallyport-units-"));
beforeAll(() => {
  const units = join(folder, "usr/lib/systemd/system");
  mkdirSync(units, { recursive: true });
  cpSync(join(root, "packaging/systemd"), units, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** From 0, nothing to be had, to 10; systemd's own judgement. */
function exposure(unit: string): number {
  const words = ["security", "--offline=true", `--root=${folder}`, "--no-pager", unit];
  const [, level] =
    /Overall exposure level for .+: ([\d.]+) /.exec(run("systemd-analyze", words)) ?? [];
  if (level === undefined) throw new Error("systemd-analyze gives no level");
  return Number(level);
}

test("the daemon's unit is exposed by at most 1.5, where root's half of it is by 9", () => {
  expect(exposure("sallyport-helper@.service")).toBeGreaterThan(9);
  expect(exposure("sallyport.service")).toBeLessThanOrEqual(1.5);
});

test("what signs the audit log can do nothing else, though it is root", () => {
  expect(exposure("sallyport-checkpoint.service")).toBeLessThanOrEqual(1.5);
});

const unit = (name: string): string => readFileSync(join(root, "packaging/systemd", name), "utf8");

test("only a member of group sallyport reaches the helper, and none can close the door to others", () => {
  const socket = unit("sallyport-helper.socket");
  expect(socket).toMatch(/^SocketMode=0660$/m);
  expect(socket).toMatch(/^SocketGroup=sallyport$/m);
  expect(socket).toMatch(/^MaxConnections=32$/m);
  expect(socket).toMatch(/^TriggerLimitIntervalSec=0$/m);
});

test("nothing in the daemon's unit hides the place of the operator's socket", () => {
  const service = unit("sallyport.service");
  expect(service).toMatch(/^RestrictAddressFamilies=AF_UNIX$/m);
  expect(service).not.toMatch(/^(?:InaccessiblePaths|TemporaryFileSystem)=.*\/run/m);
  // What ProtectHome= hides, /home and /run/user, the suggested place is not below.
  const settings = readFileSync(join(root, "packaging/daemon.yaml"), "utf8");
  expect(settings).toContain("operatorSocket: /run/sallyport-operator/operator.sock");
});

const REACH = "/run/systemd/system/sallyport-reach.service";

describeInLab("as the daemon's unit is confined", () => {
  test.each([
    ["/run/sallyport-operator", 0],
    ["/home/ops/sallyport-operator", 1],
  ])("a socket of the operator in %s is reached: exit %i", async (place, status) => {
    const socket = `${place}/operator.sock`;
    const connect = `exit(IO::Socket::UNIX->new(Peer => "${socket}") ? 0 : 1)`;
    const confined = unit("sallyport.service")
      .split("\n")
      .filter(
        (line) => !/^(?:Exec|User|Group|Type|Restart|StateDirectory|Requires|After)/.test(line),
      )
      .join("\n")
      .replace("NoExecPaths=/var/lib", "NoExecPaths=-/var/lib") // it is made with the state directory
      .replace(
        "[Service]",
        `[Service]\nType=oneshot\nUser=agent\nGroup=agent\nExecStart=/usr/bin/perl -MIO::Socket::UNIX -e '${connect}'`,
      );
    const host = ownHost();
    await arrangeScript(host, `install -d -m 2710 -o ops -g agent ${place}`);
    const listen = `umask(0117); $s = IO::Socket::UNIX->new(Local => "${socket}", Listen => 5) or die; print STDERR "here\\n"; <STDIN>`;
    const listener = start(host, "ops", ["perl", "-MIO::Socket::UNIX", "-e", listen]);
    if (listener.stderr !== null) await once(listener.stderr, "data");
    try {
      await exec(host, "root", ["sh", "-c", `cat >${REACH} && systemctl daemon-reload`], {
        input: confined,
      });
      await exec(host, "root", ["systemctl", "start", "sallyport-reach"]);
      const shown = ["systemctl", "show", "-P", "ExecMainStatus", "sallyport-reach"];
      expect(await arrange(host, ...shown)).toBe(`${status}\n`);
    } finally {
      await endOf(listener);
      await arrangeScript(
        host,
        `systemctl reset-failed 'sallyport-reach*'; rm -rf ${REACH} ${place}; systemctl daemon-reload`,
      );
    }
  });
});

test("the daemon listens on loopback only", () => {
  expect([...unit("sallyport.socket").matchAll(/^Listen.*$/gm)].map(([line]) => line)).toEqual([
    "ListenStream=127.0.0.1:7625",
  ]);
});
