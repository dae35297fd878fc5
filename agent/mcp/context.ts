/** What all connections of one server process share. */
import type { Client } from "../client.ts";
import type { HostSandboxes } from "../sandbox/host-sandboxes.ts";
import type { Desk } from "../workflow/desk.ts";
import type { Operator, OperatorAnswer } from "../operator/call.ts";
import { changeQueue, type ChangeQueue } from "./change-queue.ts";
import { effectivePolicy, type EffectivePolicy } from "./effective-policy.ts";
import { TELLING_MS, type Unanswered } from "./elicitation.ts";
import { DEFAULT_RATES, rateLimiter, type RateLimiter, type Rates } from "./rate-limit.ts";
import type { Code } from "./words.ts";

/** One call of a tool, when it has really ended: for metrics and logs. */
export type ToolCall = {
  tool: string;
  /** Who called: what the token stands for, or `stdio`. */
  caller: string;
  /** The words of what the helper was asked, escaped and bounded; null where it was not asked. */
  request: string | null;
  /** Null where all went well. */
  code: Code | null;
  durationMs: number;
  /** Whether the caller had stopped waiting before the end. */
  abandoned: boolean;
};

/** How other hosts are asked: through an operator's process, which may have to be recorded first. */
export type FleetOperator = (
  ...asked: Parameters<Operator>
) => Promise<OperatorAnswer | { kind: "not_recorded" }>;

export type McpContext = {
  client: Client;
  policy: EffectivePolicy;
  limiter: RateLimiter;
  changes: ChangeQueue;
  /** Null where agents are not to ask other hosts: then its tools are not there. */
  fleet: () => FleetOperator | null;
  /** Changes to other hosts wait for each other, and not for those to this one. */
  fleetChanges: ChangeQueue;
  /** Null where agents are not to run workflows: then its tools are not there. */
  workflows: Desk | null;
  /** Null where agents are not to run code: then its tool is not there. */
  sandboxes: HostSandboxes | null;
  /** Messages that clients were asked to show, and have not answered. */
  unanswered: Unanswered;
  /** How long a call may take with a message in it, in milliseconds. */
  tellingMs: number;
  observe: (call: ToolCall) => void;
  /** For a bug: what the agent is not told. */
  report: (error: unknown) => void;
};

export function mcpContext(parts: {
  client: Client;
  observe: (call: ToolCall) => void;
  report: (error: unknown) => void;
  rates?: Rates;
  fleet?: McpContext["fleet"];
  /** The limiter is the one of all calls: a workflow must be no way around it. */
  workflows?: ((limiter: RateLimiter) => Desk) | null;
  sandboxes?: HostSandboxes | null;
  tellingMs?: number;
}): McpContext {
  const {
    client,
    observe,
    report,
    rates = DEFAULT_RATES,
    fleet = () => null,
    workflows = null,
    sandboxes = null,
    tellingMs = TELLING_MS,
  } = parts;
  const limiter = rateLimiter(rates);
  return {
    client,
    policy: effectivePolicy(client),
    limiter,
    changes: changeQueue(),
    fleet,
    fleetChanges: changeQueue(),
    workflows: workflows?.(limiter) ?? null,
    sandboxes,
    unanswered: { count: 0 },
    tellingMs,
    observe,
    report,
  };
}
