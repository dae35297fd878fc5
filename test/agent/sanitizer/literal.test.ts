/** Whatever text goes in comes out again where the languages themselves read it, and nothing else happens. */
import { spawnSync } from "node:child_process";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import {
  javascriptText,
  javascriptValue,
  pythonText,
  pythonValue,
  sanitizeIdentifier,
  shellText,
} from "../../../agent/sanitizer/literal.ts";

const TEXTS = [
  "",
  "plain",
  `"; process.exit(1); "`,
  "`${process.env}`",
  "a'b\"c\\d",
  "line\nend\r\u2028\u2029",
  "</script><!--",
  "\u0000\u0001\u007f\u0085\u00ff",
  "😀 é 漢字 \u202e",
  "\ud83d half",
  "{x.__class__} %s {{}}",
  "$(id) `id` $HOME !x",
];

test("as an expression of JavaScript", () => {
  for (const text of TEXTS) {
    const code = javascriptText(text);
    expect(runInNewContext(code)).toBe(text);
    expect(code).toMatch(/^"[ -;=-~]*"$/);
  }
});

test("as a value of JSON in JavaScript, where __proto__ is a key like any other", () => {
  const value: unknown = JSON.parse('{"__proto__":{"admin":true},"list":[1,null,"</script>"]}');
  const read = runInNewContext(`JSON.stringify(${javascriptValue(value)})`) as string;
  expect(read).toBe(JSON.stringify(value));
  expect(() => javascriptValue(undefined)).toThrow("no value of JSON");
});

test("as expressions of Python", () => {
  const whole = TEXTS.filter((text) => text.isWellFormed());
  const program = `import json\nprint(json.dumps([${whole.map(pythonText).join(", ")}, ${pythonValue({ a: whole })}]))`;
  const { stdout, stderr } = spawnSync("python3", ["-I", "-c", program], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([...whole, { a: whole }]);
});

test("as one word of sh(1)", () => {
  const words = TEXTS.filter((text) => !text.includes("\0") && text.isWellFormed());
  const script = `printf '%s\\000' ${words.map(shellText).join(" ")}`;
  const { stdout } = spawnSync("/bin/sh", ["-c", script], { encoding: "utf8" });
  expect(stdout.split("\0").slice(0, -1)).toEqual(words);
  expect(() => shellText("a\0b")).toThrow("NUL");
});

test.each([
  ["userName", "userName"],
  ["user name", "user_name"],
  ["1st", "_1st"],
  ["", "_"],
  ["class", "v_class"],
  ["lambda", "v_lambda"],
  ["__proto__", "v___proto__"],
  ["a;b()", "a_b__"],
  ["pr\u043ecess", "pr_cess"],
  ["ﬁle", "file"],
  ["x".repeat(200), "x".repeat(63)],
])("%j as a name is %s", (name, identifier) => {
  expect(sanitizeIdentifier(name)).toBe(identifier);
  expect(identifier).toMatch(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);
});
