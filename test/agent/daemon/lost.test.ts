import { expect, test } from "vitest";
import type { Ledger, Open } from "../../../agent/daemon/ledger.ts";
import type { Log } from "../../../agent/daemon/log.ts";
import { openLost } from "../../../agent/daemon/lost.ts";
import type { AuditEntry } from "../../../protocol/reply.ts";

const START = Date.now() - 60_000;
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const ARGV = ["service", "restart", "nginx"];

function row(id: number, seconds: number, argv = ARGV): Open {
  return { id, time: at(seconds), client: "token", tool: "service_control", argv };
}

function record(requestId: string, seconds: number, more: Partial<AuditEntry> = {}): AuditEntry {
  const entry = {
    seq: 1,
    time: at(seconds),
    requestId,
    argv: ARGV,
    decision: "allow",
    result: null,
  };
  return { ...entry, phase: "begin", ...more };
}

function end(requestId: string, code: string | null): AuditEntry {
  const result = { code, exitCode: 0, timedOut: false, durationMs: 1 };
  return record(requestId, 10, { phase: "end", result });
}

/** What is told at last of each row, and what the ledger is told; `known` are requests with an answer. */
function told(rows: Open[], records: AuditEntry[], known: string[] = []) {
  const lines = new Map<number, unknown>();
  const identified: [number, string][] = [];
  const tell = (line: { id: number; requestId: unknown; audit: unknown }) =>
    lines.set(line.id, [line.requestId, line.audit]);
  const ledger = {
    knows: (requestId: string) => known.includes(requestId),
    identify: (id: number, requestId: string) => identified.push([id, requestId]),
  } as unknown as Ledger;
  const lost = openLost({ error: tell } as unknown as Log);
  lost.add(rows);
  lost.look(records, ledger);
  return { lines: Object.fromEntries(lines), identified };
}

test.each<[string, AuditEntry[], string[]]>([
  ["no record", [], []],
  ["a record of other words", [record("r", 1, { argv: ["service", "stop", "nginx"] })], []],
  ["a record from before it was asked", [record("r", -1)], []],
  ["a record from long after", [record("r", 91)], []],
  ["a record of a request that was answered", [record("r", 1)], ["r"]],
  ["an end without a begin", [end("r", null)], []],
])("%s is not taken for its own", (_, records, known) => {
  const { lines, identified } = told([row(1, 0)], records, known);
  expect(lines).toEqual({ 1: [null, "nothing on record"] });
  expect(identified).toEqual([]);
});

test.each<[string, AuditEntry[]]>([
  ["done", [record("r", 1), end("r", null)]],
  ["failed", [record("r", 1), end("r", "failed")]],
  ["refused", [record("r", 1, { phase: "refused", decision: "not_allowed" })]],
])("its own record tells how it ended: %s", (word, records) => {
  const { lines, identified } = told([row(1, 0)], records);
  expect(lines).toEqual({ 1: ["r", word] });
  expect(identified).toEqual([[1, "r"]]);
});

test("what has begun and not ended is looked for again", () => {
  expect(told([row(1, 0)], [record("r", 1)])).toEqual({
    lines: { 1: ["r", "begun"] },
    identified: [],
  });
});

test("two of the same words are two requests", () => {
  const records = [record("a", 1), record("b", 2), end("a", null), end("b", "timeout")];
  expect(told([row(1, 0), row(2, 1)], records).lines).toEqual({
    1: ["a", "done"],
    2: ["b", "timeout"],
  });
});
