/** What Prometheus reads of the daemon's sandboxes: those of this process, since it started. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Health, SandboxEvent } from "../sandbox/executor.ts";
import { LANGUAGES } from "../sandbox/profile.ts";
import { endOf, languageOf } from "../sandbox/record.ts";

/** `violation`: the filter of system calls ended it (SIGSYS). */
const ENDS = [
  "succeeded",
  "failed",
  "time",
  "memory",
  "output",
  "violation",
  "cancel",
  "unknown",
] as const;

/** Refusals that rules ask for; others are there from their first one on. */
const REFUSALS = ["code_refused", "near_secret", "not_started", "namespaces_blocked", "queue_full"];

const SIGSYS = "signal_31";

/** Returns who is told of every run. */
export function sandboxMetrics(
  registry: Registry,
  health: () => Health,
): (event: SandboxEvent) => void {
  const registers = [registry];
  const runs = new Counter({
    name: "sallyport_sandbox_runs_total",
    help: "Sandboxed runs that ended, by language and how.",
    labelNames: ["language", "end"] as const,
    registers,
  });
  const refusals = new Counter({
    name: "sallyport_sandbox_refusals_total",
    help: "Runs that were not begun, by reason.",
    labelNames: ["reason"] as const,
    registers,
  });
  const findings = new Counter({
    name: "sallyport_code_findings_total",
    help: "What was seen in code before it ran, by rule and what the rules say of it.",
    labelNames: ["rule", "judgement"] as const,
    registers,
  });
  for (const language of LANGUAGES) for (const end of ENDS) runs.inc({ language, end }, 0);
  for (const reason of REFUSALS) refusals.inc({ reason }, 0);
  findings.inc({ rule: "file-system", judgement: "warn" }, 0);

  const gauge = (name: string, help: string, value: (of: Health) => number): void => {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(value(health()));
      },
    });
    registry.registerMetric(metric);
  };
  gauge("sallyport_sandboxes_running", "Sandboxes that run now.", ({ running }) => running);
  gauge("sallyport_sandboxes_waiting", "Runs that wait for a place.", ({ waiting }) => waiting);
  gauge("sallyport_sandboxes_limit", "Sandboxes that may run at once.", ({ atOnce }) => atOnce);
  gauge(
    "sallyport_sandbox_oldest_seconds",
    "How long the oldest sandbox has been running; 0 where there is none.",
    ({ oldestMs }) => (oldestMs ?? 0) / 1000,
  );
  gauge(
    "sallyport_sandbox_lifetime_seconds",
    "How long sandboxes lived, on the average; 0 before the first one.",
    ({ averageMs }) => (averageMs ?? 0) / 1000,
  );

  return (event) => {
    if (event.kind !== "ended") return;
    const end = endOf(event.executed);
    for (const { rule, judgement } of end.findings) findings.inc({ rule, judgement });
    if (end.result === "refused") return refusals.inc({ reason: end.code });
    runs.inc({ language: languageOf(event.execution), end: endWord(end.result, end.code) });
  };
}

function endWord(result: "succeeded" | "failed" | "stopped", code: string): string {
  if (code === SIGSYS) return "violation";
  return result === "stopped" ? code : result;
}
