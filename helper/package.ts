// Decides how a package action becomes this host's package manager, and how far it may reach.
// If it were wrong, installing one package could remove another, or leave the system half configured.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { PackageRequest } from "../protocol/operation.ts";
import { commandFor, LOCKED, MANAGERS, type Manager } from "./managers.ts";
import { done, refused, type Outcome, type Result } from "./result.ts";
import { run, type Conditions } from "./run.ts";
import { distrust } from "./trust.ts";

const path = ({ program }: Manager): string => program.split(" ", 1).join();
type Ask = (command: string, name?: string) => Promise<Outcome>;

export async function packages(request: PackageRequest, within: Conditions): Promise<Result> {
  const { action, name } = request;
  const manager = MANAGERS.find((one) => existsSync(path(one)) && distrust(path(one)) === null);
  if (manager === undefined) return refused("unavailable", "no known package manager is here");
  const ask: Ask = (command, last) => {
    const words = [...command.split(" "), ...(last === undefined ? [] : ["--", last])];
    return run(words, within, manager.environment);
  };
  if (action === "info") return await info(request.name, manager, ask);
  const command = commandFor(manager, name === null ? `${action} all` : action);
  if (command === null) return refused("unavailable", "this package manager cannot do that");
  if (manager.heal !== undefined && (await ask(manager.heal[0])).stdout !== "") {
    // One that cannot be mended must not stand in the way of its own removal; nor must a lock
    // that another process still holds: the action itself waits for it.
    const mended = await ask(manager.heal[1]);
    if (mended.timedOut) return done(mended);
  }
  if (manager.trial !== undefined && name !== null) {
    const trial = await ask(command.replace(" ", ` ${manager.trial[0]} `), name);
    if (trial.exitCode !== 0) return busyOr(done(trial));
    if (trial.truncated) return refused("not_allowed", "would change more than can be checked");
    const removed = [...trial.stdout.matchAll(manager.trial[1])].map(([, other]) => other);
    const others = removed.filter((other) => action !== "remove" || other !== name);
    if (others.length > 0) return refused("not_allowed", `would also remove ${others.join(" ")}`);
  }
  return busyOr(done(await ask(command, name ?? undefined)));
}

/** That no source knows the package is an answer too: no version. */
async function info(name: string, manager: Manager, ask: Ask): Promise<Result> {
  const { installed, candidate } = manager;
  const known = await ask(candidate[0], name);
  const now = installed[0] === candidate[0] ? known : await ask(installed[0], name);
  if (known.timedOut || now.timedOut) return done({ ...known, timedOut: true });
  const versions = {
    installed: installed[1].exec(now.stdout)?.[1] ?? null,
    candidate: candidate[1].exec(known.stdout)?.[1] ?? null,
  };
  const data = { kind: "package", name, manager: basename(path(manager)), ...versions } as const;
  return done({ ...known, exitCode: 0 }, data);
}

/** The manager waited for its lock in vain: nothing was done. */
function busyOr(result: Result): Result {
  if (result.error?.code !== "failed" || !LOCKED.test(result.outcome?.stderr ?? "")) return result;
  return { ...result, ...refused("busy", "another process is using the package manager") };
}
