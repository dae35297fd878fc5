/** Python read by Python: here beside the sandbox, since it runs nothing of what it reads. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { DEFAULT_CODE_POLICY, type RuleName } from "../../../agent/sanitizer/finding.ts";
import { findInPython, type RunPython } from "../../../agent/sanitizer/python.ts";

const run: RunPython = async (program, input) => {
  const { stdout, status } = spawnSync("python3", ["-I", "-c", program], {
    input,
    encoding: "utf8",
  });
  return await Promise.resolve(status === 0 ? stdout : null);
};

async function rulesIn(code: string, policy = DEFAULT_CODE_POLICY): Promise<RuleName[]> {
  return (await findInPython(code, policy, run)).map(({ rule }) => rule);
}

test.each<[RuleName, string]>([
  ["os", "import os"],
  ["os", "from os import path"],
  ["environment", "from os import environ"],
  ["child-process", "import subprocess as s"],
  ["network", "import urllib.request"],
  ["file-system", "open('/etc/passwd')"],
  ["file-system", "f = open"],
  ["eval", "eval(x)"],
  ["eval", "run = exec"],
  ["template-injection", "eval(f'f({x})')"],
  ["template-injection", "exec('f(%s)' % x)"],
  ["template-injection", "exec('f({})'.format(x))"],
  ["dynamic-import", "__import__(x)"],
  ["dynamic-import", "import importlib"],
  ["os", "__import__('o' + 's')"],
  ["constructor-chain", "().__class__.__bases__[0].__subclasses__()"],
  ["constructor-chain", "getattr(x, '__cla' + 'ss__')"],
  ["constructor-chain", "'{0.__class__}'.format(x)"],
  ["constructor-chain", "f.__globals__['x']"],
  ["constructor-chain", "x['__builtins__']"],
  ["constructor-chain", "g.gi_frame.f_globals"],
  ["os", "# coding: unicode_escape\n# \\nimport os"],
  ["os", "# coding: utf-7\n# +AAo-import os"],
  ["syntax", "# coding: none-such\nx"],
  ["obfuscation", "getattr(x, y)"],
  ["obfuscation", "globals()['x']"],
  ["syntax", "def"],
  ["syntax", "x = '\0'"],
  ["syntax", "(".repeat(10_000)],
])("%s: %s", async (rule, code) => {
  expect(await rulesIn(code)).toContain(rule);
});

test.each([
  "print(1 + 1)",
  "import json, math",
  "class A:\n  def __init__(self): self.x = 1",
  "x.__name__",
])("nothing is found in %j", async (code) => {
  expect(await rulesIn(code)).toEqual([]);
});

test("a finding has its line, its column, its rule and what stands there; nothing of the source is run", async () => {
  const code = "print('ran')\nx = eval('1')\n";
  expect(await findInPython(code, DEFAULT_CODE_POLICY, run)).toEqual([
    { line: 2, column: 5, rule: "eval", text: "eval" },
  ]);
});

test("imports that are allowed, forbidden and required are the policy's", async () => {
  const imports = { allowed: ["json", "yaml"], forbidden: [], required: ["json", "re"] };
  const policy = { ...DEFAULT_CODE_POLICY, imports };
  const found = await findInPython("import json\nimport math", policy, run);
  expect(found.map(({ rule, text }) => [rule, text])).toEqual([
    ["forbidden-import", "math"],
    ["missing-import", "re"],
  ]);
});

test.each<[RuleName, string]>([
  ["size", "x".repeat(2000)],
  ["complexity", "a\n".repeat(300)],
])("%s has a limit", async (rule, code) => {
  const policy = { ...DEFAULT_CODE_POLICY, limits: { bytes: 1000, nodes: 200, depth: 30 } };
  expect(await rulesIn(code, policy)).toContain(rule);
});

test("a flood of one rule hides no other", async () => {
  const found = await rulesIn(`${"eval\n".repeat(2000)}import socket`);
  expect(found.filter((rule) => rule === "eval")).toHaveLength(200);
  expect(found.at(-1)).toBe("network");
});

test.each([null, "", "{}", "[]", '{"v":1,"findings":[{"rule":"none"}],"loaded":[]}'])(
  "%j is no answer: the code counts as not examined",
  async (said) => {
    const found = await findInPython(
      "print(1)",
      DEFAULT_CODE_POLICY,
      async () => await Promise.resolve(said),
    );
    expect(found).toMatchObject([{ rule: "syntax", text: "it could not be examined" }]);
  },
);
