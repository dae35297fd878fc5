/** Code is looked at before a sandbox is made for it: advice, and an early refusal. What holds it is the sandbox. */
import {
  judgeFindings,
  type CodePolicy,
  type Finding,
  type JudgedFinding,
} from "../sanitizer/finding.ts";
import { findInPython, type RunPython } from "../sanitizer/python.ts";
import { codePolicyFor, type CodeSettings } from "../sanitizer/settings.ts";
import type { Language } from "./profile.ts";

/** What the policy does not allow, those first for which it is refused; `more` are left out. */
export type Examined = { findings: readonly JudgedFinding[]; more: number; refused: boolean };

const SHOWN_MAX = 50;

/** `runPython`: in a sandbox of its own. Nothing of the code is run. */
export async function examine(
  language: Language,
  text: string,
  settings: CodeSettings,
  runPython: RunPython,
): Promise<Examined> {
  const policy = codePolicyFor(language, settings);
  const ignored = Object.values(policy.rules).every((judgement) => judgement === "allow");
  const found = ignored ? [] : await findingsIn(language, text, policy, runPython);
  const judged = judgeFindings(found, policy);
  const refusing = judged.filter(({ judgement }) => judgement === "refuse");
  const all = [...refusing, ...judged.filter(({ judgement }) => judgement === "warn")];
  return {
    findings: all.slice(0, SHOWN_MAX),
    more: Math.max(0, all.length - SHOWN_MAX),
    refused: refusing.length > 0,
  };
}

async function findingsIn(
  language: Language,
  text: string,
  policy: CodePolicy,
  runPython: RunPython,
): Promise<Finding[]> {
  switch (language) {
    case "node": {
      // Loaded only here: a parser of this size is for those who need it.
      const { findInJavaScript } = await import("../sanitizer/javascript.ts");
      return findInJavaScript(text, policy);
    }
    case "python":
      return await findInPython(text, policy, runPython);
    case "bash": {
      // What a shell does depends on the programs it starts: `sallyport risk` is for that, and only tells.
      const { bytes } = policy.limits;
      const long = Buffer.byteLength(text) > bytes;
      return long ? [{ line: 1, column: 1, rule: "size", text: `more than ${bytes} bytes` }] : [];
    }
    default:
      return language satisfies never;
  }
}
