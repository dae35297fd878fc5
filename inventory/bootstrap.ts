/**
 * A proven helper and rule on every host that can be reached, and a stated reason for every other one.
 * First all hosts are looked at, which changes nothing and needs no password; then those that need it are
 * changed: one of them alone, then more at once, and no further one after a password was refused.
 */
import type { HelperBuild, Task } from "../sudoers/transaction.ts";
import { renderRule } from "../sudoers/rules.ts";
import { batches, inForks, type BatchSize } from "./batches.ts";
import { change, type Change } from "./change.ts";
import { look, type Look, type NoLook } from "./look.ts";
import type { Connecting, Connection, SshTarget, Transport } from "./transport.ts";

export type HostState =
  | "offline"
  | "unreachable"
  | "host-key-changed"
  | "host-key-unknown"
  | "auth-failed"
  | "no-sudo"
  | "wrong-password"
  | "already-current"
  | "installed"
  | "updated"
  | "removed"
  | "absent"
  | "rolled-back"
  | "rollback-failed"
  /** Nothing was begun on it, or nobody knows how it ended; the reason says which. */
  | "failed"
  /** With `check`: it would be changed. */
  | "needed"
  /** Not begun, because the run stopped before. */
  | "not-done";

export type HostEnd = {
  name: string;
  state: HostState;
  /** Untrusted text where a host's programs said it; empty where the state says all. */
  reason: string;
  /** Host keys that were accepted as new. */
  newPins: readonly string[];
  /** Bytes of files and data sent to it, without what SSH adds. */
  sentBytes: number;
};

export type BootstrapTarget = SshTarget & {
  /** Why it is not to be reached at all, or null. */
  offline: string | null;
};

export type Plan = {
  action: "install" | "check" | "verify" | "uninstall";
  targets: readonly BootstrapTarget[];
  transport: Transport;
  build: HelperBuild;
  /** Where the helper is on every host. */
  helperPath: string;
  /** gzip(1) of the helper; asked for only if a host needs it. */
  helper: () => Promise<Buffer>;
  /** Whom the rule is for; null: whoever logs in. */
  user: string | null;
  serial: readonly BatchSize[];
  forks: number;
  /** After so many failed hosts no further batch begins. */
  maxFail: number;
  /** Asked once, and only if a host needs it; null: there is none. It is zeroed when all is done. */
  password: (hosts: number) => Promise<Buffer | null>;
  /** Told once per host, when its end is known. */
  ended: (end: HostEnd) => void;
  /** Whether the operator has asked for the end: hosts under way are finished, no other is begun. */
  stopped: () => boolean;
};

/** A host that is to be changed. */
type Needy = { target: BootstrapTarget; task: Task; uploads: boolean };

export async function bootstrap(plan: Plan): Promise<HostEnd[]> {
  const ends = new Map<string, HostEnd>();
  const pins = new Map<string, readonly string[]>();
  const end = (target: SshTarget, state: HostState, rest: Partial<HostEnd> = {}): void => {
    const newPins = pins.get(target.name) ?? [];
    const told = { name: target.name, state, reason: "", newPins, sentBytes: 0, ...rest };
    ends.set(target.name, told);
    plan.ended(told);
  };
  const needy: Needy[] = [];
  const unseen = await inForks(
    plan.targets,
    plan.forks,
    async (target) => {
      if (target.offline !== null) return end(target, "offline", { reason: target.offline });
      await visit(plan, target, end, async (connection) => {
        pins.set(target.name, connection.newPins);
        const need = await needOf(plan, target, connection, end);
        if (need !== null) needy.push(need);
      });
    },
    plan.stopped,
  );
  for (const target of unseen) end(target, "not-done");

  if (needy.length > 0) await changeAll(plan, inOrder(plan, needy), ends, end);
  return plan.targets.flatMap(({ name }) => ends.get(name) ?? []);
}

type End = (target: SshTarget, state: HostState, rest?: Partial<HostEnd>) => void;

/** Connects, works, and closes; where there is no connection the host has come to its end. */
async function visit(
  plan: Plan,
  target: BootstrapTarget,
  end: End,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const found: Connecting = await plan.transport.connect(target);
  if (found.kind !== "connected") return end(target, found.kind, { reason: found.reason });
  try {
    await work(found.connection);
  } finally {
    await found.connection.close();
  }
}

/** What is to be done on a host; null where it has come to its end by being looked at. */
async function needOf(
  plan: Plan,
  target: BootstrapTarget,
  connection: Connection,
  end: End,
): Promise<Needy | null> {
  const seen = await look(connection, plan.user, plan.helperPath, plan.build);
  if (seen.kind !== "look") {
    end(target, "failed", { reason: noLookText(seen) });
    return null;
  }
  const obstacle = obstacleOn(seen, plan);
  if (obstacle !== null) {
    end(target, obstacle.state, { reason: obstacle.reason });
    return null;
  }
  const rule = renderRule(seen.uid, plan.helperPath);
  if (rule.kind !== "rule") {
    const reason = "it is root who logs in: say whom the rule is for";
    end(target, "failed", { reason });
    return null;
  }
  if (plan.action === "uninstall") {
    return { target, task: { kind: "uninstall", rule }, uploads: false };
  }
  if (seen.current === true) {
    end(target, "already-current");
    return null;
  }
  if (plan.action !== "install") {
    end(target, "needed", { reason: needText(seen, plan.build) });
    return null;
  }
  const task = { kind: "install", rule, build: plan.build } as const;
  return { target, task, uploads: seen.helper !== plan.build.sha256 };
}

function obstacleOn(seen: Look, plan: Plan): { state: HostState; reason: string } | null {
  if (seen.sudo === null) return { state: "no-sudo", reason: "there is no /usr/bin/sudo" };
  if (plan.action !== "uninstall" && seen.system !== "Linux x86_64")
    return {
      state: "failed",
      reason: `this helper is for Linux x86_64, the host is ${seen.system}`,
    };
  return null;
}

function noLookText(seen: NoLook): string {
  return seen.kind === "no_user" ? `it knows no user ${seen.user}` : seen.reason;
}

function needText({ helper, current }: Look, build: HelperBuild): string {
  if (helper === null) return "there is no helper";
  if (helper !== build.sha256) return "the helper is of another build";
  return current === null ? "only root can see the rule" : "the rule has no effect";
}

/** Hosts that answered first come first otherwise; an operator expects the order of the inventory. */
function inOrder({ targets }: Plan, needy: readonly Needy[]): Needy[] {
  const found = new Map(needy.map((need) => [need.target.name, need]));
  return targets.flatMap(({ name }) => found.get(name) ?? []);
}

async function changeAll(
  plan: Plan,
  needy: readonly Needy[],
  ends: ReadonlyMap<string, HostEnd>,
  end: End,
): Promise<void> {
  const password = await plan.password(needy.length);
  let halted = false;
  const failures = (): number =>
    needy.filter(({ target }) => hasFailed(ends.get(target.name))).length;
  try {
    const helper = needy.some(({ uploads }) => uploads) ? await plan.helper() : null;
    for (const batch of batches(needy, plan.serial)) {
      const stopped = (): boolean => halted || plan.stopped();
      const one = async ({ target, task, uploads }: Needy): Promise<void> =>
        await visit(plan, target, end, async (connection) => {
          const done = await change(connection, task, uploads ? helper : null, password);
          if (done.kind === "wrong_password" || done.kind === "password_needed") halted = true;
          end(target, ...endOf(done));
        });
      const left =
        failures() >= plan.maxFail ? batch : await inForks(batch, plan.forks, one, stopped);
      for (const { target } of left) end(target, "not-done");
    }
  } finally {
    password?.fill(0);
  }
}

function hasFailed(end: HostEnd | undefined): boolean {
  return (
    end !== undefined &&
    !["installed", "updated", "removed", "absent", "already-current"].includes(end.state)
  );
}

function endOf(done: Change): [HostState, Partial<HostEnd>] {
  switch (done.kind) {
    case "report":
      return reportEnd(done);
    case "wrong_password":
      return ["wrong-password", { reason: "sudo refused the password" }];
    case "password_needed":
      return ["wrong-password", { reason: "sudo asks for a password, and there is none" }];
    case "no_sudo":
      return ["no-sudo", { reason: done.reason }];
    case "not_uploaded":
    case "lost":
      return ["failed", { reason: done.reason }];
    default:
      return done satisfies never;
  }
}

function reportEnd({
  report,
  left,
  sentBytes,
}: Extract<Change, { kind: "report" }>): [HostState, Partial<HostEnd>] {
  if (report.kind === "status") return ["failed", { reason: "it answered another question" }];
  const { state, cause } = report;
  const why = [cause, report.reason].filter(Boolean).join(": ");
  const reason = left === null ? why : `${why} (${left} could not be removed)`.trim();
  return [state === "refused" ? "failed" : state, { reason, sentBytes }];
}
