/**
 * A proven helper and rule on every host that can be reached, and a stated reason for every other one.
 * First all hosts are looked at, which changes nothing and needs no password; then those that need it are
 * changed: one of them alone, then more at once, and no further one after a password was refused.
 */
import type { Task } from "../sudoers/transaction.ts";
import { batches, inForks, type BatchSize } from "./batches.ts";
import { change, type Change } from "./change.ts";
import type { Pace } from "./forks.ts";
import { look } from "./look.ts";
import { needOf, type Wanted } from "./need.ts";
import { triedPassword } from "./tried-password.ts";
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
  /** Hosts of one group have the same password; null: all have. */
  passwordGroup: string | null;
};

/** What is being done on a host that has not come to its end. */
export type HostPhase =
  | "connecting"
  | "looking"
  /** For the password, or for its batch. */
  | "waiting"
  | "uploading"
  | "changing";

export type Plan = Wanted & {
  targets: readonly BootstrapTarget[];
  transport: Transport;
  /** gzip(1) of the helper; asked for only if a host needs it, and then for each. */
  helper: () => Promise<Buffer>;
  /** Whom the rule is for; null: whoever logs in. */
  user: string | null;
  serial: readonly BatchSize[];
  pace: Pace;
  /** After so many failed hosts no further batch begins. */
  maxFail: number;
  /**
   * Asked once for each group of which a host needs it, before the first host is changed; null: there is none.
   * It is zeroed when its group is done.
   */
  password: (hosts: number, group: string | null) => Promise<Buffer | null>;
  /** Told whenever another one begins, until the host's end; before the first, it waits. */
  phase: (name: string, phase: HostPhase) => void;
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
  const lookFor = { ...plan, thorough: plan.action === "check" || plan.action === "verify" };
  const needy: Needy[] = [];
  const kept: Kept = new Map();
  let unlooked = plan.targets.length;
  const unseen = await inForks(
    plan.targets,
    plan.pace,
    async (target) => {
      unlooked -= 1;
      if (target.offline !== null) return end(target, "offline", { reason: target.offline });
      await visit(plan, target, end, kept, async (connection) => {
        pins.set(target.name, connection.newPins);
        plan.phase(target.name, "looking");
        const need = needOf(await look(connection, lookFor), plan);
        if (need.kind === "end") return end(target, need.state, { reason: need.reason });
        needy.push({ target, task: need.task, uploads: need.uploads });
        plan.phase(target.name, "waiting");
        // To log in twice is most of the work on a host that is nearby.
        if (kept.size + unlooked < plan.pace.limit()) kept.set(target.name, connection);
      });
    },
    plan.stopped,
  );
  for (const target of unseen) end(target, "not-done");

  try {
    if (needy.length > 0) await changeAll(plan, inOrder(plan, needy), kept, ends, end);
  } finally {
    await Promise.all([...kept.values()].map((connection) => connection.close()));
  }
  return plan.targets.flatMap(({ name }) => ends.get(name) ?? []);
}

type End = (target: SshTarget, state: HostState, rest?: Partial<HostEnd>) => void;

/** Connections that wait for the password, or for their batch. */
type Kept = Map<string, Connection>;

/** Connects, works, and closes, unless it is kept; where there is no connection the host has come to its end. */
async function visit(
  plan: Plan,
  target: BootstrapTarget,
  end: End,
  kept: Kept,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const before = kept.get(target.name);
  kept.delete(target.name);
  const found = before?.isOpen() === true ? before : await connect(plan, target);
  if ("reason" in found) return end(target, found.kind, { reason: found.reason });
  try {
    await work(found);
  } finally {
    if (kept.get(target.name) !== found) await found.close();
  }
}

async function connect(
  plan: Plan,
  target: BootstrapTarget,
): Promise<Connection | Exclude<Connecting, { kind: "connected" }>> {
  plan.phase(target.name, "connecting");
  const begun = performance.now();
  const found = await plan.transport.connect(target);
  plan.pace.connected(found, performance.now() - begun);
  return found.kind === "connected" ? found.connection : found;
}

/** Hosts that answered first come first otherwise; an operator expects the order of the inventory. */
function inOrder({ targets }: Plan, needy: readonly Needy[]): Needy[] {
  const found = new Map(needy.map((need) => [need.target.name, need]));
  return targets.flatMap(({ name }) => found.get(name) ?? []);
}

type NeedyGroup = { needy: Needy[]; password: Buffer | null };

/** Groups one after the other, each batch by batch. A password that is refused ends its own group and no other. */
async function changeAll(
  plan: Plan,
  needy: readonly Needy[],
  kept: Kept,
  ends: ReadonlyMap<string, HostEnd>,
  end: End,
): Promise<void> {
  const groups: NeedyGroup[] = [];
  const failures = (): number =>
    needy.filter(({ target }) => hasFailed(ends.get(target.name))).length;
  try {
    for (const [group, its] of Map.groupBy(needy, ({ target }) => target.passwordGroup)) {
      const password = plan.stopped() ? null : await plan.password(its.length, group);
      groups.push({ needy: its, password });
    }
    for (const group of groups) await changeGroup(plan, group, kept, failures, end);
  } finally {
    for (const { password } of groups) password?.fill(0);
  }
}

async function changeGroup(
  plan: Plan,
  { needy, password }: NeedyGroup,
  kept: Kept,
  failures: () => number,
  end: End,
): Promise<void> {
  const tried = password === null ? null : triedPassword(password);
  let halted = false;
  const one = async ({ target, task, uploads }: Needy): Promise<void> =>
    await visit(plan, target, end, kept, async (connection) => {
      plan.phase(target.name, "uploading");
      const sent = (): void => plan.phase(target.name, "changing");
      let done = await change(connection, task, uploads ? await plan.helper() : null, tried, sent);
      if (!uploads && task.kind === "install" && isOfAnotherBuild(done)) {
        plan.phase(target.name, "uploading");
        done = await change(connection, task, await plan.helper(), tried, sent);
      }
      if (done.kind === "wrong_password" || done.kind === "password_needed") halted = true;
      end(target, ...endOf(done));
    });
  const stopped = (): boolean => halted || plan.stopped();
  for (const batch of batches(needy, plan.serial)) {
    const full = failures() >= plan.maxFail;
    const left = full ? batch : await inForks(batch, plan.pace, one, stopped);
    for (const { target } of left) end(target, "not-done");
  }
  password?.fill(0);
}

/** The helper that was there has the size of ours, but is not ours, or not whole. */
function isOfAnotherBuild(done: Change): boolean {
  if (done.kind !== "report" || done.report.kind === "status") return false;
  const { state, cause } = done.report;
  return (
    state === "rolled-back" && ["wrong-helper", "refused", "not-included"].includes(cause ?? "")
  );
}

/** What stops its own group, or follows from that, is no failure of the others. */
const NO_FAILURE: readonly HostState[] = [
  "installed",
  "updated",
  "removed",
  "absent",
  "already-current",
  "wrong-password",
  "not-done",
];

function hasFailed(end: HostEnd | undefined): boolean {
  return end !== undefined && !NO_FAILURE.includes(end.state);
}

function endOf(done: Change): [HostState, Partial<HostEnd>] {
  switch (done.kind) {
    case "report":
      return reportEnd(done);
    case "wrong_password":
      return ["wrong-password", { reason: "sudo refused the password" }];
    case "password_needed":
      return ["wrong-password", { reason: "sudo asks for a password, and there is none" }];
    case "not_given":
      return ["not-done", {}];
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
