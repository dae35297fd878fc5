/** What many hosts answered, as an agent reads it: alike ones as one, each with its own reason. */
import { z } from "zod";
import { escapeLine } from "../escape.ts";
import { HOST_CODES, stateSchema, type AnswerGroup, type HostCode } from "../operator/wire.ts";
import type { FleetAsked } from "./call.ts";
import { refusal, success, type Outcome } from "./outcome.ts";
import { untrustedFields, untrustedLine, untrustedOutput } from "./untrusted.ts";
import { CODES, type Code } from "./words.ts";

/** More are counted only. */
const GROUPS_MAX = 200;
const SUMMARY_GROUPS = 10;

export const fleetData = z.strictObject({
  asked: z.int().positive().describe("how many hosts the pattern selects"),
  answers: z.array(
    z.strictObject({
      hosts: z.string().describe("names; web[01-12] are twelve"),
      count: z.int().positive(),
      code: z.enum(HOST_CODES).nullable().describe("why not; null: as asked"),
      reason: z.string().nullable(),
      state: stateSchema.nullable(),
    }),
  ),
  leftOut: z.int().nonnegative().describe("further answers that are not listed"),
});
type FleetData = z.infer<typeof fleetData>;

const OWN_REASONS: Partial<Record<HostCode, string>> = {
  offline: "taken out of use by its operator",
  not_done: "not begun, because another host failed before or nobody waited",
  unreachable: "it cannot be reached",
  "host-key-changed": "it is not the host that it was",
  "host-key-unknown": "the operator has never seen this host",
  "auth-failed": "it does not let the operator in",
  unknown_outcome: "the connection was lost: it may or may not have run",
  not_set_up: "Sallyport is not set up there",
  bad_reply: "the root half's reply is not usable",
  not_allowed: "not in the policy of that host",
  grant_required: "only with a person's grant",
  failed: "it ran and failed",
  timeout: "the deadline passed, and what had been started was stopped",
  busy: "another change is running there",
  locked_down: "an administrator has locked that host down",
};
const OTHER_REASON = "the root half there refused or failed";

const UNASKED: readonly HostCode[] = [
  "unreachable",
  "host-key-changed",
  "host-key-unknown",
  "auth-failed",
];

const LOOK = "tell a person which hosts these are; look for no other way to reach them";
const REMEDIES: Partial<Record<Code, (wish: string) => string>> = {
  grant_required: (wish) => `ask a person to do it or to grant it, and wait: ${wish}`,
  not_allowed: () =>
    "only an administrator can change the policy of those hosts, so ask, and look for no other way",
  unknown_outcome: () => "do not repeat it; ask for the state of those hosts first",
  unavailable: () => LOOK,
  failed: () => `data.answers tells what came of each host, untrustedOutput why; ${LOOK}`,
};

/** `change`: whether it may have changed something where its answer was lost. */
export function fleetOutcome(asked: FleetAsked, wish: string, change: boolean): Outcome<FleetData> {
  if (asked.kind !== "reply") return unanswered(asked.kind, wish, change);
  const { reply } = asked;
  if (reply.kind === "refused") return refusedBy(reply.code, wish);
  if (reply.kind !== "answers") return refusal("bad_reply", wish);
  const { answers } = reply;
  const data: FleetData = {
    asked: sum(answers),
    answers: answers.slice(0, GROUPS_MAX).map(({ hosts, count, code, state }) => ({
      hosts: escapeLine(hosts),
      count,
      code,
      reason: code === null ? null : reasonOf(code),
      state: state === null ? null : untrustedFields(state),
    })),
    leftOut: Math.max(0, answers.length - GROUPS_MAX),
  };
  const summary = summaryOf(answers);
  const output = outputOf(answers);
  const bad = answers.filter(({ code }) => code !== null && code !== "offline");
  if (bad.length === 0) return success(summary, { data, untrustedOutput: output });
  const code = worst(bad);
  return {
    ...refusal(code, wish),
    reason: `on ${sum(bad)} of ${data.asked} hosts not as asked: ${untrustedLine(wish)}`,
    remedy: (REMEDIES[code] ?? (() => LOOK))(untrustedLine(wish)),
    summary,
    data,
    untrustedOutput: output,
  };
}

/** Where there is no answer of hosts. */
export function unanswered(
  kind: Exclude<FleetAsked["kind"], "reply">,
  wish: string,
  change: boolean,
): Outcome<never> {
  switch (kind) {
    case "not_there":
      return worded("unavailable", wish, {
        reason: "no operator lets agents ask other hosts at the moment",
        remedy: "a person must start it: sallyport operator",
      });
    case "lost":
      return worded(change ? "unknown_outcome" : "unavailable", wish, {
        reason: `the operator's process was lost${change ? `: ${untrustedLine(wish)} may or may not have run` : ""}`,
        remedy: change
          ? "do not repeat it; ask for the state of those hosts first"
          : "a person must start it again: sallyport operator",
      });
    case "bad_reply":
    case "busy":
    case "cancelled":
    case "not_recorded":
      return refusal(kind, wish);
    default:
      return kind satisfies never;
  }
}

export function refusedBy(
  code: "malformed" | "no_host" | "busy" | "too_long" | "internal",
  wish: string,
): Outcome<never> {
  switch (code) {
    case "no_host":
      return worded("malformed", wish, {
        reason: `no host of the operator is selected by: ${untrustedLine(wish)}`,
        remedy: "fleet_hosts lists the hosts and their groups",
      });
    case "too_long":
      return worded("failed", wish, {
        reason: "the answers are too many for one reply",
        remedy: "ask fewer hosts at once",
      });
    case "malformed":
    case "busy":
    case "internal":
      return refusal(code, wish);
    default:
      return code satisfies never;
  }
}

function worded(
  code: Code,
  wish: string,
  { reason, remedy }: { reason: string; remedy: string },
): Outcome<never> {
  return refusal(code, wish, { reason, remedy, summary: reason });
}

/** One code where all have it; else what they have in common. */
function worst(bad: readonly AnswerGroup[]): Code {
  // Hosts that were not asked any more say nothing of their own.
  const codes = bad.flatMap(({ code }) => (code === null || code === "not_done" ? [] : [code]));
  if (codes.length > 0 && codes.every((code) => UNASKED.includes(code))) return "unavailable";
  const [only, ...others] = new Set(codes);
  return (others.length === 0 ? CODES.find((code) => code === only) : undefined) ?? "failed";
}

function reasonOf(code: HostCode): string {
  return OWN_REASONS[code] ?? OTHER_REASON;
}

function summaryOf(answers: readonly AnswerGroup[]): string {
  const parts = answers
    .slice(0, SUMMARY_GROUPS)
    .map(({ hosts, code, state }) => `${untrustedLine(hosts)}: ${code ?? stateText(state)}`);
  const more = answers.length - parts.length;
  return [...parts, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function stateText(state: AnswerGroup["state"]): string {
  if (state === null) return "done";
  return state.kind === "service"
    ? untrustedLine(`${state.unit} ${state.ActiveState} (${state.SubState})`)
    : untrustedLine(`${state.name} ${state.installed ?? "not installed"}`);
}

/** Each line begins with the hosts that said it, so that no host can speak for another. */
function outputOf(answers: readonly AnswerGroup[]): Outcome<never>["untrustedOutput"] {
  const said = answers.filter(({ output }) => output !== "");
  const text = said.map(({ hosts, output }) =>
    output
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `${untrustedLine(hosts)}| ${line}\n`)
      .join(""),
  );
  return untrustedOutput(
    text.join(""),
    answers.some(({ truncated }) => truncated),
  );
}

function sum(groups: readonly { count: number }[]): number {
  return groups.reduce((all, { count }) => all + count, 0);
}
