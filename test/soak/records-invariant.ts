/** The audit log against itself and against what callers were told. */
import type { Entry } from "./audit-log.ts";
import type { Machine } from "./machine.ts";
import type { Claim, FullLog } from "./story.ts";

type Verified = {
  success: boolean;
  problems: { line: number; text: string }[];
  warnings: { line: number; text: string }[];
  checkpoints: { problems: { text: string }[] };
};

export const NOT_INTACT = "audit verify: the last record is not whole";

/** Of the second implementation: a broken chain, a lost end, a grant that nobody gave; null where it said nothing. */
export async function chainFlaws(machine: Machine): Promise<string[] | null> {
  const { status, stdout, stderr } = await machine.run("root", [
    "/usr/bin/sallyport",
    "audit",
    "verify",
    "--json",
  ]);
  if (status === null) return null;
  if (!stdout.startsWith("{")) return [`audit verify: status ${status} ${stderr}`];
  const { success, problems, warnings, checkpoints } = JSON.parse(stdout) as Verified;
  const told = [...problems, ...checkpoints.problems].map(({ text }) => text);
  const ungranted = warnings.map(({ text }) => text).filter((text) => /grant/.test(text));
  return [...(success || told.length > 0 ? [] : [NOT_INTACT]), ...told, ...ungranted];
}

/** What is said of requests about grants is on record only where it is new. */
const isOnRecord = ({ words, code }: Claim): boolean =>
  ["service", "package"].includes(words[0] ?? "") && code !== "internal" && code !== "unsafe";

/** An answer without a record, or with another end on record; with none where no byte was left for it. */
export function claimFlaws(
  entries: readonly Entry[],
  claims: readonly Claim[],
  fullLogs: readonly FullLog[],
): string[] {
  const byId = new Map<string, Entry[]>();
  for (const entry of entries)
    byId.set(entry.requestId, [...(byId.get(entry.requestId) ?? []), entry]);
  return claims.filter(isOnRecord).flatMap(({ id, words, code, from, to }) => {
    const found = byId.get(id) ?? [];
    const end = found.find(({ phase }) => phase === "end");
    const begun = found.some(({ phase }) => phase === "begin");
    const refused = found.some(({ phase }) => phase === "refused");
    const noRoom = fullLogs.some((one) => one.from <= to && from <= one.to);
    const agrees = begun
      ? end === undefined
        ? noRoom
        : (end.result?.code ?? null) === code
      : refused && code !== null;
    const seen = found.map((one) => `${one.phase} ${one.result?.code ?? ""}`.trim()).join(", ");
    return agrees
      ? []
      : [`${id} ${words.join(" ")} was answered ${code ?? "ok"}, on record: ${seen}`];
  });
}

const GRANTED = /^grant ([0-9a-f]{32}) granted by uid \d+ for uid \d+, (\d+)/;
const USED = /^grant ([0-9a-f]{32}) /;

/** More uses of a grant than people have given, in all. */
export function grantFlaws(entries: readonly Entry[]): string[] {
  const left = new Map<string, number>();
  const flaws: string[] = [];
  for (const { phase, decision, uid, rule, seq } of entries) {
    if (phase !== "note") continue;
    const [, granted, uses] = (uid === 0 && GRANTED.exec(rule)) || [];
    if (granted !== undefined) left.set(granted, (left.get(granted) ?? 0) + Number(uses));
    if (decision !== "used") continue;
    const id = USED.exec(rule)?.[1] ?? "";
    left.set(id, (left.get(id) ?? 0) - 1);
    if ((left.get(id) ?? 0) < 0) flaws.push(`record ${seq} uses grant ${id} once too often`);
  }
  return flaws;
}
