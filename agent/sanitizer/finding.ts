/**
 * What code looks like it is about to do, before it runs. Advice and an early refusal: code that hides what it
 * does passes, and it is the sandbox that holds it.
 */
export const RULES = {
  syntax: "it cannot be read",
  environment: "reads the environment or the process itself",
  "file-system": "reads or writes files",
  "child-process": "starts other programs or threads",
  eval: "makes code out of text",
  network: "speaks to the network",
  os: "asks the operating system",
  "dynamic-import": "loads what is only known when it runs",
  "forbidden-import": "loads what is not allowed",
  "missing-import": "lacks an import that is required",
  "template-injection": "puts values into text that becomes code",
  "constructor-chain": "climbs to what makes functions or classes",
  obfuscation: "hides which name it uses",
  size: "is larger than allowed",
  complexity: "is more complex than allowed",
} as const;
export type RuleName = keyof typeof RULES;

/** `line` and `column` count from 1; `text` is untrusted, at most 120 characters. */
export type Finding = { line: number; column: number; rule: RuleName; text: string };

type Judgement = "refuse" | "warn" | "allow";
type Limits = {
  /** Of the source. */
  bytes: number;
  /** Nodes of the syntax tree, and how deep they are nested. */
  nodes: number;
  depth: number;
};
export type CodePolicy = {
  rules: Readonly<Record<RuleName, Judgement>>;
  imports: {
    /** Null: whatever no rule speaks against. */
    allowed: readonly string[] | null;
    forbidden: readonly string[];
    required: readonly string[];
  };
  limits: Limits;
};

/** Of one rule no more are told: then others still are. */
export const MOST_OF_A_RULE = 200;

/**
 * In the sandbox files and the environment are its own: worth a word, no reason to refuse. Refused is what no
 * interpreter would run either, what nobody could have looked at, and what an administrator forbids.
 */
export const DEFAULT_CODE_POLICY: CodePolicy = {
  rules: {
    syntax: "refuse",
    environment: "warn",
    "file-system": "warn",
    "child-process": "warn",
    eval: "warn",
    network: "warn",
    os: "warn",
    "dynamic-import": "warn",
    "forbidden-import": "refuse",
    "missing-import": "refuse",
    "template-injection": "warn",
    "constructor-chain": "warn",
    obfuscation: "warn",
    size: "refuse",
    complexity: "refuse",
  },
  imports: { allowed: null, forbidden: [], required: [] },
  limits: { bytes: 128 * 1024, nodes: 200_000, depth: 500 },
};

export type JudgedFinding = Finding & { judgement: "refuse" | "warn" };

/** What the policy does not allow of them, in their order. */
export function judgeFindings(
  findings: readonly Finding[],
  { rules }: CodePolicy,
): JudgedFinding[] {
  return findings.flatMap((finding) => {
    const judgement = rules[finding.rule];
    return judgement === "allow" ? [] : [{ ...finding, judgement }];
  });
}

/** As a person reads it; `text` is not escaped. */
export function findingText({ line, column, rule, text }: Finding): string {
  return `${line}:${column} ${rule}: ${RULES[rule]}: ${text}`;
}

const TEXT_CHARACTERS = 120;

export function shownText(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length <= TEXT_CHARACTERS ? line : `${line.slice(0, TEXT_CHARACTERS - 1)}…`;
}
