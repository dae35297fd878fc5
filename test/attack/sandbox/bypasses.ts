/**
 * Ways around who looks at code, each tried for real: run outside of a sandbox each gets at what it is after; inside
 * none does. `seen`: the rule by which it is found before it runs; null: it is not found, and harmless all the same,
 * for it is the sandbox that holds it. Judged by code.test.ts.
 */
import type { RuleName } from "../../../agent/sanitizer/finding.ts";

export type Bypass = {
  way: string;
  seen: RuleName | null;
  code: string;
  /** What it says where nothing holds it; else the canary. */
  reached?: RegExp;
};

/** After a secret in the environment, or a file in the home directory. */
const ENV = "console.log(process.env.SECRET)";
const KEY = "/home/agent/.ssh/id_canary";

const NODE: Bypass[] = [
  { way: "optional chain", seen: "environment", code: "console.log(process?.env.SECRET)" },
  { way: "brackets", seen: "environment", code: 'console.log(process["env"]["SECRET"])' },
  { way: "template as key", seen: "environment", code: "console.log(process[`env`].SECRET)" },
  { way: "pieces", seen: "environment", code: 'console.log(process["e" + "nv"].SECRET)' },
  {
    way: "unicode escapes in names",
    seen: "environment",
    code: String.raw`console.log(pro\u0063ess.\u{65}nv.SECRET)`,
  },
  {
    way: "escapes in strings",
    seen: "environment",
    code: String.raw`console.log(process["\x65\u006ev"].SECRET)`,
  },
  {
    way: "another name",
    seen: "environment",
    code: "const p = process; console.log(p.env.SECRET)",
  },
  {
    way: "destructuring",
    seen: "environment",
    code: "const { env } = process; console.log(env.SECRET)",
  },
  {
    way: "the module",
    seen: "environment",
    code: 'import { env } from "process"; console.log(env.SECRET)',
  },
  { way: "with", seen: "obfuscation", code: "with (process) console.log(env.SECRET)" },
  {
    way: "the global object",
    seen: "obfuscation",
    code: "const p = globalThis.process; console.log(p.env.SECRET)",
  },
  {
    way: "a key of the global object that is only known later",
    seen: "obfuscation",
    code: 'const k = "cess"; console.log(globalThis["pro" + k].env.SECRET)',
  },
  {
    way: "Reflect",
    seen: "obfuscation",
    code: 'console.log(Reflect.get(globalThis, "pro" + "cess").env.SECRET)',
  },
  {
    way: "a type argument to TypeScript, comparisons to JavaScript",
    seen: "environment",
    code: 'const f = "C"; if (f<process["env"]["SECRET"]>(0)) console.log("leaked")',
    reached: /leaked/,
  },
  {
    way: "the receiver of a sloppy function",
    seen: null,
    code: 'const k = ["pro", "cess"].join(""); console.log((function () { return this })()[k].env.SECRET)',
  },
  { way: "indirect eval", seen: "eval", code: `(0, eval)(${JSON.stringify(ENV)})` },
  { way: "optional call of eval", seen: "eval", code: `eval?.(${JSON.stringify(ENV)})` },
  {
    way: "eval by another name",
    seen: "eval",
    code: `const run = eval; run(${JSON.stringify(ENV)})`,
  },
  {
    way: "eval by pieces",
    seen: "eval",
    code: `globalThis["lave".split("").reverse().join("")](${JSON.stringify(ENV)})`,
  },
  { way: "Function", seen: "eval", code: `Function(${JSON.stringify(ENV)})()` },
  { way: "tagged template", seen: "eval", code: `Function\`${ENV}\`()` },
  {
    way: "tagged template of a constructor",
    seen: "constructor-chain",
    code: `[].map.constructor\`${ENV}\`()`,
  },
  {
    way: "constructor of a constructor",
    seen: "constructor-chain",
    code: `[].constructor.constructor(${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by pieces, of an async function",
    seen: "constructor-chain",
    code: `(async () => {})["const" + "ructor"](${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by destructuring",
    seen: "constructor-chain",
    code: `const { constructor: F } = () => {}; F(${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by a computed key",
    seen: "obfuscation",
    code: `const k = "constructor"; const { [k]: F } = () => {}; F(${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by Reflect",
    seen: "constructor-chain",
    code: `Reflect.get(() => {}, "constructor")(${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by a superclass",
    seen: "constructor-chain",
    code: `class A extends (() => {}).constructor {}; new A(${JSON.stringify(ENV)})()`,
  },
  {
    way: "prototype",
    seen: "constructor-chain",
    code: `(() => {}).__proto__.constructor(${JSON.stringify(ENV)})()`,
  },
  {
    way: "constructor by a name that is only known later",
    seen: null,
    code: `const k = ["construct", "or"].join(""); (() => {})[k](${JSON.stringify(ENV)})()`,
  },
  {
    way: "import of what is only known later",
    seen: "dynamic-import",
    code: `const a = "f"; import(a + "s").then((fs) => console.log(fs.readFileSync("${KEY}", "utf8")))`,
  },
  {
    way: "import of an address that is code",
    seen: "eval",
    code: `import(${JSON.stringify(`data:text/javascript,${ENV}`)})`,
  },
  {
    way: "require of pieces",
    seen: "file-system",
    code: `console.log(require("f" + "s").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "require by another name",
    seen: "dynamic-import",
    code: `const r = require; console.log(r("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "require of the main module",
    seen: "file-system",
    code: `console.log(require.main.require("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "getBuiltinModule",
    seen: "file-system",
    code: `console.log(process.getBuiltinModule("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "getBuiltinModule by another name",
    seen: "environment",
    code: `const { getBuiltinModule: g } = process; console.log(g("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "createRequire",
    seen: "dynamic-import",
    code: `const { createRequire: c } = require("module"); console.log(c("/")("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "the loader",
    seen: "constructor-chain",
    code: `console.log(module.constructor._load("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "arguments of the module's own function",
    seen: null,
    code: `console.log(arguments[1]("fs").readFileSync("${KEY}", "utf8"))`,
  },
  {
    way: "a worker",
    seen: "child-process",
    code: `new (require("worker_threads").Worker)(${JSON.stringify(ENV)}, { eval: true })`,
  },
  {
    way: "vm",
    seen: "eval",
    code: `require("vm").runInThisContext(${JSON.stringify(ENV)})`,
  },
  {
    way: "another program",
    seen: "child-process",
    code: `console.log(require("child_process").execSync("cat ${KEY}; true").toString())`,
  },
  {
    way: "a connection",
    seen: "network",
    code: 'require("net").connect(7199, "127.0.0.1", () => { console.log("connected"); process.exit() }).on("error", () => {})',
    reached: /connected/,
  },
];

const PY = 'print(__import__("os").environ["SECRET"])';
const PY_TEXT = JSON.stringify(PY);

const PYTHON: Bypass[] = [
  { way: "os", seen: "os", code: 'import os\nprint(os.environ["SECRET"])' },
  {
    way: "environ alone",
    seen: "environment",
    code: 'from os import environ\nprint(environ["SECRET"])',
  },
  {
    way: "__import__ of pieces",
    seen: "os",
    code: 'print(__import__("o" + "s").environ["SECRET"])',
  },
  {
    way: "__import__ of what is only known later",
    seen: "dynamic-import",
    code: 'print(__import__("".join(["o", "s"])).environ["SECRET"])',
  },
  {
    way: "import_module",
    seen: "dynamic-import",
    code: 'import importlib\nprint(importlib.import_module("os").environ["SECRET"])',
  },
  {
    way: "modules that are loaded",
    seen: "os",
    code: 'import sys\nprint(sys.modules["os"].environ["SECRET"])',
  },
  { way: "eval", seen: "eval", code: `eval(${PY_TEXT})` },
  { way: "eval by another name", seen: "eval", code: `run = exec\nrun(${PY_TEXT})` },
  { way: "eval in wide letters", seen: "eval", code: `ｅｖａｌ(${PY_TEXT})` },
  {
    way: "subclasses",
    seen: "constructor-chain",
    code: 'print([c for c in ().__class__.__base__.__subclasses__() if c.__name__ == "_wrap_close"][0].__init__.__globals__["environ"]["SECRET"])',
  },
  {
    way: "subclasses by pieces",
    seen: "constructor-chain",
    code: 'o = getattr((), "__cla" + "ss__").mro()[-1]\nprint([c for c in type.__subclasses__(o) if c.__name__ == "_wrap_close"][0].close.__globals__["environ"]["SECRET"])',
  },
  {
    way: "getattr of what is only known later",
    seen: "obfuscation",
    code: 'k = "glo" "bals"\ndef f(): pass\nprint(getattr(f, "__%s__" % k)["__builtins__"].__import__("os").environ["SECRET"])',
  },
  {
    way: "globals of a function",
    seen: "constructor-chain",
    code: 'def f(): pass\nprint(f.__globals__["__builtins__"].__import__("os").environ["SECRET"])',
  },
  {
    way: "frame of a generator",
    seen: "constructor-chain",
    code: 'g = (x for x in ())\nprint(g.gi_frame.f_builtins["__import__"]("os").environ["SECRET"])',
  },
  {
    way: "frame of an exception",
    seen: "constructor-chain",
    code: 'try: 1 / 0\nexcept Exception as e: print(e.__traceback__.tb_frame.f_builtins["__import__"]("os").environ["SECRET"])',
  },
  {
    way: "attribute in wide letters",
    seen: "constructor-chain",
    code: 'def f(): pass\nprint(f.__ｇlobals__["__builtins__"].__import__("os").environ["SECRET"])',
  },
  {
    way: "builtins by name",
    seen: "obfuscation",
    code: `print(vars(__builtins__)["op" + "en"]("${KEY}").read())`,
  },
  { way: "open", seen: "file-system", code: `print(open("${KEY}").read())` },
  { way: "open by another name", seen: "file-system", code: `o = open\nprint(o("${KEY}").read())` },
  {
    way: "a module that opens",
    seen: "file-system",
    code: `import linecache\nprint(linecache.getlines("${KEY}"))`,
  },
  {
    way: "a module that runs text",
    seen: "eval",
    code: `import timeit\ntimeit.timeit(${PY_TEXT}, number=1)`,
  },
  {
    way: "another encoding, in which a comment ends",
    seen: "os",
    code: '# coding: unicode_escape\n# \\nimport os; print(os.environ["SECRET"])',
  },
  {
    way: "the printer of the licence",
    seen: null,
    code: `license._Printer__filenames = ["${KEY}"]\nlicense()`,
  },
  {
    way: "annotations that are evaluated",
    seen: null,
    code: `import typing\nclass A:\n  x: ${PY_TEXT}\ntyping.get_type_hints(A)`,
  },
  {
    way: "another program",
    seen: "child-process",
    code: `import subprocess\nprint(subprocess.run(["cat", "${KEY}"], capture_output=True).stdout)`,
  },
  {
    way: "a connection",
    seen: "network",
    code: 'import socket\nsocket.create_connection(("127.0.0.1", 7199))\nprint("connected")',
    reached: /connected/,
  },
];

/** Its own text tells little of what a shell does: it is not looked into, and nothing of it is found. */
const BASH: Bypass[] = [
  { way: "a variable", seen: null, code: "echo $SECRET" },
  { way: "a variable by its name in pieces", seen: null, code: "a=SEC; b=${a}RET; echo ${!b}" },
  { way: "eval of base64", seen: null, code: 'eval "$(echo ZWNobyAkU0VDUkVU | base64 -d)"' },
  { way: "a file", seen: null, code: `cat ${KEY}` },
  { way: "a file by a pattern", seen: null, code: "cat /h*/a*/.s*/*can*" },
  { way: "own environment by /proc", seen: null, code: "tr '\\0' '\\n' </proc/$$/environ" },
  {
    way: "a connection",
    seen: null,
    code: "exec 3<>/dev/tcp/127.0.0.1/7199 && echo connected",
    reached: /connected/,
  },
];

export const BYPASSES: Record<string, readonly Bypass[]> = {
  node: NODE,
  python: PYTHON,
  bash: BASH,
};
