// Decides how a package action becomes this host's package manager, and how far it may reach.
// If it were wrong, installing one package could remove another, or leave the system half configured.
import { existsSync } from "node:fs";
import type { PackageRequest } from "../protocol/operation.ts";
import { LOCKED, MANAGERS, type Manager } from "./managers.ts";
import { done, refused, type Result } from "./result.ts";
import { run, type Conditions, type Outcome } from "./run.ts";
import { distrust } from "./trust.ts";

type Runner = (command: string, ...more: string[]) => Promise<Outcome>;

export async function packages(request: PackageRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const manager = MANAGERS.find(({ program }) => existsSync(program) && distrust(program) === null);
  if (manager === undefined) return refused("unavailable", "no known package manager is here");
  const call: Runner = (command, ...more) => {
    const [program = "", ...words] = command.split(" ");
    return run([program, ...words, ...more], within, manager.environment);
  };
  if (action === "info") return await info(request.name, manager, call);
  const key = name === null && action === "upgrade" ? "upgradeAll" : action;
  const words = manager[key];
  if (words === null) return refused("unavailable", "this package manager has no such action");
  if (manager.heal !== undefined && (await call(manager.heal[0])).stdout !== "") {
    const mended = await call(manager.heal[1]);
    if (mended.exitCode !== 0) return busyOr(done(mended));
  }
  const change = `${manager.program} ${manager.options}`;
  if (name === null) return busyOr(done(await call(`${change} ${words}`)));
  if (manager.trial !== undefined) {
    const [option, removal] = manager.trial;
    const trial = await call(`${change} ${option} ${words}`, name);
    if (trial.exitCode !== 0) return busyOr(done(trial));
    const removed = [...trial.stdout.matchAll(removal)].map(([, other]) => other);
    const others = removed.filter((other) => action !== "remove" || other !== name);
    if (others.length > 0) return refused("not_allowed", `would also remove ${others.join(" ")}`);
  }
  if (action === "remove" && manager.tryRemove !== undefined) {
    const trial = await call(manager.tryRemove, name);
    if (trial.exitCode !== 0) return done(trial);
  }
  return busyOr(done(await call(`${change} ${words}`, name)));
}

/** A package that no source knows is an answer too: no version. */
async function info(name: string, manager: Manager, call: Runner): Promise<Result> {
  const [installed, candidate] = [manager.installed, manager.candidate];
  const now = await call(installed[0], name);
  const next = installed[0] === candidate[0] ? now : await call(candidate[0], name);
  if (now.timedOut || next.timedOut) return done({ ...next, timedOut: true });
  return done(
    { ...next, exitCode: 0 },
    {
      ...{ kind: "package", name, manager: manager.program.replace(/.*\//, "") },
      installed: installed[1].exec(now.stdout)?.[1] ?? null,
      candidate: candidate[1].exec(next.stdout)?.[1] ?? null,
    },
  );
}

/** The manager waited for its lock in vain: nothing was done. */
function busyOr(result: Result): Result {
  if (result.error?.code !== "failed" || !LOCKED.test(result.outcome?.stderr ?? "")) return result;
  return { ...result, ...refused("busy", "another process is using the package manager") };
}
