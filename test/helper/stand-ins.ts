/**
 * Systemd for the helper's parts in a test's own process, where there is none: two programs stand in for its own, say
 * what a test has written down, and note how they were called. What systemd really does, test/attack and the lab see.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, beforeEach, expect, vi } from "vitest";
import { answer } from "../../helper/answer.ts";

export const OWN = "/run/alone/answer";
export const LOG = "/var/log/sallyport/audit.jsonl";
export const LOCKDOWN = "/var/lib/sallyport/lockdown";
export const POLICY = "/etc/sallyport/policy.json";
export const SYSTEMD = "/run/systemd/system";
export const BUILD = { version: "1.2.3", buildId: "b1", policyHash: "ab".repeat(32) };

const SCRIPT = `#!/bin/sh
echo "\${0##*/} $*" >>${OWN}/called
for word; do [ ! -e "${OWN}/hang-$word" ] || sleep 20; done
cat ${OWN}/shown
exit "$(cat ${OWN}/status)"
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

export const ask = async (...words: string[]) =>
  await answer({ tell: null, words, requestId: "r-1", detached: true, started: Date.now() - 5 });
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
export function withSystemd(): void {
  vi.stubGlobal("BUILD", BUILD);

  /** What the helper does to its process no thread may do; test/helper/alone/start.ts sees that in one. */
  vi.spyOn(process, "chdir").mockReturnValue(undefined);
  vi.spyOn(process, "umask").mockReturnValue(0o022);

  beforeAll(() => {
    for (const name of Object.keys(process.env))
      if (/^(?:NODE|LD|OPENSSL|SSL|PKG|BUN|UV)_/.test(name)) delete process.env[name];
    mkdirSync(OWN, { recursive: true });
    for (const path of ["/usr/bin/systemctl", "/usr/bin/journalctl", "/dev/kmsg"]) {
      const own = `${OWN}/${path.replaceAll("/", "-")}`;
      // Once in this namespace, also where mutants are tried in it one after the other.
      if (existsSync(own)) continue;
      writeFileSync(own, SCRIPT, { mode: 0o755 });
      expect(spawnSync("/usr/bin/mount", ["--bind", own, path]).status).toBe(0);
    }
  });

  beforeEach(() => {
    for (const place of [LOG, LOCKDOWN, POLICY, "/var/lib/sallyport/grants", `${OWN}/called`])
      rmSync(place, { recursive: true, force: true });
    rmSync(`${OWN}/hang-restart`, { force: true });
    for (const [name, text] of Object.entries({ shown: SHOWN, status: "0" }))
      writeFileSync(`${OWN}/${name}`, text);
    mkdirSync(SYSTEMD, { recursive: true });
    process.env["SUDO_UID"] = "1000";
  });
}
