/** A stand-in for the helper: answers at once or when told to, and remembers what was asked. No root, no host. */
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import type { Answer, Client as HelperClient, Output } from "../../../agent/client.ts";
import { argvOf } from "../../../agent/request.ts";
import { mcpContext, type McpContext, type ToolCall } from "../../../agent/mcp/context.ts";
import type { Rates } from "../../../agent/mcp/rate-limit.ts";
import { mcpServer } from "../../../agent/mcp/server.ts";
import type { Reply, Verdicts } from "../../../protocol/reply.ts";
import { PLAIN_REPLY } from "../plain-reply.ts";

const VERDICTS: Verdicts = {
  "service status nginx": "allow",
  "service logs nginx": "allow",
  "service restart nginx": "allow",
  "service status ssh": "allow",
  "service stop ssh": "guard",
  "service stop docker": "deny",
  "package info htop": "allow",
  "package install htop": "allow",
  "package update": "allow",
  "package upgrade": "guard",
};

export const reply = (changed: Partial<Reply>): Answer => ({
  kind: "reply",
  reply: { ...PLAIN_REPLY, requestId: "r-1", ...changed },
});

export const refused = (
  code: NonNullable<Reply["error"]>["code"],
  message = "/etc/secret",
): Answer => reply({ success: false, exitCode: null, error: { code, message } });

/** What a helper with this policy would answer, near enough. */
const GRANT_ID = "0123456789abcdef0123456789abcdef";

export function answerOf(words: string): Answer {
  if (words === "policy") {
    return reply({ data: { kind: "policy", verdicts: VERDICTS, policyHash: "abcd" } });
  }
  if (words === "audit") {
    const head = { seq: 2, hash: "ef" };
    const entry = { time: "2026-07-22T10:00:00.000Z", requestId: "r-1", decision: "allow" };
    const argv = ["service", "restart", "nginx"];
    const result = { code: null, exitCode: 0, timedOut: false, durationMs: 5 };
    return reply({
      data: {
        kind: "audit",
        head,
        records: [
          { ...entry, seq: 1, phase: "begin", argv, result: null },
          { ...entry, seq: 2, phase: "end", argv, result },
          { ...entry, seq: 3, requestId: "r-2", phase: "begin", argv, result: null },
        ],
      },
    });
  }
  if (words.startsWith("grant ")) {
    const wish = { id: GRANT_ID, uid: 1001, subject: "service stop ssh", claim: "it is on fire" };
    const times = { asked: "2026-07-25T12:00:00.000Z", boot: "b", until: 1_000_000_000 };
    const grant = { ...wish, ...times, uses: 1, by: null, reason: "" };
    return reply({ data: { kind: "grant", grants: [{ ...grant, stands: "pending" }] } });
  }
  const verdict = VERDICTS[words] ?? "deny";
  if (verdict === "deny") return refused("not_allowed");
  if (verdict === "guard") return refused("grant_required");
  const [kind, action, name = ""] = words.split(" ");
  if (action === "logs") return reply({ stdout: "one\ntwo\n" });
  if (kind === "service") {
    const state = { LoadState: "loaded", ActiveState: "active", SubState: "running" };
    const unit = `${name}.service`;
    return reply({ data: { kind, unit, ...state, UnitFileState: "enabled", MainPID: 7 } });
  }
  if (action !== "info") return reply({ stdout: "Setting up htop\n" });
  return reply({
    data: { kind: "package", name, manager: "apt-get", installed: null, candidate: "1.1" },
  });
}

export type StandIn = {
  helper: HelperClient;
  /** The words of all requests, in the order in which they were begun. */
  asked: string[];
};

type Answering = (words: string, watch: (output: Output) => void) => Answer | Promise<Answer>;

export function standIn(answer: Answering = answerOf): StandIn {
  const asked: string[] = [];
  return {
    asked,
    helper: {
      async ask(request, watch = () => {}) {
        const words = argvOf(request).join(" ");
        asked.push(words);
        return await answer(words, watch);
      },
      restarts: () => 0,
      async close() {},
    },
  };
}

export type Observed = { context: McpContext; calls: ToolCall[]; errors: unknown[] };

export function observed(
  helper: HelperClient,
  rates?: Rates,
  fleet?: McpContext["fleet"],
  workflows?: Parameters<typeof mcpContext>[0]["workflows"],
): Observed {
  const calls: ToolCall[] = [];
  const errors: unknown[] = [];
  const context = mcpContext({
    client: helper,
    observe: (call) => calls.push(call),
    report: (error) => errors.push(error),
    ...(rates === undefined ? {} : { rates }),
    ...(fleet === undefined ? {} : { fleet }),
    ...(workflows === undefined ? {} : { workflows }),
  });
  return { context, calls, errors };
}

/** The SDK's own client, in memory; it checks every answer against the tool's output schema. */
export async function connected(context: McpContext): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await mcpServer(context).connect(theirs);
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(ours);
  return client;
}

export type Told = {
  ok: boolean;
  code: string | null;
  reason: string | null;
  remedy: string | null;
  requestId: string | null;
  retryAfterMs: number | null;
  data: Record<string, unknown> | null;
  untrustedOutput: { text: string; truncated: boolean } | null;
};

type Result = Awaited<ReturnType<Client["callTool"]>>;

export function told(result: Result): Told {
  return result.structuredContent as Told;
}

export function textOf(result: Result): string {
  return result.content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
}

/** A promise and what settles it. */
export function gate<Value = void>() {
  return Promise.withResolvers<Value>();
}
