import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readSitePolicy, SitePolicyError } from "../../scripts/site-policy.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-site-"));
const file = join(folder, "site.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): string {
  writeFileSync(file, text);
  return readSitePolicy(file);
}

describe("a site policy that is not one fails the build with file, line and key", () => {
  test.each([
    ["an unknown section", "services: {}\nfoo: 1\n", 2, "foo"],
    [
      "an unknown action",
      "services:\n  nginx: { allow: [status, restrt] }\n",
      2,
      "services.nginx.allow.1",
    ],
    [
      "an unknown verdict",
      "services:\n  nginx: { permit: [status] }\n",
      2,
      "services.nginx.permit",
    ],
    ["a service with a space", "services:\n  'a b': {}\n", 2, "services.a b"],
    ["a template instance", "services:\n  getty@tty1: {}\n", 2, "services.getty@tty1"],
    ["a unit by path", "services:\n  /tmp/x.service: {}\n", 2, "services./tmp/x.service"],
    ["an apt operator", "packages:\n\n  curl-: { allow: [install] }\n", 3, "packages.curl-"],
    ["an apt pattern", "packages:\n  'hel*': { allow: [install] }\n", 2, "packages.hel*"],
    ["an option", "packages:\n  -oFoo=bar: { allow: [install] }\n", 2, "packages.-oFoo=bar"],
    [
      "a prototype name",
      "services:\n  nginx: { __proto__: [stop] }\n",
      2,
      "services.nginx.__proto__",
    ],
    ["two verdicts", "packages:\n  git: { allow: [info], guard: [info] }\n", 2, "packages.git"],
    ["a deadline of none", "deadlineSeconds:\n  read: 0\n", 2, "deadlineSeconds.read"],
    ["a deadline in words", "deadlineSeconds: { package: soon }\n", 1, "deadlineSeconds.package"],
    ["a list", "- nginx\n", 1, "the whole file"],
    ["nothing", "", 1, "the whole file"],
  ])("%s", (_what, text, line, key) => {
    expect(() => read(text)).toThrow(SitePolicyError);
    expect(() => read(text)).toThrow(`${file}:${line}: ${key}: `);
  });

  test.each([
    ["broken YAML", "services: [\n", 2],
    ["a name twice", "services:\n  nginx: {}\n  nginx: {}\n", 3],
  ])("%s", (_what, text, line) => {
    expect(() => read(text)).toThrow(`${file}:${line}: `);
  });

  test("a file that is not there", () => {
    expect(() => readSitePolicy(join(folder, "none.yaml"))).toThrow("none.yaml: cannot be read");
  });
});

test("a site policy becomes a table in which what is not listed is not there", () => {
  const text = read(
    "services:\n  nginx: { allow: [restart], guard: [stop] }\nsystem: { allow: [update] }\ndeadlineSeconds: { read: 5 }\n",
  );
  expect(text.split("\n")).toEqual([
    'export const VERDICTS = {"service restart nginx":"allow","service stop nginx":"guard","package update":"allow"};',
    'export const DEADLINE_SECONDS = {"read":5,"service":120,"package":1800,"idle":600,"life":86400};',
  ]);
});
