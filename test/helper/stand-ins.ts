/**
 * Systemd and package managers for the helper's parts in a test's own process: programs stand in for theirs, say what a
 * test has written down, and note how they were called. What the real ones do, test/attack and the lab see.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { beforeAll, beforeEach, expect, vi } from "vitest";
import { answer } from "../../helper/answer.ts";

export const OWN = "/run/alone/answer";
export const LOG = "/var/log/sallyport/audit.jsonl";
export const LOCKDOWN = "/var/lib/sallyport/lockdown";
export const POLICY = "/etc/sallyport/policy.json";
export const KERNEL_LOG = "/dev/kmsg";
export const SYSTEMD = "/run/systemd/system";
export const BUILD = { version: "1.2.3", buildId: "b1", policyHash: "ab".repeat(32) };

const PROGRAMS = ["systemctl", "journalctl", "apt-get", "apt-cache", "dpkg", "dpkg-query"];
const SCRIPT = `#!/bin/sh
echo "\${0##*/} $*" >>${OWN}/called
echo "$DEBIAN_FRONTEND $APT_LISTCHANGES_FRONTEND $NEEDRESTART_SUSPEND" >${OWN}/surroundings
for word; do [ ! -e "${OWN}/on-$word" ] || . "${OWN}/on-$word"; done
case $0 in *ctl) cat ${OWN}/shown ;; esac
exit 0
`;

export const SHOWN = `Id=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
MainPID=42
FragmentPath=/etc/hostname
ExecStart={ path=/bin/true ; argv[]=/bin/true -x /etc/passwd ; ignore_errors=no }
`;
export const STATE = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID";
export const ALL = `${STATE},FragmentPath,DropInPaths,EnvironmentFiles,ExecCondition,ExecStartPre,ExecStart,ExecStartPost,ExecReload,ExecReloadPost,ExecStop,ExecStopPost`;
export const DATA = {
  kind: "service",
  unit: "nginx.service",
  LoadState: "loaded",
  ActiveState: "active",
  SubState: "running",
  UnitFileState: "enabled",
  MainPID: 42,
};
export const systemctl = (words: string, unit = "nginx.service"): string =>
  `systemctl --no-pager --no-ask-password ${words} -- ${unit}`;

/** Of this process alone: what has the same is ended with it, wherever on this machine it runs. */
export const ID = `2-${process.pid}`;
export const ask = async (...words: string[]) =>
  await answer({ tell: null, words, requestId: ID, detached: true, started: Date.now() - 5 });
export const called = (): string[] =>
  existsSync(`${OWN}/called`) ? readFileSync(`${OWN}/called`, "utf8").trimEnd().split("\n") : [];

/** Phase, decision and rule of each record, oldest first. */
export function recorded(): unknown[] {
  if (!existsSync(LOG)) return [];
  const lines = readFileSync(LOG, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const { phase, decision, rule } = JSON.parse(line) as Record<string, unknown>;
    return [phase, decision, rule];
  });
}

/** For a file of tests: its process is the helper's, and each test begins with nothing on record. */
export function withStandIns(): void {
  vi.stubGlobal("BUILD", BUILD);

  /** What the helper does to its process no thread may do; test/helper/alone/start.ts sees that in one. */
  vi.spyOn(process, "chdir").mockReturnValue(undefined);
  vi.spyOn(process, "umask").mockReturnValue(0o022);

  beforeAll(() => {
    for (const name of Object.keys(process.env))
      if (/^(?:NODE|LD|OPENSSL|SSL|PKG|BUN|UV)_/.test(name)) delete process.env[name];
    // Once in this namespace, also where mutants are tried in it one after the other.
    if (existsSync(OWN)) return;
    mkdirSync(OWN);
    mount("-t", "tmpfs", "-o", "mode=755", "none", OWN);
    mkdirSync(`${OWN}/bin`);
    mkdirSync(`${OWN}/work`);
    const layers = `lowerdir=/usr/bin,upperdir=${OWN}/bin,workdir=${OWN}/work`;
    mount("-t", "overlay", "-o", layers, "none", "/usr/bin");
    writeFileSync(`${OWN}/kmsg`, "");
    mount("--bind", `${OWN}/kmsg`, KERNEL_LOG);
  });

  beforeEach(() => {
    for (const place of [LOG, LOCKDOWN, POLICY, "/var/lib/sallyport/grants", `${OWN}/called`])
      rmSync(place, { recursive: true, force: true });
    for (const name of readdirSync(OWN).filter((one) => one.startsWith("on-")))
      rmSync(`${OWN}/${name}`);
    writeFileSync(KERNEL_LOG, "");
    writeFileSync(`${OWN}/shown`, SHOWN);
    for (const name of PROGRAMS) putProgram(name);
    mkdirSync(SYSTEMD, { recursive: true });
    process.env["SUDO_UID"] = "1000";
  });
}

function mount(...words: string[]): void {
  expect(spawnSync("/usr/bin/mount", words, { encoding: "utf8" })).toMatchObject({ status: 0 });
}

/** In /usr/bin, which is a layer of the test's own. */
export function putProgram(name: string): void {
  rmSync(`/usr/bin/${name}`, { force: true }); // it may be a link to elsewhere
  writeFileSync(`/usr/bin/${name}`, SCRIPT);
  chmodSync(`/usr/bin/${name}`, 0o755);
}

/** Lines for sh(1) that a program runs for a word it is given. */
export const when = (word: string, lines: string): void =>
  writeFileSync(`${OWN}/on-${word}`, `${lines}\n`);
