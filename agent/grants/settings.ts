/**
 * What the administrator of this host has settled about what a person may grant: /etc/sallyport/settings.yaml, which only
 * root can write. Where it is unclear, everything is denied.
 */
import { z } from "zod";
import { parseRequest } from "../request.ts";
import { parsePlacedSettings, type Flaw } from "../settings-file.ts";
import { readRootOwnedFile } from "./root-owned-file.ts";

export const POLICY_SETTINGS = "/etc/sallyport/settings.yaml";
const FILE_MAX_BYTES = 65_536;

export const STEP_KINDS = ["sandboxed", "unsandboxed", "sudo"] as const;
/** What a step is made of: a program, or code in a language. */
export const STEP_OPERATIONS = ["run", "bash", "python", "node"] as const;
/** `guarded`: operations that the helper does only with a grant. */
export type SettledKind = (typeof STEP_KINDS)[number] | "guarded";

const verdict = z.enum(["never", "ask", "allowed"]);
/** `ask`: a person decides, each time. */
export type SettledVerdict = z.infer<typeof verdict>;

/** Where nobody has said anything. The password of a step with sudo is asked for in any case. */
const DEFAULTS: Readonly<Record<SettledKind, SettledVerdict>> = {
  sandboxed: "allowed",
  unsandboxed: "ask",
  sudo: "allowed",
  guarded: "ask",
};

const absolute = z.string().startsWith("/", "an absolute path is expected").max(4096);

const forSteps = rules(
  (key) => (STEP_OPERATIONS as readonly string[]).includes(key),
  `any, ${STEP_OPERATIONS.join(", ")} are expected`,
);
const settingsSchema = z.strictObject({
  sandboxed: forSteps,
  unsandboxed: forSteps,
  sudo: forSteps,
  guarded: rules(
    isOperation,
    'any or an operation is expected, in the words of a request: "service stop ssh"',
  ),
  /** What is told, as one JSON object on its standard input, that something waits for a person. */
  notify: z
    .strictObject({
      command: z
        .tuple([absolute], z.string().max(4096))
        .refine(({ length }) => length <= 32, "at most 32 words are taken"),
      seconds: z.int().min(1).max(60).default(10),
    })
    .optional(),
});

/** One word for a whole kind, or one for each operation; a misspelt one must not pass for a denial. */
function rules(isKey: (key: string) => boolean, expected: string) {
  return z
    .union([verdict, z.record(z.string(), verdict)], "never, ask or allowed is expected")
    .superRefine((value, context) => {
      if (typeof value === "string") return;
      for (const key of Object.keys(value)) {
        if (key !== ANY && !isKey(key))
          context.addIssue({ code: "custom", path: [key], message: expected });
      }
    })
    .optional();
}

/** An operation nobody has named. */
const ANY = "any";

function isOperation(key: string): boolean {
  const words = key.split(" ");
  const request = parseRequest(words);
  return request !== null && (request.kind === "service" || request.kind === "package");
}

type Rule = { verdict: SettledVerdict; line: number };
export type Settled = {
  file: string;
  rules: Readonly<Record<SettledKind, ReadonlyMap<string, Rule>>>;
  notify: { command: readonly [string, ...string[]]; seconds: number } | null;
};

/** What is in force on this host. */
export function readSettled(file = POLICY_SETTINGS): Settled | Flaw {
  const text = readRootOwnedFile(file, FILE_MAX_BYTES);
  return text === null || typeof text === "string" ? parseSettled(text ?? "", file) : text;
}

/** `file` is for the messages, and for `decidedBy`. */
export function parseSettled(text: string, file: string): Settled | Flaw {
  const parsed = parsePlacedSettings(settingsSchema, text, file);
  if ("flaw" in parsed) return parsed;
  const { value, lineOf } = parsed;
  const rulesOf = (kind: SettledKind): ReadonlyMap<string, Rule> => {
    const said = value[kind] ?? {};
    if (typeof said === "string") return new Map([[ANY, { verdict: said, line: lineOf([kind]) }]]);
    return new Map(
      Object.entries(said).map(([key, word]) => [
        key,
        { verdict: word, line: lineOf([kind, key]) },
      ]),
    );
  };
  return {
    file,
    rules: {
      sandboxed: rulesOf("sandboxed"),
      unsandboxed: rulesOf("unsandboxed"),
      sudo: rulesOf("sudo"),
      guarded: rulesOf("guarded"),
    },
    notify: value.notify ?? null,
  };
}

export type DecidedBy =
  | { kind: "line"; file: string; line: number }
  | { kind: "default" }
  /** Nothing can be relied on; `flaw` says why. */
  | { kind: "unusable"; flaw: string };
export type Ruling = { verdict: SettledVerdict; decidedBy: DecidedBy };

/**
 * What was settled about an operation of a kind: `bash` of `unsandboxed`, `service stop ssh` of `guarded`. A `never` that
 * fits beats everything; else the word for the operation, then the one for its kind, then the default.
 */
export function ruling(settled: Settled | Flaw, kind: SettledKind, operation: string): Ruling {
  if ("flaw" in settled)
    return { verdict: "never", decidedBy: { kind: "unusable", flaw: settled.flaw } };
  const [own, any] = [settled.rules[kind].get(operation), settled.rules[kind].get(ANY)];
  const rule = [own, any].find((one) => one?.verdict === "never") ?? own ?? any;
  if (rule === undefined) return { verdict: DEFAULTS[kind], decidedBy: { kind: "default" } };
  const { file } = settled;
  return { verdict: rule.verdict, decidedBy: { kind: "line", file, line: rule.line } };
}

/** Who or what decided, in a few words. */
export function decidedByText(by: DecidedBy): string {
  switch (by.kind) {
    case "line":
      return `${by.file}:${by.line}`;
    case "default":
      return "the default";
    case "unusable":
      return by.flaw;
    default:
      return by satisfies never;
  }
}
