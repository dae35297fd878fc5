import { expect, test } from "vitest";
import { replyText } from "../../../agent/cli/reply-text.ts";
import { tableText } from "../../../agent/cli/table.ts";
import type { Request } from "../../../protocol/operation.ts";
import type { Reply } from "../../../protocol/reply.ts";
import { PLAIN_REPLY } from "../plain-reply.ts";

const UNIT = {
  kind: "service",
  unit: "nginx.service",
  LoadState: "loaded",
  ActiveState: "active",
  SubState: "running",
  UnitFileState: "enabled",
  MainPID: 312,
} as const;
const STATUS: Request = { kind: "service", action: "status", name: "nginx" };
const INFO: Request = { kind: "package", action: "info", name: "htop" };
const HTOP = { kind: "package", name: "htop", manager: "apt-get" } as const;

test.each<[string, Request, Partial<Reply>, string]>([
  ["a running unit", STATUS, { data: UNIT }, "nginx.service: active (running), enabled, pid 312\n"],
  [
    "a unit that is not there",
    STATUS,
    {
      data: {
        ...UNIT,
        LoadState: "not-found",
        ActiveState: "inactive",
        SubState: "dead",
        UnitFileState: "",
        MainPID: 0,
      },
    },
    "nginx.service: inactive (dead), not-found\n",
  ],
  [
    "an installed package",
    INFO,
    { data: { ...HTOP, installed: "1.0", candidate: "1.1" } },
    "htop: installed 1.0, candidate 1.1\n",
  ],
  [
    "a package that is not there",
    INFO,
    { data: { ...HTOP, installed: null, candidate: null } },
    "htop: not installed, no candidate\n",
  ],
  ["an installation", { ...INFO, action: "install" }, { stdout: "Reading…" }, "htop: installed\n"],
  ["an update", { kind: "package", action: "update", name: null }, {}, "package lists updated\n"],
])("%s takes one line", (_, request, reply, text) => {
  expect(replyText(request, { ...PLAIN_REPLY, ...reply })).toBe(text);
});

test("S05: a journal line cannot clear the terminal", () => {
  const logs: Request = { ...STATUS, action: "logs" };
  const stdout = "one\n\u001b[2Jtwo\u202e\n";
  expect(replyText(logs, { ...PLAIN_REPLY, stdout, data: UNIT })).toBe(
    "one\n\\u{1b}[2Jtwo\\u{202e}\n",
  );
});

test("the policy is a table of what is allowed and what needs a grant; the rest is denied", () => {
  const data: Reply["data"] = {
    kind: "policy",
    verdicts: {
      "service start ssh": "allow",
      "service stop ssh": "guard",
      "service reload ssh": "deny",
      "service status ssh": "allow",
      "package info ufw": "allow",
      "package upgrade": "guard",
    },
    policyHash: "abc",
  };
  expect(replyText({ kind: "policy" }, { ...PLAIN_REPLY, data })).toBe(
    [
      "         NAME  AT ONCE       WITH A GRANT",
      "service  ssh   start status  stop",
      "package  ufw   info          -",
      "package  *     -             upgrade",
      "policy abc",
      "",
    ].join("\n"),
  );
});

test("a table is aligned, without spaces at line ends", () => {
  expect(
    tableText([
      ["a", "b"],
      ["ccc", ""],
    ]),
  ).toBe("a    b\nccc\n");
});
