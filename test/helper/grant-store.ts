/** The store of grants, and the records of it, as a test reads and root's command line writes them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Result } from "../../helper/result.ts";
import type { Grant } from "../../protocol/reply.ts";

export const STORE = "/var/lib/sallyport/grants";
export const LOG = "/var/log/sallyport/audit.jsonl";

export const files = (): string[] => readdirSync(STORE).toSorted();
export const uptime = (): number => Number.parseInt(readFileSync("/proc/uptime", "latin1"), 10);

export function grantsIn({ data, error }: Result): Grant[] {
  if (data?.kind !== "grant") throw new Error(`no grants: ${JSON.stringify(error)}`);
  return data.grants;
}

/** The only one in the store; `changed` as root's command line would. */
export function decide(changed: Partial<Grant>): Grant {
  const [name = ""] = files();
  const one = {
    ...(JSON.parse(readFileSync(`${STORE}/${name}`, "utf8")) as Grant),
    ...changed,
  };
  writeFileSync(`${STORE}/${name}`, JSON.stringify(one));
  return one;
}
export const grant = (changed: Partial<Grant> = {}): Grant =>
  decide({ stands: "granted", by: 0, reason: "it is night", ...changed });

/** Decisions and rules on record, oldest first. */
export function noted(): string[][] {
  const lines = readFileSync(LOG, "utf8").split("\n").slice(0, -1);
  const all = lines.map((line) => JSON.parse(line) as Record<string, string>);
  return all.map(({ phase = "", decision = "", rule = "" }) => [phase, decision, rule]);
}
