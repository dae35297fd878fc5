/** How something that waits for a person reads: facts first, what the agent claims last. */
import { hostname } from "node:os";
import type { Grant } from "../../protocol/reply.ts";
import { escapeLine, quote } from "../escape.ts";
import { secondsLeft } from "../grants/time-left.ts";
import { tableText } from "./table.ts";

/** Longest subject in a row of a list, in characters. */
const ROW_CHARACTERS = 60;

export function grantsText(grants: readonly Grant[]): string {
  if (grants.length === 0) return "nothing\n";
  return tableText(grants.map(grantCells));
}

/** Of one line in a list: the id, how it stands, whose, what is left, and the beginning of what it is. */
export function grantCells(grant: Grant): string[] {
  const { id, stands, uid, subject } = grant;
  return [id, stands, `uid ${uid}`, leftOf(grant), escapeLine(brief(subject))];
}

/**
 * All that a person decides on, one fact a line; nothing that the agent wrote can look like one of ours.
 * `by`: the user id of that person, or null where nobody decides; `password`: whether sudo asks for theirs.
 */
export async function grantScreen(
  grant: Grant,
  { by, password }: { by: number | null; password: boolean },
): Promise<string> {
  const { id, uid, asked, stands, reason, claim, subject } = grant;
  const decided = grant.by === null ? "" : ` by uid ${grant.by}`;
  const why = reason === "" ? "" : ` (${escapeLine(reason)})`;
  const facts = [
    ["id", id],
    ["state", `${stands}${decided}${why}`],
    [
      "asked by",
      `uid ${uid}${uid === by ? ", which is you: so may have whatever runs as you" : ""}`,
    ],
    ["asked at", asked],
    ["on host", escapeLine(hostname())],
    ["left", leftOf(grant)],
    ...subjectRows(subject),
    ...(await riskRows(subject)),
    ...(by === null || password ? [] : [["beware", NO_PASSWORD]]),
    ["bound to", "exactly this, this user and host, and until it starts anew"],
  ];
  return `${tableText(facts)}the agent claims: ${quote(claim)}\n`;
}

const NO_PASSWORD = "nobody is asked for a password: whatever runs as you can approve this";

/** A guarded request word by word, or a step's facts, argv one element a line. */
function subjectRows(subject: string): string[][] {
  const facts = factsIn(subject);
  if (facts === null)
    return [
      ["what", subject.startsWith("{") ? "nothing that means one thing" : "a guarded request"],
      ...subject.split(" ").map((word) => ["", quote(word)]),
    ];
  return [
    ["what", "a step outside the sandbox"],
    ...Object.entries(facts).flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.map((element, at) => [at === 0 ? escapeLine(name) : "", quotedValue(element)])
        : [[escapeLine(name), quotedValue(value)]],
    ),
  ];
}

/** What a step is, or null where these are words, or an object that could be read in two ways. */
function factsIn(subject: string): Record<string, unknown> | null {
  if (!subject.startsWith("{")) return null;
  try {
    const facts = JSON.parse(subject) as Record<string, unknown>;
    return JSON.stringify(facts) === subject ? facts : null;
  } catch {
    return null;
  }
}

/** What the command of a request or step is known to do. */
async function riskRows(subject: string): Promise<string[][]> {
  const facts = factsIn(subject);
  const argv = facts === null ? commandOf(subject) : facts["argv"];
  if (!isArgv(argv)) return [];
  const { openRisk } = await import("../risk/open.ts");
  const { level, reasons } = (await openRisk()).riskOfArgv(argv);
  return [["risk", level], ...reasons.map(({ text }) => ["", escapeLine(text)])];
}

/** What the helper would run, on most hosts. */
function commandOf(request: string): string[] {
  const [kind, ...words] = request.split(" ");
  return [kind === "service" ? "systemctl" : "apt-get", ...words];
}

function isArgv(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
}

function quotedValue(value: unknown): string {
  return typeof value === "string" ? quote(value) : escapeLine(JSON.stringify(value));
}

function brief(subject: string): string {
  return subject.length <= ROW_CHARACTERS ? subject : `${subject.slice(0, ROW_CHARACTERS)}…`;
}

function leftOf(grant: Grant): string {
  const seconds = secondsLeft(grant);
  const time = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  if (grant.stands === "granted")
    return `${grant.uses} ${grant.uses === 1 ? "use" : "uses"}, ${time}`;
  return grant.stands === "pending" ? `waits ${time}` : time;
}
