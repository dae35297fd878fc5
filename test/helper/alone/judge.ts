/** The file that narrows the policy: what it takes away is gone, what it would add denies everything. */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { policyInForce } from "../../../helper/judge.ts";
import { VERDICTS } from "../../../helper/policy.ts";

const FILE = "/etc/sallyport/policy.json";
const put = (text: string): void => writeFileSync(FILE, text, { mode: 0o644 });

beforeEach(() => rmSync(FILE, { recursive: true, force: true }));

test("without it the policy is the one compiled in", () => {
  expect(policyInForce()).toEqual(VERDICTS);
});

test("it takes away", () => {
  put('{"service stop nginx":"deny","package update":"guard","service stop ssh":"guard"}');
  expect(policyInForce()).toEqual({
    ...VERDICTS,
    "service stop nginx": "deny",
    "package update": "guard",
  });
  put("{}");
  expect(policyInForce()).toEqual(VERDICTS);
  put(`{"service stop nginx":"deny"}${" ".repeat(65_536 - 29)}`);
  expect(policyInForce()).toMatchObject({ "service stop nginx": "deny" });
});

test.each([
  ["it would allow what is guarded", '{"service stop ssh":"allow"}', /"service stop ssh" is unkn/],
  ["it names what is not compiled in", '{"service stop cron":"deny"}', /"service stop cron" is/],
  ["it names a property of every object", '{"toString":"deny"}', /"toString" is unknown or would/],
  ["a verdict is none", '{"service stop nginx":"no"}', /is unknown or would be widened/],
  ["a verdict is no word", '{"service stop nginx":2}', /is unknown or would be widened/],
  ["a key stands twice", '{"package update":"deny","package update":"allow"}', /stands twice/],
  ["it is no JSON", "{", /^\/etc\/sallyport\/policy\.json: SyntaxError/],
  ["it is empty", "", /^\/etc\/sallyport\/policy\.json: SyntaxError/],
  ["it is a list", "[]", /not an object/],
  [
    "it is too large",
    `{}${" ".repeat(65_535)}`,
    /^\/etc\/sallyport\/policy\.json is no small file$/,
  ],
])("it is unusable where %s", (_, text, reason) => {
  put(text);
  expect(policyInForce()).toMatch(reason);
});

test("it is unusable where it is no file, or others could change it", () => {
  mkdirSync(FILE);
  expect(policyInForce()).toBe(`${FILE} is no small file`);
  rmSync(FILE, { recursive: true });
  symlinkSync("/nowhere", FILE);
  expect(policyInForce()).toBe(`${FILE} leads nowhere`);
  rmSync(FILE);
  writeFileSync("/etc/sallyport/real", "{}");
  symlinkSync("/etc/sallyport/real", FILE);
  expect(policyInForce()).toBe(`${FILE} is no small file`);
  rmSync(FILE);
  put("{}");
  chmodSync(FILE, 0o666);
  expect(policyInForce()).toBe(`${FILE} can be written by others`);
});
