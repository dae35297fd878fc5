/**
 * A proven helper and rule on every host that can be reached, and a stated reason for every other one.
 * First all hosts are looked at, which changes nothing and needs no password; then those that need it are
 * changed: one of them alone, then more at once, and no further one after a password was refused.
 */
import type { Task } from "../sudoers/transaction.ts";
import { batches, inForks, type BatchSize } from "./batches.ts";
import { change, type Change } from "./change.ts";
import type { Pace } from "./forks.ts";
import { endOf, hasFailed, type HostEnd, type HostState } from "./host-end.ts";
import { look } from "./look.ts";
import { needOf, type Wanted } from "./need.ts";
import { triedPassword } from "./tried-password.ts";
import type { Connecting, Connection, SshTarget, Transport } from "./transport.ts";

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
  /** gzip(1) of the helper, or why there is none; asked for only if a host needs it, and then for each. */
  helper: () => Promise<Buffer | HelperRefusal>;
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

type HelperRefusal = { kind: "no_helper"; cause: string };

/** A host that is to be changed. */
type Needy = { target: BootstrapTarget; task: Task; uploads: boolean };

export async function bootstrap(plan: Plan): Promise<HostEnd[]> {
  const ends = new Map<string, HostEnd>();
  const seen = new Map<string, Pick<HostEnd, "newPins" | "sudo">>();
  const end = (target: SshTarget, state: HostState, rest: Partial<HostEnd> = {}): void => {
    const { newPins, sudo } = seen.get(target.name) ?? { newPins: [], sudo: null };
    const told = { name: target.name, state, reason: "", newPins, sudo, sentBytes: 0, ...rest };
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
        const { newPins } = connection;
        seen.set(target.name, { newPins, sudo: null });
        plan.phase(target.name, "looking");
        const found = await look(connection, lookFor);
        if (found.kind === "look") seen.set(target.name, { newPins, sudo: found.sudoVersion });
        const need = needOf(found, plan);
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
    const able = await withHelper(plan, inOrder(plan, needy), end);
    if (able.length > 0) await changeAll(plan, able, kept, ends, end);
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

/** Those that a helper must be sent to come to their end here where there is none. */
async function withHelper(plan: Plan, needy: readonly Needy[], end: End): Promise<Needy[]> {
  if (!needy.some(({ uploads }) => uploads)) return [...needy];
  const helper = await plan.helper();
  if (!("cause" in helper)) return [...needy];
  for (const { target, uploads } of needy)
    if (uploads) end(target, "failed", { reason: helper.cause });
  return needy.filter(({ uploads }) => !uploads);
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
      const sent = (): void => plan.phase(target.name, "changing");
      const changeWith = async (upload: boolean): Promise<Change> => {
        plan.phase(target.name, "uploading");
        const helper = upload ? await plan.helper() : null;
        if (helper !== null && "cause" in helper)
          return { kind: "not_uploaded", reason: helper.cause };
        return await change(connection, task, helper, tried, sent);
      };
      let done = await changeWith(uploads);
      if (!uploads && task.kind === "install" && isOfAnotherBuild(done))
        done = await changeWith(true);
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
