/** The runtime that goes into both executables: what is shut in it, and that it starts as fast as it can. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMAND_LINE_OPTIONS, HELPER_OPTIONS } from "../../scripts/interpreter.ts";
import { runtime, sealedRuntime } from "../../scripts/runtime.ts";
import { seal } from "../../scripts/seal.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-seal-"));
const sealed = join(folder, "node");
beforeAll(() => writeFileSync(sealed, sealedRuntime(), { mode: 0o755 }));
afterAll(() => rmSync(folder, { recursive: true }));

function run(node: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: "utf8", env: {} });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

describe("no text becomes code", () => {
  const attempt = (code: string) =>
    `try { console.log("made", ${code}) } catch (error) { console.log(error.name) }`;
  test.each([
    ["eval", `eval("6 * 7")`],
    ["indirect eval", `(0, eval)("6 * 7")`],
    ["new Function", `new Function("return 6 * 7")()`],
    ["the constructor of any function", `(() => {}).constructor("return 6 * 7")()`],
    [
      "a generator's",
      `Object.getPrototypeOf(function* () {}).constructor("yield 6 * 7")().next().value`,
    ],
    ["eval in another context", `require("node:vm").runInNewContext("eval('6 * 7')")`],
    [
      "eval in a context that asks for it",
      `require("node:vm").runInNewContext("eval('6 * 7')", {}, { contextCodeGeneration: { strings: true } })`,
    ],
  ])("by %s", (_name, code) => {
    expect(run(runtime(), "-e", attempt(code)), "elsewhere it does").toBe("made 42\n");
    expect(run(sealed, "-e", attempt(code))).toBe("EvalError\n");
  });

  test("where the runtime is not the one that is known, nothing is sealed and nothing is built", () => {
    const other = sealedRuntime();
    expect(() => seal(other)).toThrow(/does not begin as it should/);
  });
});

/** Node's own count of its modules: with what it brings compiled, and without. */
const USAGE = `
  for (const name of ["crypto", "sqlite", "child_process", "net", "vm"]) require("node:" + name);
  const { internalBinding } = require("internal/test/binding");
  const { compiledWithCache, compiledWithoutCache } = internalBinding("builtins").getCacheUsage();
  console.log(compiledWithCache.size > 20, [...compiledWithoutCache].join());`;

describe("no option makes Node compile its own modules anew", () => {
  const used = (options: readonly string[]) =>
    run(sealed, ...options, "--expose-internals", "--no-warnings", "-e", USAGE);
  test("none of the helper's", () => expect(used(HELPER_OPTIONS)).toBe("true \n"));
  test("none of the command line's", () => expect(used(COMMAND_LINE_OPTIONS)).toBe("true \n"));
  test("as the option against code from strings would", () =>
    expect(used(["--disallow-code-generation-from-strings"])).toMatch(/^false .*sqlite/));
});
