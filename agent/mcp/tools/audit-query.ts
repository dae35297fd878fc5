/** `audit_query`: what was recorded of one's own requests, for instance what became of a lost one. */
import { z } from "zod";
import type { AuditEntry } from "../../../protocol/reply.ts";
import { phaseSchema } from "../../audit/record.ts";
import { outcomeOf } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

const NEWEST = 20;
/** Words of one request that are shown; more make no request. */
const WORDS_MAX = 8;

const query = z.strictObject({
  requestId: z.string().min(1).max(64).optional().describe("only what was recorded under it"),
  newest: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe(`how many records at most; ${NEWEST} if left out`),
});

const WHAT_BECAME = {
  done: "it ran and went well",
  failed: "it ran and failed, or was stopped",
  refused: "it was refused: nothing was done",
  running: "it was begun and has no end on record: it is still running, or was cut off by a crash",
  unknown: "nothing is on record under this id among your newest records: it was not begun",
} as const;
type Became = keyof typeof WHAT_BECAME;

export const auditQuery = defineTool({
  name: "audit_query",
  title: "Audit records",
  description:
    "Lists what root's audit log holds of your own requests, or tells what became of one: give its requestId, for instance after unknown_outcome. Changes nothing.",
  offered: () => query,
  accepted: query,
  data: z.strictObject({
    outcome: z
      .enum(["done", "failed", "refused", "running", "unknown"])
      .nullable()
      .describe("what became of the request asked about; null if none was"),
    records: z
      .array(
        z.strictObject({
          seq: z.int(),
          time: z.string(),
          requestId: z.string(),
          phase: phaseSchema,
          request: z.string().describe("as it was asked, escaped and shortened"),
          decision: z.string(),
          code: z.string().nullable(),
          exitCode: z.int().nullable(),
          durationMs: z.int().nullable(),
        }),
      )
      .describe("oldest first"),
    head: z
      .strictObject({ seq: z.int(), hash: z.string() })
      .describe("last record of the whole log"),
  }),
  async run({ requestId, newest = NEWEST }, call) {
    const request = { kind: "audit" } as const;
    return outcomeOf(await call.ask(request), request, ({ data }) => {
      if (data?.kind !== "audit") return { summary: "no records", data: null };
      const own = data.records.filter((entry) => {
        return requestId === undefined || entry.requestId === requestId;
      });
      const records = own.slice(-newest).map(shown);
      const outcome = requestId === undefined ? null : becameOf(own);
      const summary =
        requestId === undefined || outcome === null
          ? records.map(lineOf).join("\n") || "no records"
          : `${untrustedLine(requestId)}: ${WHAT_BECAME[outcome]}`;
      return { summary, data: { outcome, records, head: data.head } };
    });
  },
});

function becameOf(entries: readonly AuditEntry[]): Became {
  const last = entries.at(-1);
  if (last === undefined) return "unknown";
  if (last.phase === "refused") return "refused";
  if (last.phase === "begin") return "running";
  return last.result?.code === null ? "done" : "failed";
}

function shown({ seq, time, requestId, phase, argv, decision, result }: AuditEntry) {
  return {
    seq,
    time: untrustedLine(time),
    requestId: untrustedLine(requestId),
    phase,
    request: untrustedLine(argv.slice(0, WORDS_MAX).join(" ")),
    decision: untrustedLine(decision),
    code: result?.code ?? null,
    exitCode: result?.exitCode ?? null,
    durationMs: result?.durationMs ?? null,
  };
}

function lineOf({ time, phase, request, decision, code, requestId }: ReturnType<typeof shown>) {
  const end = phase === "end" ? (code ?? "done") : decision;
  return `${time} ${phase} ${end}: ${request} (${requestId})`;
}
