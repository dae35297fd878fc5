/** Tells root's audit log which recordings there are: who changes one afterwards cannot change that. */
import type { Client } from "../client.ts";
import type { StepRecord } from "./record.ts";

/** How many of them are on record now; it ends with the first that cannot be. */
export async function reportCasts(
  client: Pick<Client, "ask">,
  run: string,
  steps: readonly Pick<StepRecord, "id" | "attempt" | "castSha256">[],
): Promise<number> {
  let reported = 0;
  for (const { id, attempt, castSha256 } of steps) {
    const text = `workflow ${run} step ${id} attempt ${attempt} cast ${castSha256}`;
    const answer = await client.ask({ kind: "report", text });
    if (answer.kind !== "reply" || answer.reply.error !== null) break;
    reported += 1;
  }
  return reported;
}
