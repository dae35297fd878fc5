// Decides how a service action becomes systemctl(1), and whether a unit is what its name says.
// If it were wrong, an alias, or a unit file that others can write, would run as root.
import { existsSync, statSync } from "node:fs";
import type { ServiceRequest } from "../protocol/operation.ts";
import type { ServiceData } from "../protocol/reply.ts";
import { done, refused, type Result } from "./result.ts";
import { run, type Conditions, type Outcome } from "./run.ts";
import { distrustAny } from "./trust.ts";

const SYSTEMCTL = ["/usr/bin/systemctl", "--no-pager", "--no-ask-password"] as const;
const JOURNALCTL = ["/usr/bin/journalctl", "--no-pager", "--quiet", "--lines=200"] as const;
const STATE = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID";
const FILES = "FragmentPath,DropInPaths,EnvironmentFiles";
const BEFORE = "ExecCondition,ExecStartPre,ExecStart,ExecStartPost";
const AFTER = "ExecReload,ExecReloadPost,ExecStop,ExecStopPost";
const PROPERTIES = [STATE, FILES, BEFORE, AFTER].join();

export async function service(request: ServiceRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const unit = name.includes(".") ? name : `${name}.service`;
  if (!existsSync("/run/systemd/system")) return refused("unavailable", "systemd is not running");
  const show = (): Promise<Outcome> =>
    run([...SYSTEMCTL, "show", `--property=${PROPERTIES}`, "--", unit], within);
  const before = await show();
  if (before.exitCode !== 0 || before.timedOut) return done(before);
  const data = stateIn(before.stdout);
  if (data.unit !== unit) return refused("not_allowed", "the name is an alias of another unit");
  if (action === "status") return done(before, data);
  if (action === "logs") return done(await run([...JOURNALCTL, `--unit=${unit}`], within), data);
  const flaw = distrustAny(filesOf(unit, before.stdout));
  if (flaw !== null)
    return refused("unsafe", "others can change what the unit runs or reads", flaw);
  const acted = await run([...SYSTEMCTL, action, "--", unit], within);
  if (acted.timedOut && ["start", "stop", "restart"].includes(action)) {
    // What hangs was started by systemd, and only systemd knows all of it.
    const more = { ...within, deadline: Date.now() + 10_000 };
    await run([...SYSTEMCTL, "kill", "--signal=KILL", "--", unit], more);
  }
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

/** The files a unit is made of, runs and names; by Debian's custom /etc has more under its name. */
function filesOf(unit: string, shown: string): string[] {
  const words = shown.split(/[\s=;"]+/).filter((word) => word.startsWith("/"));
  const files = words.filter((path) => !statSync(path, { throwIfNoEntry: false })?.isDirectory());
  const dropIns = [`/etc/systemd/system/${unit}.d`, `/run/systemd/system/${unit}.d`];
  return [...files, ...dropIns, `/etc/${unit.replace(/\..*/, "")}`];
}
