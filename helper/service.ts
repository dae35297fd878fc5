// Decides how a service action becomes systemctl(1), and whether a unit is what its name says.
// If it were wrong, an alias, or a unit file that others can write, would run as root.
import { existsSync, statSync } from "node:fs";
import type { ServiceRequest } from "../protocol/operation.ts";
import type { ServiceData } from "../protocol/reply.ts";
import { done, refused, type Outcome, type Result } from "./result.ts";
import { run, type Conditions } from "./run.ts";
import { distrustAny } from "./defence.ts";

const SYSTEMCTL = ["/usr/bin/systemctl", "--no-pager", "--no-ask-password"];
const JOURNALCTL = ["/usr/bin/journalctl", "--no-pager", "--quiet", "--lines=200"];
const STATE = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID";
const FILES = "FragmentPath,DropInPaths,EnvironmentFiles";
const BEFORE = "ExecCondition,ExecStartPre,ExecStart,ExecStartPost";
const AFTER = "ExecReload,ExecReloadPost,ExecStop,ExecStopPost";
const PROPERTIES = [STATE, FILES, BEFORE, AFTER].join();

export async function service(request: ServiceRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const unit = name.includes(".") ? name : `${name}.service`;
  if (!existsSync("/run/systemd/system")) return refused("unavailable", "systemd is not running");
  const systemctl = (...words: string[]): Promise<Outcome> =>
    run([...SYSTEMCTL, ...words, "--", unit], within);
  const properties = action === "status" ? STATE : PROPERTIES;
  const before = await systemctl("show", `--property=${properties}`);
  if (before.exitCode !== 0 || before.timedOut) return done(before);
  const data = stateIn(before.stdout);
  if (data.unit !== unit) return refused("not_allowed", "the name is an alias of another unit");
  if (action === "status") return done(before, data);
  if (action === "logs") return done(await run([...JOURNALCTL, `--unit=${unit}`], within), data);
  const flaw = distrustAny(filesOf(unit, before.stdout));
  if (flaw !== null)
    return refused("unsafe", "others can change what the unit runs or reads", flaw);
  const acted = await systemctl(action);
  if (!acted.timedOut)
    return done(acted, stateIn((await systemctl("show", `--property=${STATE}`)).stdout));
  // What hangs was started by systemd, and only systemd knows all of it.
  within.deadline = Date.now() + 10_000;
  if (["start", "stop", "restart"].includes(action)) await systemctl("kill", "--signal=KILL");
  return done(acted, data);
}

/** `systemctl show` prints `Key=value` lines. */
function stateIn(shown: string): ServiceData {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  const [unit = "", LoadState = "", ActiveState = "", ...rest] = STATE.split(",").map(value);
  const [SubState = "", UnitFileState = "", MainPID] = rest;
  const state = { unit, LoadState, ActiveState, SubState, UnitFileState, MainPID: Number(MainPID) };
  return { kind: "service", ...state };
}

/** The files a unit is made of, runs and names; by Debian's custom /etc has more under its name. */
function filesOf(unit: string, shown: string): string[] {
  const words = shown.split(/[\s=;"]/).filter((word) => word.startsWith("/"));
  const files = words.filter((path) => !statSync(path, { throwIfNoEntry: false })?.isDirectory());
  const dropIns = [`/etc/systemd/system/${unit}.d`, `/run/systemd/system/${unit}.d`];
  return [...files, ...dropIns, `/etc/${unit.replace(/\..*/, "")}`];
}
