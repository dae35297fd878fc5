// Decides how a package action becomes this host's package manager, and how far it may reach.
// If it were wrong, installing one package could remove another, or leave the system half configured.
import { existsSync } from "node:fs";
import type { PackageRequest } from "../protocol/operation.ts";
import { LOCKED, MANAGERS, type Manager } from "./managers.ts";
import { done, refused, type Result } from "./result.ts";
import { run, type Conditions, type Outcome } from "./run.ts";
import { distrust } from "./trust.ts";

type Call = (command: string, ...name: string[]) => Promise<Outcome>;

export async function packages(request: PackageRequest, within: Conditions): Promise<Result> {
  const { action } = request;
  const manager = MANAGERS.find(({ program }) => existsSync(program) && distrust(program) === null);
  if (manager === undefined) return refused("unavailable", "no known package manager is here");
  const call: Call = (command, ...name) => {
    const [program = "", ...words] = command.split(" ");
    return run([program, ...words, ...name], within, manager.environment);
  };
  if (action === "info") return await info(request.name, manager, call);
  const name = request.name === null ? [] : [request.name];
  const command = manager[action === "upgrade" && name.length === 0 ? "upgradeAll" : action];
  if (command === undefined) return refused("unavailable", "this package manager cannot do that");
  if (manager.heal !== undefined && (await call(manager.heal[0])).stdout !== "") {
    const mended = await call(manager.heal[1]);
    // One that cannot be mended must not stand in the way of its own removal; nor must a lock
    // that another process still holds: the action itself waits for it.
    if (mended.timedOut) return done(mended);
  }
  if (manager.trial !== undefined && name.length > 0) {
    const trial = await call(command.replace(" ", ` ${manager.trial[0]} `), ...name);
    if (trial.exitCode !== 0) return busyOr(done(trial));
    const removed = [...trial.stdout.matchAll(manager.trial[1])].map(([, other = ""]) => other);
    const others = removed.filter((other) => action !== "remove" || !name.includes(other));
    if (trial.truncated) return refused("not_allowed", "would change more than can be checked");
    if (others.length > 0) return refused("not_allowed", `would also remove ${others.join(" ")}`);
  }
  return busyOr(done(await call(command, ...name)));
}

/** That no source knows the package is an answer too: no version. */
async function info(name: string, manager: Manager, call: Call): Promise<Result> {
  const outcome = await call(manager.candidate[0], name);
  const now =
    manager.installed[0] === manager.candidate[0]
      ? outcome
      : await call(manager.installed[0], name);
  if (outcome.timedOut || now.timedOut) return done({ ...outcome, timedOut: true });
  const installed = manager.installed[1].exec(now.stdout)?.[1] ?? null;
  const candidate = manager.candidate[1].exec(outcome.stdout)?.[1] ?? null;
  const program = manager.program.replace(/^.*\//, "");
  const data = { kind: "package", name, manager: program, installed, candidate } as const;
  return done({ ...outcome, exitCode: 0 }, data);
}

/** The manager waited for its lock in vain: nothing was done. */
function busyOr(result: Result): Result {
  if (result.error?.code !== "failed" || !LOCKED.test(result.outcome?.stderr ?? "")) return result;
  return { ...result, ...refused("busy", "another process is using the package manager") };
}
