/** What Prometheus reads. Every label is from a closed set: nothing an agent writes becomes a name here. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import {
  NAMED_PACKAGE_ACTIONS,
  PLAIN_REQUESTS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
  type Request,
} from "../../protocol/operation.ts";
import { BUILD } from "../build.ts";
import type { Answer } from "../client.ts";
import type { ToolCall } from "../mcp/context.ts";
import type { Health } from "../sandbox/executor.ts";
import { sandboxMetrics } from "./sandbox-metrics.ts";

/** Like `service_restart`, `package_update`, `policy`: without the name. */
export type Operation = string;

export function operationOf(request: Request): Operation {
  return "action" in request ? `${request.kind}_${request.action}` : request.kind;
}

const OPERATIONS: readonly Operation[] = [
  ...SERVICE_ACTIONS.map((action) => `service_${action}`),
  ...new Set([...NAMED_PACKAGE_ACTIONS, ...SYSTEM_PACKAGE_ACTIONS].map((of) => `package_${of}`)),
  ...PLAIN_REQUESTS,
];

const REFUSED_BY_POLICY: readonly string[] = ["not_allowed", "grant_required", "locked_down"];
const REFUSED_BEFORE: readonly string[] = ["not_recorded", "rate_limited", "malformed"];

/** `ok`, an error code of the helper, or why there is no reply. */
export function codeOf(answer: Answer): string {
  if (answer.kind !== "reply") return answer.kind;
  return answer.reply.error?.code ?? "ok";
}

/** What the policy said; `none` where it was not asked. */
function verdictOf(answer: Answer): "allow" | "guard" | "deny" | "none" {
  if (answer.kind === "unknown_outcome" || answer.kind === "no_answer") return "allow";
  if (answer.kind !== "reply") return "none";
  switch (answer.reply.error?.code) {
    case "grant_required":
      return "guard";
    case "not_allowed":
    case "locked_down":
      return "deny";
    case "usage":
    case "unsafe":
    case "not_root":
      return "none";
    default:
      return "allow";
  }
}

export type HttpPath = "mcp" | "healthz" | "metrics" | "other";
export type Metrics = ReturnType<typeof openMetrics>;

/** `restarts` of the client; `writable` of the ledger; `up` of the helper: read when Prometheus asks. */
export function openMetrics(read: {
  restarts(): number;
  ledgerWritable(): boolean;
  helperUp(): boolean;
  sandboxes(): Health;
}) {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "sallyport_requests_total",
    help: "Requests put to the helper, by operation, verdict of the policy and code of the answer.",
    labelNames: ["operation", "verdict", "code"] as const,
    registers,
  });
  const durations = new Histogram({
    name: "sallyport_request_duration_seconds",
    help: "Time from asking the helper to its answer.",
    labelNames: ["operation"] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120, 600, 3600],
    registers,
  });
  const refusals = new Counter({
    name: "sallyport_refusals_total",
    help: "Requests that were refused: by the policy, or before the helper was asked.",
    labelNames: ["code"] as const,
    registers,
  });
  const http = new Counter({
    name: "sallyport_http_requests_total",
    help: "HTTP requests by path and status.",
    labelNames: ["path", "status"] as const,
    registers,
  });
  const unknown = new Counter({
    name: "sallyport_unknown_outcomes_total",
    help: "Changes whose outcome is not known: lost while running, or found at the start of the daemon.",
    labelNames: ["found"] as const,
    registers,
  });
  const calls = new Counter({
    name: "sallyport_tool_calls_total",
    help: "Calls of MCP tools by code of the answer.",
    labelNames: ["tool", "code"] as const,
    registers,
  });
  const sandboxed = sandboxMetrics(registry, () => read.sandboxes());
  for (const found of ["running", "start"]) unknown.inc({ found }, 0);
  for (const code of [...REFUSED_BY_POLICY, ...REFUSED_BEFORE]) refusals.inc({ code }, 0);
  for (const operation of OPERATIONS) durations.zero({ operation });

  counter(
    "sallyport_session_restarts_total",
    "Sessions with the helper that had to be started anew because one had died.",
    () => read.restarts(),
  );
  gauge("sallyport_helper_up", "1 when the helper answered lately.", () => +read.helperUp());
  gauge(
    "sallyport_ledger_writable",
    "1 when requests can be recorded; without it, changes are refused.",
    () => +read.ledgerWritable(),
  );
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  counter("process_cpu_seconds_total", "Processor time, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startTime = Date.now() / 1000 - process.uptime();
  gauge("process_start_time_seconds", "Start of the daemon, since 1970.", () => startTime);
  new Gauge({
    name: "sallyport_build_info",
    help: "Version of this daemon.",
    labelNames: ["version"] as const,
    registers,
  }).set({ version: BUILD.version ?? "source" }, 1);

  // Not there before they are known: 0 would be a head that has gone backwards.
  const auditHead = lateGauge(
    "sallyport_audit_head_seq",
    "Sequence number of the last record of the audit log.",
  );
  const lastUnknown = lateGauge(
    "sallyport_unknown_outcome_last_time_seconds",
    "When the last unknown outcome came to light, since 1970. An increase of the counter would not outlive a restart.",
  );

  function gauge(name: string, help: string, value: () => number): void {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(value());
      },
    });
    registry.registerMetric(metric);
  }

  /** Registered with its first value. */
  function lateGauge(name: string, help: string): (value: number) => void {
    const late = new Gauge({ name, help, registers: [] });
    return (value) => {
      if (registry.getSingleMetric(name) === undefined) registry.registerMetric(late);
      late.set(value);
    };
  }

  function countUnknown(found: "running" | "start", count: number): void {
    unknown.inc({ found }, count);
    lastUnknown(Date.now() / 1000);
  }

  function counter(name: string, help: string, value: () => number): void {
    const metric = new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
    registry.registerMetric(metric);
  }

  return {
    answered(
      operation: Operation,
      answer: Answer,
      { durationMs, change }: { durationMs: number; change: boolean },
    ): void {
      const [verdict, code] = [verdictOf(answer), codeOf(answer)];
      requests.inc({ operation, verdict, code });
      durations.observe({ operation }, durationMs / 1000);
      if (REFUSED_BY_POLICY.includes(code)) refusals.inc({ code });
      if (change && code === "unknown_outcome") countUnknown("running", 1);
    },
    /** Of a tool; what never came to the helper is refused here. */
    called({ tool, code }: ToolCall): void {
      calls.inc({ tool, code: code ?? "ok" });
      if (code !== null && REFUSED_BEFORE.includes(code)) refusals.inc({ code });
    },
    /** A change to other hosts whose answer was lost. */
    lostOfFleet(): void {
      countUnknown("running", 1);
    },
    foundUnknown(count: number): void {
      countUnknown("start", count);
    },
    served(path: HttpPath, status: number): void {
      http.inc({ path, status });
    },
    auditHead,
    sandboxed,
    /** In the text format of Prometheus. */
    async text(): Promise<{ type: string; text: string }> {
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
