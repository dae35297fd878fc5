/** What ran outside of the sandbox against the grants that were used for it. */
import type { Entry } from "./audit-log.ts";
import type { Machine } from "./machine.ts";
import { MARKS } from "./unsandboxed-operations.ts";

/** The name of each step that ran, as often as it did. */
export async function marksOf(machine: Machine): Promise<string[]> {
  const text = await machine.script(`[ ! -e ${MARKS} ] || cat ${MARKS}`);
  return text.split("\n").filter((line) => line !== "");
}

/** Steps that ran more often than a use of a grant for them is on record: without one at all, too. */
export function markFlaws(marks: readonly string[], entries: readonly Entry[]): string[] {
  const used = entries.filter(({ phase, decision }) => phase === "note" && decision === "used");
  return [...new Set(marks)].flatMap((name) => {
    const ran = marks.filter((one) => one === name).length;
    const granted = used.filter(({ argv }) => argv.at(-1)?.includes(`"step":"${name}"`)).length;
    return ran > granted ? [`step ${name} ran ${ran} times, granted ${granted}`] : [];
  });
}
