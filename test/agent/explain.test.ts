import { expect, test } from "vitest";
import type { ClientFailure } from "../../agent/client.ts";
import { failureJson, failureText } from "../../agent/cli/errors.ts";
import { explainError, explainFailure } from "../../agent/explain.ts";
import { EXIT_STATUS, type ErrorCode } from "../../protocol/reply.ts";

const FAILURES: [ClientFailure, number][] = [
  [{ kind: "not_set_up", uid: 1000 }, 69],
  [{ kind: "rule_missing", uid: 1000, others: "none" }, 77],
  [{ kind: "rule_missing", uid: 1000, others: "unknown" }, 77],
  [{ kind: "rule_other_user", uid: 1000, owners: [1001] }, 77],
  [{ kind: "rule_without_effect", uid: 1000 }, 77],
  [{ kind: "helper_differs", helper: "/h", granted: null }, 71],
  [{ kind: "helper_differs", helper: "/h", granted: "/g" }, 71],
  [{ kind: "no_new_privs" }, 69],
  [{ kind: "sudo_missing" }, 69],
  [{ kind: "unsupported_elevator", found: "/usr/bin/doas" }, 69],
  [{ kind: "sudo_refused", text: "sudo: account validation failure" }, 77],
  [{ kind: "socket_refused", code: "EACCES" }, 77],
  [{ kind: "socket_refused", code: "ECONNREFUSED" }, 77],
  [{ kind: "not_recorded" }, 71],
  [{ kind: "unsendable" }, 64],
  [{ kind: "bad_reply", reason: "it is longer than 1 MiB" }, 71],
  [{ kind: "no_answer", seconds: 90 }, 124],
  [{ kind: "unknown_outcome", requestId: null }, 71],
  [{ kind: "unknown_outcome", requestId: "1-2.3" }, 71],
];
const REQUEST = { kind: "service", action: "restart", name: "nginx" } as const;

test.each(FAILURES)(
  "%j is a lowercase cause without a period, with status %i",
  (failure, status) => {
    const explained = explainFailure(failure);
    expect(explained.cause).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/);
    expect(explained).toMatchObject({ code: failure.kind, status });
  },
);

test.each(FAILURES.filter(([{ kind }]) => kind === "not_set_up" || kind.startsWith("rule_")))(
  "%j comes with a command that mends it",
  (failure) => {
    expect(explainFailure(failure).hint).toMatch(/^sudo sallyport setup-sudo /);
  },
);

test.each(Object.keys(EXIT_STATUS) as ErrorCode[])(
  "the helper's %s keeps message and status",
  (code) => {
    expect(explainError({ code, message: "m" }, REQUEST)).toMatchObject({
      code,
      cause: "m",
      status: EXIT_STATUS[code],
    });
  },
);

test.each([
  ["docker.io", "sallyport service restart docker.io"],
  ["$(reboot)", null],
  ["a b", null],
])("a hint that repeats %j can be pasted, or is not there", (name, hint) => {
  const failure = explainError({ code: "busy", message: "m" }, { ...REQUEST, name });
  expect(failure.hint).toBe(hint);
});

test("what sudo says cannot colour or break the line", () => {
  const text = failureText(explainFailure({ kind: "sudo_refused", text: "a\n\u001b[31mb\u202e" }));
  expect(text).toBe(
    'sallyport: sudo refused: "a\\n\\u001b[31mb\\u202e"\nsallyport: hint: sallyport doctor\n',
  );
});

test("the JSON of a failure is one object of a fixed shape", () => {
  expect(failureJson(explainFailure({ kind: "sudo_missing" }))).toEqual({
    v: 1,
    success: false,
    error: { code: "sudo_missing", message: "/usr/bin/sudo is not there", hint: null },
  });
});
