/** How something that waits for a person reads: facts first, what the agent claims last. */
import type { Grant } from "../../protocol/grant.ts";
import { escapeLine, quote } from "../escape.ts";
import { tableText } from "./table.ts";

/** `uid` is who asked; not known where only one's own are shown. */
type Shown = Grant & { uid?: number };

/** Longest subject in a row of a list, in characters. */
const ROW_CHARACTERS = 60;

export function grantsText(grants: readonly Shown[], now = Date.now()): string {
  if (grants.length === 0) return "nothing\n";
  return tableText(
    grants.map((grant) => [
      escapeLine(grant.id),
      grant.stands,
      ...(grant.uid === undefined ? [] : [`uid ${grant.uid}`]),
      leftOf(grant, now),
      escapeLine(brief(grant.subject)),
    ]),
  );
}

/** All that a person decides on, one fact a line; nothing that the agent wrote can look like one of ours. */
export function grantScreen(grant: Shown, now = Date.now()): string {
  const { id, uid, asked, stands, approver, reason, claim } = grant;
  const by = approver === null ? "" : ` by uid ${approver}`;
  const why = reason === null ? "" : ` (${escapeLine(reason)})`;
  const facts = [
    ["id", escapeLine(id)],
    ["state", `${stands}${by}${why}`],
    ...(uid === undefined ? [] : [["asked by", `uid ${uid}`]]),
    ["asked at", new Date(asked * 1000).toISOString()],
    ["left", leftOf(grant, now)],
    ...subjectRows(grant.subject),
  ];
  return `${tableText(facts)}the agent claims: ${quote(claim)}\n`;
}

/** A guarded request word by word, or a step's facts, argv one element a line. */
function subjectRows(subject: string): string[][] {
  if (!subject.startsWith("{"))
    return [
      ["what", "a guarded request to the helper"],
      ...subject.split(" ").map((word) => ["", quote(word)]),
    ];
  const facts = Object.entries(JSON.parse(subject) as Record<string, unknown>);
  return [
    ["what", "a step outside the sandbox"],
    ...facts.flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.map((element, at) => [at === 0 ? escapeLine(name) : "", quotedValue(element)])
        : [[escapeLine(name), quotedValue(value)]],
    ),
  ];
}

function quotedValue(value: unknown): string {
  return typeof value === "string" ? quote(value) : escapeLine(JSON.stringify(value));
}

function brief(subject: string): string {
  return subject.length <= ROW_CHARACTERS ? subject : `${subject.slice(0, ROW_CHARACTERS)}…`;
}

function leftOf({ stands, until, uses }: Grant, now: number): string {
  if (stands !== "pending" && stands !== "granted") return "-";
  const seconds = Math.max(0, Math.round(until - now / 1000));
  const time = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return stands === "pending" ? `waits ${time}` : `${uses} ${uses === 1 ? "use" : "uses"}, ${time}`;
}
