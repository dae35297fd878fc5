import { expect, test } from "vitest";
import { parseReply } from "../../agent/reply.ts";
import { EXIT_STATUS, type ErrorCode, type Reply } from "../../protocol/reply.ts";
import { PLAIN_REPLY } from "./plain-reply.ts";

const REPLY: Reply = {
  ...PLAIN_REPLY,
  data: {
    kind: "service",
    unit: "nginx.service",
    LoadState: "loaded",
    ActiveState: "active",
    SubState: "running",
    UnitFileState: "enabled",
    MainPID: 312,
  },
};
const text = JSON.stringify(REPLY);

test.each([
  ["nothing", "", 0],
  ["a word before it", `Sorry\n${text}`, 0],
  ["a second object", `${text}\n${text}`, 0],
  ["half of it", text.slice(0, -5), 0],
  ["another version", JSON.stringify({ ...REPLY, v: 2 }), 0],
  ["an unknown key", JSON.stringify({ ...REPLY, extra: 1 }), 0],
  ["an unknown key in data", JSON.stringify({ ...REPLY, data: { ...REPLY.data, extra: 1 } }), 0],
  ["unknown data", JSON.stringify({ ...REPLY, data: { kind: "weather" } }), 0],
  ["a missing key", JSON.stringify({ ...REPLY, stdout: undefined }), 0],
  ["an unknown code", JSON.stringify({ ...REPLY, error: { code: "odd", message: "" } }), 1],
  [
    "success with an error",
    JSON.stringify({ ...REPLY, error: { code: "failed", message: "" } }),
    1,
  ],
  ["failure without an error", JSON.stringify({ ...REPLY, success: false }), 0],
  ["success with exit status 1", text, 1],
  ["success of a killed helper", text, null],
])("%s is no reply", (_, output, status) => {
  expect(parseReply(output, status)).toHaveProperty("reason");
});

test("success is a reply with exit status 0", () => {
  expect(parseReply(`${text}\n`, 0)).toEqual({ reply: REPLY });
});

test.each(Object.keys(EXIT_STATUS) as ErrorCode[])(
  "%s is a reply with its own status only",
  (code) => {
    const failed = { ...REPLY, success: false, data: null, error: { code, message: "m" } };
    expect(parseReply(JSON.stringify(failed), EXIT_STATUS[code])).toEqual({ reply: failed });
    expect(parseReply(JSON.stringify(failed), 0)).toHaveProperty("reason");
  },
);
