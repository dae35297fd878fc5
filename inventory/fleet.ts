/** The same request to the helpers of many hosts: a change goes to one of them first. */
import { askHost, type RemoteAnswer } from "./ask.ts";
import { batches, inForks, type BatchSize } from "./batches.ts";
import type { Pace } from "./forks.ts";
import type { InventoryHost } from "./target.ts";
import type { Connecting, Transport } from "./transport.ts";

export type FleetAnswer =
  | Exclude<Connecting, { kind: "connected" }>
  | RemoteAnswer
  | { kind: "offline"; reason: string }
  /** The run stopped before this host. */
  | { kind: "not_done" };

export type FleetPlan = {
  targets: readonly InventoryHost[];
  transport: Transport;
  helpers: readonly [string, string];
  argv: readonly string[];
  /** How long each host is waited for. */
  seconds: number;
  serial: readonly BatchSize[];
  pace: Pace;
  /** After so many failed hosts no further batch begins. */
  maxFail: number;
  /** Whether an answer is what was asked for. */
  isGood: (answer: FleetAnswer) => boolean;
  /** Told once per host, when its answer is known. */
  ended: (name: string, answer: FleetAnswer) => void;
  stopped: () => boolean;
};

/** Hosts that are offline are answered for, and count neither as good nor as failed. */
export async function askFleet(plan: FleetPlan): Promise<Map<string, FleetAnswer>> {
  const answers = new Map<string, FleetAnswer>();
  let failures = 0;
  const end = (name: string, answer: FleetAnswer): void => {
    answers.set(name, answer);
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
      end(target.name, await askHost(connection, plan.helpers, plan.argv, plan.seconds));
    } finally {
      await connection.close();
    }
  };
  for (const batch of batches(plan.targets, plan.serial)) {
    const left =
      failures >= plan.maxFail ? batch : await inForks(batch, plan.pace, ask, plan.stopped);
    for (const { name } of left) end(name, { kind: "not_done" });
  }
  return answers;
}
