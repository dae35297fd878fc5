/** What a reader of the tree sees, however it is written; what it does not see is in the last table, and said. */
import { expect, test } from "vitest";
import {
  DEFAULT_CODE_POLICY,
  judgeFindings,
  MOST_OF_A_RULE,
  type CodePolicy,
  type RuleName,
} from "../../../agent/sanitizer/finding.ts";
import { findInJavaScript } from "../../../agent/sanitizer/javascript.ts";

const rulesIn = (code: string, policy: CodePolicy = DEFAULT_CODE_POLICY): RuleName[] => [
  ...new Set(findInJavaScript(code, policy).map(({ rule }) => rule)),
];

test.each<[RuleName, string]>([
  ["environment", "process.env"],
  ["environment", "process?.env"],
  ["environment", 'process["env"]'],
  ["environment", "process[`env`]"],
  ["environment", 'process["e" + "nv"]'],
  ["environment", String.raw`pro\u0063ess.env`],
  ["environment", String.raw`process["\x65nv"]`],
  ["environment", "const p = process; p.env"],
  ["environment", "const { env } = process"],
  ["environment", "globalThis.process.env"],
  ["environment", 'Reflect.get(process, "env")'],
  ["environment", "(0, process).env"],
  ["environment", "process!.env"],
  ["environment", 'import { env } from "node:process"'],
  ["environment", "with (process) env"],
  ["obfuscation", "process[x]"],
  ["obfuscation", "globalThis[x]"],
  ["obfuscation", "Object.entries(globalThis)"],
  ["obfuscation", "with (a) b"],
  ["obfuscation", "const { [x]: y } = z"],
  ["eval", "eval(x)"],
  ["eval", "(0, eval)(x)"],
  ["eval", "globalThis.eval(x)"],
  ["eval", 'globalThis["ev" + "al"](x)'],
  ["eval", 'globalThis[["e", "val"].join("")](x)'],
  ["eval", 'globalThis["lave".split("").reverse().join("")](x)'],
  ["eval", "globalThis[String.fromCharCode(101, 118, 97, 108)](x)"],
  ["eval", "const run = eval"],
  ["eval", "new Function(x)"],
  ["eval", 'setTimeout("x()")'],
  ["eval", 'import vm from "node:vm"'],
  ["template-injection", "eval(`f(${x})`)"],
  ["template-injection", 'new Function("return " + x)'],
  ["template-injection", "eval`${x}`"],
  ["template-injection", "cp.execSync(`ls ${x}`)"],
  ["constructor-chain", '[].constructor.constructor("x")()'],
  ["constructor-chain", '({})["constr" + "uctor"]'],
  ["constructor-chain", "x?.constructor"],
  ["constructor-chain", "const { constructor } = x"],
  ["constructor-chain", "x.__proto__"],
  ["constructor-chain", 'Reflect.get(x, "constructor")'],
  ["file-system", 'require("fs")'],
  ["file-system", 'require("node:fs/promises")'],
  ["file-system", 'await import("fs")'],
  ["file-system", 'export { readFile } from "fs"'],
  ["file-system", 'import fs = require("fs")'],
  ["file-system", 'process.getBuiltinModule("fs")'],
  ["child-process", 'require("child_" + "process")'],
  ["network", "fetch(x)"],
  ["network", 'import net from "net"'],
  ["os", 'import os from "os"'],
  ["dynamic-import", "import(x)"],
  ["dynamic-import", "require(x)"],
  ["dynamic-import", "const r = require"],
  ["dynamic-import", "module.constructor._load(x)"],
  ["dynamic-import", 'import { createRequire } from "module"'],
  ["dynamic-import", "process.binding(x)"],
  ["syntax", "let = = 1"],
  ["complexity", "[".repeat(20_000)],
  ["complexity", `eval("a"${"+b".repeat(50_000)})`],
])("%s: %s", (rule, code) => {
  expect(rulesIn(code)).toContain(rule);
});

test.each([
  "console.log(process.argv.length)",
  "const a = { process: 1, eval: 2 }; a.process",
  "label: for (;;) break label",
  "type T = typeof process",
  'import type { Stats } from "fs"',
  "class A extends B { constructor() { super() } }",
  "const f = <T,>(x: T): T => x",
  "const e = <div className={x}>{y}</div>",
  'import { z } from "zod"',
  "setTimeout(() => x, 10)",
  "`${a} ${b}`.trim()",
])("nothing is found in %s", (code) => {
  expect(rulesIn(code)).toEqual([]);
});

test("a finding has its line, its column, its rule and what stands there", () => {
  const code = "const a = 1;\n  eval(a);\nprocess.env.HOME;\n";
  expect(findInJavaScript(code, DEFAULT_CODE_POLICY)).toEqual([
    { line: 2, column: 3, rule: "eval", text: "eval" },
    { line: 3, column: 1, rule: "environment", text: "process.env" },
  ]);
});

test("imports that are allowed, forbidden and required are the policy's", () => {
  const imports = { allowed: ["zod", "fs"], forbidden: ["left-pad"], required: ["zod", "pino"] };
  const policy = { ...DEFAULT_CODE_POLICY, imports };
  const code = 'import "left-pad"; import { z } from "zod"; import "node:fs/promises"; import "x"';
  const found = findInJavaScript(code, policy).map(({ rule, text }) => [rule, text]);
  expect(found).toEqual([
    ["forbidden-import", 'import "left-pad";'],
    ["file-system", 'import "node:fs/promises";'],
    ["forbidden-import", 'import "x"'],
    ["missing-import", "pino"],
  ]);
});

test.each<[RuleName, string]>([
  ["size", "x".repeat(2000)],
  ["complexity", "a;".repeat(300)],
  ["complexity", `${"(".repeat(60)}${"[".repeat(40)}${"]".repeat(40)}${")".repeat(60)}`],
])("%s has a limit", (rule, code) => {
  const policy = { ...DEFAULT_CODE_POLICY, limits: { bytes: 1000, nodes: 200, depth: 30 } };
  expect(rulesIn(code, policy)).toContain(rule);
});

test("the policy decides rule by rule: what it allows is not told", () => {
  const findings = findInJavaScript("eval(x); fetch(y)", DEFAULT_CODE_POLICY);
  const judged = (changed: Partial<CodePolicy["rules"]>): string[] =>
    judgeFindings(findings, {
      ...DEFAULT_CODE_POLICY,
      rules: { ...DEFAULT_CODE_POLICY.rules, ...changed },
    }).map(({ rule, judgement }) => `${rule} ${judgement}`);
  expect(judged({})).toEqual(["eval warn", "network warn"]);
  expect(judged({ eval: "refuse" })).toEqual(["eval refuse", "network warn"]);
  expect(judged({ eval: "allow", network: "allow" })).toEqual([]);
});

test("a flood of one rule hides no other", () => {
  const code = `${"eval;".repeat(2000)} fetch(x)`;
  const found = findInJavaScript(code, DEFAULT_CODE_POLICY).map(({ rule }) => rule);
  expect(found.filter((rule) => rule === "eval")).toHaveLength(MOST_OF_A_RULE);
  expect(found.at(-1)).toBe("network");
});

test("what is JavaScript and no TypeScript is read as JavaScript", () => {
  expect(rulesIn("const f = a ? (b) : c => d; fetch(f)")).toEqual(["network"]);
});

/** Harmless only because of the sandbox: this table says which, so that nobody takes silence for safety. */
test.each([
  "(function () { return this })()[name]",
  "x[name](code)",
  "Object.getPrototypeOf(f)[name](code)",
  "JSON.parse(data, (key, value) => value[key])",
])("not found, and left to the sandbox: %s", (code) => {
  expect(rulesIn(code)).toEqual([]);
});
