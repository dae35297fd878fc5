/** The words that the script is given: it believes them, so each has its place. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import { transactionArguments, transactionScript } from "../../sudoers/transaction.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const rule = renderRule(1001, HELPER) as Rule;
const build = { sha256: "ab".repeat(32), bytes: 7, buildId: "cd".repeat(32) };
const ruleSha256 = createHash("sha256").update(rule.text).digest("hex");

test("an installation has the user, where its files are, what they must be, and what must answer", () => {
  expect(
    transactionArguments({ kind: "install", rule, build, lineSha256: null }, "/run/up"),
  ).toEqual(["install", "1001", "/run/up", build.sha256, ruleSha256, HELPER, build.buildId]);
});

test("a look has the same but for the files", () => {
  expect(
    transactionArguments({ kind: "status", rule, build, lineSha256: null }, "/run/up"),
  ).toEqual(["status", "1001", build.sha256, ruleSha256, HELPER, build.buildId]);
});

test.each(["install", "status"] as const)("%s of a command line has its digest, last", (kind) => {
  const lineSha256 = "ef".repeat(32);
  const words = transactionArguments({ kind, rule, build, lineSha256 }, "/run/up");
  const without = transactionArguments({ kind, rule, build, lineSha256: null }, "/run/up");
  expect(words).toEqual([...without, lineSha256]);
});

test("a removal has the user and the helper, and nothing to be installed", () => {
  expect(transactionArguments({ kind: "uninstall", rule }, "/run/up")).toEqual([
    "uninstall",
    "1001",
    HELPER,
  ]);
});

test("the script is the file, to the byte", () => {
  const file = new URL("../../sudoers/transaction.sh", import.meta.url);
  expect(transactionScript()).toBe(readFileSync(file, "utf8"));
});
