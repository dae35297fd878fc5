/** The helper's parts that touch nothing, tried in this process: what the black-box tests see only from far. */
import { describe, expect, test } from "vitest";
import { judge, parseObject } from "../../helper/judge.ts";
import { DEADLINE_SECONDS, VERDICTS } from "../../helper/policy.ts";
import { done, refused, told, type Outcome } from "../../helper/result.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import * as operation from "../../protocol/operation.ts";
import { DEFAULT_VERDICTS } from "./default-policy.ts";

describe("text that is no object, or means two things, is refused", () => {
  test.each([
    ["nothing", ""],
    ["null", "null"],
    ["a number", "1"],
    ["text", '"a"'],
    ["a list", '[{"a":1}]'],
    ["half an object", '{"a":1'],
    ["two objects", '{"a":1}{"a":1}'],
    ["a comma too many", '{"a":1,}'],
    ["a key twice", '{"a":1,"a":2}'],
    ["a key twice within", '{"a":{"b":1,"b":1}}'],
    ["a key twice, once with an escape", '{"a":1,"\\u0061":2}'],
    ["a number that is another", '{"a":1.0}'],
    ["a number beyond all", '{"a":1e999}'],
    ["numbers as keys, out of their order", '{"2":1,"1":2}'],
  ])("%s", (_, text) => {
    expect(() => parseObject(text)).toThrow(/not an object|a key stands twice|JSON/);
  });

  test.each([
    ["a list", "[1]", "not an object"],
    ["null", "null", "not an object"],
    ["text", '"a"', "not an object"],
    ["a key twice", '{"a":1,"a":2}', "a key stands twice"],
  ])("and %s is told why", (_, text, reason) => {
    expect(() => parseObject(text)).toThrow(reason);
  });

  test.each([
    ["{}", {}],
    ['{"a":[1,null,true,"x y"]}', { a: [1, null, true, "x y"] }],
    [' {\n\t"a" : { "b c" : "d  e" } }\r\n', { a: { "b c": "d  e" } }],
  ])("%j is the object it looks like", (text, value) => {
    expect(parseObject(text)).toEqual(value);
  });
});

describe("the policy", () => {
  test("compiled in is the one that is written down here", () => {
    expect(VERDICTS).toEqual(DEFAULT_VERDICTS);
  });

  test("gives these times", () => {
    expect(DEADLINE_SECONDS).toEqual({
      read: 30,
      service: 120,
      package: 1800,
      idle: 600,
      life: 86_400,
    });
  });

  test.each(["", "constructor", "__proto__", "toString", "service stop", "service stop nginx "])(
    "denies %j, which it does not list",
    (wish) => {
      expect(judge(wish, VERDICTS)).toBe("deny");
      expect(judge(wish, {})).toBe("deny");
    },
  );

  test("says what it lists", () => {
    const policy = { a: "allow", b: "guard", c: "deny" } as const;
    expect(Object.keys(policy).map((wish) => judge(wish, policy))).toEqual([
      "allow",
      "guard",
      "deny",
    ]);
  });
});

describe("what came of a program", () => {
  const outcome: Outcome = {
    exitCode: 0,
    stdout: "out",
    stderr: "err",
    truncated: false,
    timedOut: false,
  };
  const data = { kind: "policy", verdicts: {}, policyHash: "x" } as const;

  test.each([
    [{ exitCode: 3 }, "failed", "the program failed: exit code 3"],
    [{ exitCode: null }, "failed", "the program failed: a signal ended it"],
    [{ timedOut: true }, "timeout", "the deadline passed"],
    [{ timedOut: true, exitCode: 3 }, "timeout", "the deadline passed"],
  ] as const)("%j is a failure", (changed, code, message) => {
    const ended = { ...outcome, ...changed };
    const error = { code, message, reason: message };
    expect(done(ended, data)).toEqual({ outcome: ended, data, error });
  });

  test("is success by its exit code alone", () => {
    expect(done(outcome)).toEqual({ outcome, data: null, error: null });
    expect(done({ ...outcome, truncated: true }, data).error).toBeNull();
  });

  test("is nothing where none ran", () => {
    const none = { exitCode: null, stdout: "", stderr: "", truncated: false, timedOut: false };
    expect(told(data)).toEqual({ outcome: none, data, error: null });
    expect(refused("usage", "words", "why")).toEqual({
      outcome: none,
      data: null,
      error: { code: "usage", message: "words", reason: "why" },
    });
    expect(refused("usage", "words").error.reason).toBe("words");
  });
});

test("the words and numbers of the protocol are these", () => {
  expect(operation.SERVICE_ACTIONS).toEqual(
    "start stop restart reload enable disable status logs".split(" "),
  );
  expect(operation.NAMED_PACKAGE_ACTIONS).toEqual("install remove upgrade info".split(" "));
  expect(operation.SYSTEM_PACKAGE_ACTIONS).toEqual(
    "update upgrade autoremove autoclean".split(" "),
  );
  expect(operation.NAME_MAX_BYTES).toBe(128);
  expect(EXIT_STATUS).toMatchObject({
    failed: 1,
    usage: 64,
    unavailable: 69,
    unsafe: 71,
    internal: 71,
    busy: 75,
    not_allowed: 77,
    grant_required: 77,
    not_root: 77,
    locked_down: 77,
    timeout: 124,
  });
});
