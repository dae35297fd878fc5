/** What the daemon asks on its own: whether the helper is there, and where the audit log ends. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Client } from "../client.ts";
import { codeOf, type Metrics } from "./metrics.ts";
import type { Ledger } from "./ledger.ts";
import type { Log } from "./log.ts";
import type { Lost } from "./lost.ts";

/** An answer counts for so many polls. */
const POLLS_FRESH = 3;

/** `ok`, or the code of what is wrong. No path, no name: anybody on the host may ask. */
export type Health = { status: "ok" } | { status: "unavailable"; reason: string };

export type HealthWatch = { heard(answer: Answer): void; health(freshMs: number): Health };

/** Learns from every answer, whoever asked for it. */
export function openHealth(log: Log): HealthWatch {
  let reason: string | null = "starting";
  let heardAt = 0;
  let failedAt: number | null = null;
  return {
    heard(answer) {
      const failed = cannotAct(answer);
      if (failed !== null) failedAt = failed ? performance.now() : null;
      const before = reason;
      reason = complaint(answer);
      if (reason === null) heardAt = performance.now();
      if (reason === before) return;
      if (reason === null) log.info({ event: "helper_up" }, "the helper answers");
      else log.error({ event: "helper_down", code: reason }, "the helper does not answer");
    },
    health(freshMs) {
      if (reason !== null) return { status: "unavailable", reason };
      const now = performance.now();
      if (failedAt !== null && now - failedAt <= freshMs)
        return { status: "unavailable", reason: "internal" };
      if (now - heardAt <= freshMs) return { status: "ok" };
      return { status: "unavailable", reason: "stale" };
    },
  };
}

/** Null where the helper answered as one that can act. */
function complaint(answer: Answer): string | null {
  if (answer.kind !== "reply") return answer.kind === "unsendable" ? null : answer.kind;
  const code = answer.reply.error?.code;
  return code === "unsafe" || code === "not_root" ? code : null;
}

/** Whether the helper failed, as where its log's disk is full; null where the answer does not tell: it took no record. */
function cannotAct(answer: Answer): boolean | null {
  if (answer.kind !== "reply") return null;
  const { error, data } = answer.reply;
  if (error !== null) return error.code === "internal";
  return data !== null && UNRECORDED.includes(data.kind) ? null : false;
}

const UNRECORDED = ["version", "policy", "audit"];

export type Polls = { healthSeconds: number; auditSeconds: number };

/** Milliseconds for which an answer makes the helper count as answering. */
export function freshFor({ healthSeconds }: Polls): number {
  return healthSeconds * 1000 * POLLS_FRESH;
}

/** Asks again and again until `signal`. */
export function poll(
  keep: {
    client: Client;
    health: HealthWatch;
    ledger: Ledger;
    log: Log;
    lost: Lost;
    metrics: Metrics;
  },
  every: Polls,
  signal: AbortSignal,
): void {
  const { client, health, ledger, log, lost, metrics } = keep;
  let head: { seq: number; hash: string } | null = null;

  async function askVersion(): Promise<void> {
    // Somebody has just had an answer.
    if (health.health(every.healthSeconds * 1000).status === "ok") return;
    await client.ask({ kind: "version" });
  }

  async function askAudit(): Promise<void> {
    const answer = await client.ask({ kind: "audit" });
    if (answer.kind !== "reply" || answer.reply.data?.kind !== "audit") {
      log.debug({ event: "audit_poll", code: codeOf(answer) }, "the audit log cannot be asked for");
      return;
    }
    const { records, head: now } = answer.reply.data;
    const cut = head !== null && now.seq < head.seq;
    const rewritten = head !== null && now.seq === head.seq && now.hash !== head.hash;
    if (cut || rewritten) {
      const what = cut ? "the audit log has lost records" : "the last audit record was changed";
      log.error({ event: "audit_head", before: head?.seq, now: now.seq }, what);
    }
    head = now;
    metrics.auditHead(now.seq);
    lost.look(records, ledger);
  }

  async function repeat(act: () => Promise<void>, seconds: number): Promise<void> {
    while (!signal.aborted) {
      await act().catch((error: unknown) => log.error({ err: error }, "a poll failed"));
      await sleep(seconds * 1000, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  void repeat(askVersion, every.healthSeconds);
  void repeat(askAudit, every.auditSeconds);
}
