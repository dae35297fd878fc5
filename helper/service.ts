// Decides how a service action becomes systemctl(1), and whether a unit is what its name says.
// If it were wrong, an alias, or a unit file that others can write, would run as root.
import { existsSync } from "node:fs";
import type { ServiceRequest } from "../protocol/operation.ts";
import type { ServiceData } from "../protocol/reply.ts";
import { done, refused, type Result } from "./result.ts";
import { run, type Conditions, type Outcome } from "./run.ts";
import { distrustAny } from "./trust.ts";

const SYSTEMCTL = ["/usr/bin/systemctl", "--no-pager", "--no-ask-password"] as const;
const JOURNALCTL = ["/usr/bin/journalctl", "--no-pager", "--quiet", "--lines=200"] as const;
const STATE = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID";
const FILES = "FragmentPath,DropInPaths,EnvironmentFiles";
const PROGRAMS = "ExecStartPre,ExecStart,ExecStartPost,ExecReload,ExecStop,ExecStopPost";

export async function service(request: ServiceRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const unit = name.includes(".") ? name : `${name}.service`;
  if (!existsSync("/run/systemd/system")) return refused("unavailable", "systemd is not running");
  const show = (): Promise<Outcome> =>
    run([...SYSTEMCTL, "show", `--property=${STATE},${FILES},${PROGRAMS}`, "--", unit], within);
  const before = await show();
  if (before.exitCode !== 0 || before.timedOut) return done(before);
  const data = stateIn(before.stdout);
  if (data.unit !== unit) return refused("not_allowed", "the name is an alias of another unit");
  if (action === "status") return done(before, data);
  if (action === "logs") return done(await run([...JOURNALCTL, `--unit=${unit}`], within), data);
  // By Debian's custom a service is configured in /etc under its own name.
  const flaw = distrustAny([...pathsIn(before.stdout), `/etc/${name.replace(/\..*/, "")}`]);
  if (flaw !== null)
    return refused("unsafe", "others can change what the unit runs or reads", flaw);
  const acted = await run([...SYSTEMCTL, action, "--", unit], within);
  return done(acted, acted.timedOut ? data : stateIn((await show()).stdout));
}

/** `systemctl show` prints `Key=value` lines. */
function stateIn(shown: string): ServiceData {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  const [LoadState, ActiveState] = [value("LoadState"), value("ActiveState")];
  const [SubState, UnitFileState] = [value("SubState"), value("UnitFileState")];
  const [unit, MainPID] = [value("Id"), Number(value("MainPID"))];
  return { kind: "service", unit, LoadState, ActiveState, SubState, UnitFileState, MainPID };
}

/** The files a unit is made of, and the programs it runs. */
function pathsIn(shown: string): string[] {
  const files = shown.matchAll(/^(?:FragmentPath|DropInPaths|EnvironmentFiles)=(.+)$/gm);
  const programs = shown.matchAll(/^Exec\w+=\{ path=(.+?) ; /gm);
  const lists = [...files].flatMap(([, list = ""]) => list.split(" "));
  return [...lists, ...[...programs].map(([, path = ""]) => path)].filter((p) => p.startsWith("/"));
}
