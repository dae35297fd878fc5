// Decides how a service action becomes systemctl(1), and whether a unit is what its name says.
// If it were wrong, an alias, or a unit file that others can write, would run as root.
import { existsSync } from "node:fs";
import type { ServiceRequest } from "../protocol/operation.ts";
import type { ServiceData } from "../protocol/reply.ts";
import { UNITS } from "./policy.ts";
import { done, refused, type Result } from "./result.ts";
import { run, type Conditions, type Outcome } from "./run.ts";
import { distrust, distrustBelow } from "./trust.ts";

const SYSTEMCTL = ["/usr/bin/systemctl", "--no-pager", "--no-ask-password"] as const;
const JOURNALCTL = ["/usr/bin/journalctl", "--no-pager", "--quiet", "--lines=200"] as const;
const STATE = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID";
const FILES = "FragmentPath,DropInPaths,EnvironmentFiles";
const PROGRAMS = "ExecStartPre,ExecStart,ExecStartPost,ExecReload,ExecStop,ExecStopPost";

export async function service(request: ServiceRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const { unit, files } = UNITS[name] ?? { unit: name, files: [] };
  if (!existsSync("/run/systemd/system") || !existsSync(SYSTEMCTL[0]))
    return refused("unavailable", "systemd is not running here");
  const show = (): Promise<Outcome> =>
    run([...SYSTEMCTL, "show", `--property=${STATE},${FILES},${PROGRAMS}`, "--", unit], within);
  const before = await show();
  const data = stateIn(before.stdout);
  if (before.exitCode !== 0 || before.timedOut) return done(before);
  if (data.unit !== unit) return refused("not_allowed", "the name is an alias of another unit");
  if (action === "status") return done(before, data);
  if (action === "logs") return done(await run([...JOURNALCTL, `--unit=${unit}`], within), data);
  const flaw = flawIn(before.stdout) ?? files.map(distrustBelow).find((found) => found !== null);
  if (typeof flaw === "string")
    return refused("unsafe", "others than root can change what the unit runs or reads", flaw);
  const acted = await run([...SYSTEMCTL, action, "--", unit], within);
  return done(acted, acted.timedOut ? data : stateIn((await show()).stdout));
}

/** `systemctl show` prints `Key=value` lines. */
function stateIn(shown: string): ServiceData {
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(shown)?.[1] ?? "";
  return {
    ...{ kind: "service", unit: value("Id"), LoadState: value("LoadState") },
    ...{ ActiveState: value("ActiveState"), SubState: value("SubState") },
    ...{ UnitFileState: value("UnitFileState"), MainPID: Number(value("MainPID")) },
  };
}

/** Why the unit's files or programs could be changed by others, or null. */
function flawIn(shown: string): string | null {
  const files = [...shown.matchAll(new RegExp(`^(?:${FILES.replaceAll(",", "|")})=(.+)$`, "gm"))];
  const programs = [...shown.matchAll(/^Exec\w+=\{ path=(.+?) ; /gm)];
  const paths = files.flatMap(([, list]) =>
    (list ?? "").split(" ").filter((p) => p.startsWith("/")),
  );
  const found = [...paths, ...programs.map(([, path]) => path ?? "")].map(distrust);
  return found.find((flaw) => flaw !== null) ?? null;
}
