import { expect, test } from "vitest";
import { approvalFinding } from "../../../agent/doctor/approval.ts";
import { readSudoersText } from "../../../agent/risk/sudoers/text.ts";

const OPEN: [string, string][] = [
  ["ops ALL=(ALL:ALL) NOPASSWD: ALL\n", '"ops"'],
  ["%sudo ALL=(ALL) NOPASSWD: ALL\n", '"%sudo"'],
  ["#1000 ALL=(root) NOPASSWD:ALL\n", '"#1000"'],
  ["ALL ALL=NOPASSWD: ALL\n", '"ALL"'],
  ["ops, bob ALL=(ALL) NOPASSWD: ALL\n", '"ops", "bob"'],
  ["Defaults !authenticate\nops ALL=(ALL) ALL\n", '"ops"'],
];
test.each(OPEN)("%j: approval is only as strong as %s", (text, who) => {
  expect(approvalFinding([readSudoersText(text)])).toMatchObject({
    state: "warn",
    reason: `${who} may run everything without a password: a person's approval is then only as strong as every program of theirs`,
  });
});

test.each([
  "ops ALL=(ALL) ALL\n",
  "root ALL=(ALL) NOPASSWD: ALL\n",
  "#1001 ALL=(root) NOPASSWD: /usr/libexec/sallyport/sallyport-helper\n",
  "ops ALL=(postgres) NOPASSWD: ALL\n",
  "",
])("%j: a person is asked", (text) => {
  expect(approvalFinding([readSudoersText(text)]).state).toBe("ok");
});
