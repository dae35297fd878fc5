/** The same question to many hosts: where it is about a change, one of them first. */
import { batches, inForks, type BatchSize } from "./batches.ts";
import type { Pace } from "./forks.ts";
import type { InventoryHost } from "./target.ts";
import type { Connecting, Connection, Transport } from "./transport.ts";

/** What came of a host that was not visited. */
export type NotVisited =
  | Exclude<Connecting, { kind: "connected" }>
  | { kind: "offline"; reason: string }
  /** The run stopped before this host. */
  | { kind: "not_done" };

export type FleetPlan<Answer> = {
  targets: readonly InventoryHost[];
  transport: Transport;
  /** What is done on each host; its connection is closed afterwards. */
  visit: (connection: Connection) => Promise<Answer>;
  serial: readonly BatchSize[];
  pace: Pace;
  /** After so many failed hosts no further batch begins. */
  maxFail: number;
  /** Whether an answer is what was asked for. */
  isGood: (answer: Answer | NotVisited) => boolean;
  /** Told once per host, when its answer is known. */
  ended: (name: string, answer: Answer | NotVisited) => void;
  stopped: () => boolean;
};

/** Hosts that are offline are answered for, and count neither as good nor as failed. */
export async function visitFleet<Answer extends { kind: string }>(
  plan: FleetPlan<Answer>,
): Promise<void> {
  let failures = 0;
  const end = (name: string, answer: Answer | NotVisited): void => {
    if (answer.kind !== "offline" && !plan.isGood(answer)) failures += 1;
    plan.ended(name, answer);
  };
  const ask = async (target: InventoryHost): Promise<void> => {
    if (target.offline !== null)
      return end(target.name, { kind: "offline", reason: target.offline });
    const begun = performance.now();
    const found = await plan.transport.connect(target);
    plan.pace.connected(found, performance.now() - begun);
    if (found.kind !== "connected") return end(target.name, found);
    const { connection } = found;
    try {
      end(target.name, await plan.visit(connection));
    } finally {
      await connection.close();
    }
  };
  for (const batch of batches(plan.targets, plan.serial)) {
    const left =
      failures >= plan.maxFail ? batch : await inForks(batch, plan.pace, ask, plan.stopped);
    for (const { name } of left) end(name, { kind: "not_done" });
  }
}
