/** A sandboxed run as it is remembered, and as one line for a log. */
import { createHash } from "node:crypto";
import type { JudgedFinding } from "../sanitizer/finding.ts";
import type { Confinement } from "./confinement.ts";
import type { Execution } from "./execute.ts";
import type { Executed, SandboxEvent } from "./executor.ts";
import type { Usage } from "./tree-usage.ts";

/** `stopped`: for a limit or by its caller. `lost`: whatever ran it is gone, and nobody saw its end. */
export const RESULTS = ["running", "succeeded", "failed", "stopped", "refused", "lost"] as const;
type Result = (typeof RESULTS)[number];

/** What is known when it ends. */
export type RecordedEnd = {
  result: Exclude<Result, "running" | "lost">;
  /** The limit, the signal or the refusal: a word of a closed set; empty where the result says all. */
  code: string;
  exitStatus: number | null;
  durationMs: number | null;
  /** What confined it, as the kernel told; null where it was not started. */
  confinement: Confinement | null;
  degraded: readonly string[];
  peak: Usage | null;
  findings: readonly JudgedFinding[];
};

export type SandboxRecord = {
  id: string;
  /** Who asked for it: `exec`, `workflow`, `run_code`. */
  by: string;
  /** `command`, or the language. */
  language: string;
  /** SHA-256 in hex: of the program's text, or of a command's words as JSON. */
  digest: string;
  workspace: string | null;
  /** ISO 8601. */
  started: string;
} & (RecordedEnd | { result: "running" | "lost" });

export function endOf(executed: Executed): RecordedEnd {
  if (executed.kind !== "ran") {
    const findings = executed.kind === "code_refused" ? executed.examined.findings : [];
    const nothing = { exitStatus: null, durationMs: null, confinement: null, peak: null };
    return { result: "refused", code: executed.kind, ...nothing, degraded: [], findings };
  }
  const { end, durationMs, confinement, degraded, peak, examined } = executed;
  const rest = { durationMs, confinement, degraded, peak, findings: examined.findings };
  switch (end.by) {
    case "itself": {
      const { exitStatus } = end;
      const code = exitStatus > 128 ? `signal_${exitStatus - 128}` : "";
      return { result: exitStatus === 0 ? "succeeded" : "failed", code, exitStatus, ...rest };
    }
    case "limit":
      return { result: "stopped", code: end.limit, exitStatus: null, ...rest };
    case "cancel":
    case "unknown":
      return { result: "stopped", code: end.by, exitStatus: null, ...rest };
    default:
      return end satisfies never;
  }
}

export function languageOf({ program }: Execution): string {
  return program.kind === "code" ? program.language : "command";
}

export function digestOf({ program }: Execution): string {
  const text = program.kind === "code" ? program.text : JSON.stringify(program.argv);
  return createHash("sha256").update(text).digest("hex");
}

/**
 * A run that has ended in plain words, fourteen at most, of letters, digits and `.:=_-`: what an audit log can take
 * without quoting. Nothing in them is the program's or the agent's own.
 */
export function sandboxLine(event: Extract<SandboxEvent, { kind: "ended" }>): string {
  const { id, by, execution, executed } = event;
  const { result, code, exitStatus, durationMs, confinement, findings } = endOf(executed);
  const words = {
    id,
    by,
    language: languageOf(execution),
    digest: `sha256:${digestOf(execution)}`,
    workspace: execution.workspace === null ? "none" : execution.workspace.access,
    result,
    code: code === "" ? "none" : code,
    exit: exitStatus ?? "none",
    ms: durationMs ?? "none",
    backend: (executed.kind === "ran" ? executed.backend : null) ?? "none",
    confined: confinement === null ? "none" : confinedWord(confinement),
    findings: findings.length,
  };
  const said = Object.entries(words).map(([name, value]) => `${name}=${value}`);
  return ["sandbox", ...said].join(" ");
}

function confinedWord({ noNewPrivs, seccomp, capabilities, interfaces }: Confinement): string {
  return [
    noNewPrivs ? "nnp" : "privs",
    seccomp ? "seccomp" : "unfiltered",
    `caps.${capabilities}`,
    `net.${interfaces.length}`,
  ].join("-");
}
