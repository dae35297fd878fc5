/** What decides about one thing on this host: the helper's policy, what narrows it, and what root has settled. */
import { z } from "zod";
import type { Verdict } from "../../protocol/operation.ts";
import type { PolicyData } from "../../protocol/reply.ts";
import { parsePlacedSettings } from "../settings-file.ts";
import { readRootOwnedFile } from "./root-owned-file.ts";
import { ruling, type DecidedBy, type Ruling, type SettledVerdict } from "./settings.ts";

const NARROWING = "/etc/sallyport/policy.json";
const FILE_MAX_BYTES = 65_536;

type Settled = Parameters<typeof ruling>[0];
type HelperRuling = { verdict: Verdict; decidedBy: DecidedBy | { kind: "compiled_in" } };

export type OperationRuling = {
  verdict: SettledVerdict;
  /** Of the two below, the one whose word counts. */
  decidedBy: HelperRuling["decidedBy"];
  helper: HelperRuling;
  /** Null where the helper alone decides. */
  settings: Ruling | null;
};

const SETTLED: Record<Verdict, SettledVerdict> = { allow: "allowed", guard: "ask", deny: "never" };
const STRICTNESS: readonly SettledVerdict[] = ["allowed", "ask", "never"];

/** The stricter of both wins; what the helper does not guard it does without a look at the settings. */
export function operationRuling(
  wish: string,
  { verdicts }: Pick<PolicyData, "verdicts">,
  settled: Settled,
  narrowing = NARROWING,
): OperationRuling {
  const verdict = Object.hasOwn(verdicts, wish) ? (verdicts[wish] ?? "deny") : "deny";
  const helper: HelperRuling = { verdict, decidedBy: narrowedBy(wish, verdict, narrowing) };
  const own = SETTLED[verdict];
  if (own !== "ask") return { verdict: own, decidedBy: helper.decidedBy, helper, settings: null };
  const settings = ruling(settled, "guarded", wish);
  const stricter = STRICTNESS.indexOf(settings.verdict) > STRICTNESS.indexOf(own);
  return stricter
    ? { ...settings, helper, settings }
    : { verdict: own, decidedBy: helper.decidedBy, helper, settings };
}

/** The helper tells what is in force, not why; the file does, to who may read it. */
function narrowedBy(wish: string, verdict: Verdict, file: string): HelperRuling["decidedBy"] {
  const text = readRootOwnedFile(file, FILE_MAX_BYTES);
  if (typeof text !== "string") return { kind: "compiled_in" };
  const parsed = parsePlacedSettings(z.record(z.string(), z.string()), text, file);
  return "flaw" in parsed || parsed.value[wish] !== verdict
    ? { kind: "compiled_in" }
    : { kind: "line", file, line: parsed.lineOf([wish]) };
}
