/**
 * The shape that OCSF 1.7.0 publishes for API Activity (https://schema.ocsf.io/1.7.0/classes/api_activity), written down
 * from there: required attributes, enumerations, and no attribute that the class does not have.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import { ocsfEvent } from "../../../agent/audit/ocsf.ts";
import { readRecord } from "../../../agent/audit/record.ts";
import { chain, type Fields } from "./chain.ts";

/** timestamp_t: milliseconds since 1970. */
const timestamp = z.int().min(1_000_000_000_000).max(9_999_999_999_999);
const text = z.string().min(1);
const published = z.strictObject({
  activity_id: z.union([0, 1, 2, 3, 4, 99].map((id) => z.literal(id))),
  activity_name: text,
  actor: z.strictObject({ user: z.strictObject({ uid: text, name: text.optional() }) }),
  api: z.strictObject({
    operation: text,
    service: z.strictObject({ name: text }),
    request: z.strictObject({ uid: text }),
    response: z.strictObject({ code: z.int().optional(), error: text.optional() }).optional(),
  }),
  category_uid: z.literal(6),
  class_uid: z.literal(6003),
  duration: z.int().nonnegative().optional(),
  message: text,
  metadata: z.strictObject({
    version: z.literal("1.7.0"),
    product: z.strictObject({ name: text, vendor_name: text, version: text.optional() }),
    uid: text,
    sequence: z.int(),
    original_time: text,
    correlation_uid: text,
    event_code: text,
    log_name: text,
    log_provider: text,
  }),
  resources: z.array(z.strictObject({ name: text, type: text })).optional(),
  severity_id: z.union([0, 1, 2, 3, 4, 5, 6, 99].map((id) => z.literal(id))),
  src_endpoint: z.strictObject({ hostname: text, svc_name: text }),
  status_code: text,
  status_detail: text.optional(),
  status_id: z.union([0, 1, 2, 99].map((id) => z.literal(id))),
  time: timestamp,
  type_uid: z.int(),
  unmapped: z.record(z.string(), z.unknown()),
});

const result = { code: "failed", exitCode: 5, timedOut: false, durationMs: 153 };
const ROWS: [Fields, { activity: number; status: number; severity: number }][] = [
  [{ phase: "begin" }, { activity: 3, status: 0, severity: 1 }],
  [
    { phase: "end", result: { ...result, code: null } },
    { activity: 3, status: 1, severity: 1 },
  ],
  [
    { phase: "end", result },
    { activity: 3, status: 2, severity: 1 },
  ],
  [
    { phase: "end", result: { ...result, exitCode: null } },
    { activity: 3, status: 2, severity: 1 },
  ],
  [
    { argv: ["service", "status", "nginx"], phase: "begin" },
    { activity: 2, status: 0, severity: 1 },
  ],
  [
    { argv: ["package", "install", "git"], phase: "begin" },
    { activity: 1, status: 0, severity: 1 },
  ],
  [
    { argv: ["package", "remove", "git"], phase: "begin" },
    { activity: 4, status: 0, severity: 1 },
  ],
  [
    { argv: ["package", "update"], phase: "begin" },
    { activity: 3, status: 0, severity: 1 },
  ],
  [{ decision: "not_allowed" }, { activity: 3, status: 2, severity: 3 }],
  [
    { argv: ["x\u0000\u202e"], decision: "usage", uid: null, user: null },
    { activity: 99, status: 2, severity: 1 },
  ],
  [
    { argv: ["report", "x"], phase: "note", decision: "reported" },
    { activity: 99, status: 1, severity: 1 },
  ],
];
test.each(ROWS)("%j is an event of the class", (fields, { activity, status, severity }) => {
  const read = readRecord(Buffer.from(chain([fields])[0] ?? ""));
  if ("flaw" in read) throw new Error(read.flaw);
  const event = published.parse(JSON.parse(JSON.stringify(ocsfEvent(read.record, "h1", "0.1.0"))));
  expect(event).toMatchObject({
    activity_id: activity,
    type_uid: 600_300 + activity,
    status_id: status,
    severity_id: severity,
    time: Date.parse(read.record.time),
  });
});

test("a request of no words has an operation all the same", () => {
  const read = readRecord(Buffer.from(chain([{ argv: [], rule: "" }])[0] ?? ""));
  if ("flaw" in read) throw new Error(read.flaw);
  expect(() => published.parse(ocsfEvent(read.record, "h1", null))).not.toThrow();
});
