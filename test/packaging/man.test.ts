/** The man pages say what the programs do. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { sallyport } from "../../agent/cli/main.ts";
import * as operation from "../../protocol/operation.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { lacks } from "./deb.ts";

const folder = resolve(import.meta.dirname, "../../packaging/man");
const pages = {
  sallyport: "sallyport.1",
  helper: "sallyport-helper.8",
  policy: "sallyport-policy.5",
};
const read = (page: string): string => readFileSync(join(folder, page), "utf8");

describe.skipIf(lacks("mandoc"))("mandoc", () => {
  test.each(Object.values(pages))("has no warning about %s", (page) => {
    const words = ["-T", "lint", "-W", "warning", join(folder, page)];
    const { status, stdout } = spawnSync("mandoc", words, { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  });
});

const ACTIONS = [
  ...operation.SERVICE_ACTIONS,
  ...operation.NAMED_PACKAGE_ACTIONS,
  ...operation.SYSTEM_PACKAGE_ACTIONS,
];

describe.each([pages.sallyport, pages.helper])("%s", (page) => {
  test("has every action", () => {
    expect(
      ACTIONS.filter((word) => !new RegExp(`^\\.Cm ${word}\\b`, "m").test(read(page))),
    ).toEqual([]);
  });

  test("has every exit status with its code", () => {
    const missing = Object.entries(EXIT_STATUS).filter(
      ([code, status]) => !read(page).includes(`\n.It ${status} Ta ${code} Ta `),
    );
    expect(missing).toEqual([]);
  });
});

/** Every command without commands of its own, as typed, and its options. */
function leaves(command: Command, path: string[]): { path: string; flags: string[] }[] {
  if (command.commands.length > 0)
    return command.commands.flatMap((one) => leaves(one, [...path, one.name()]));
  const flags = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
  return [{ path: path.join(" "), flags }];
}

test("sallyport.1 has every command, in its synopsis and in its text", () => {
  const [synopsis = "", text = ""] = read(pages.sallyport).split(".Sh DESCRIPTION");
  const commands = leaves(sallyport(), []).map(({ path }) => path);
  expect(commands.length).toBeGreaterThan(7);
  expect(commands.filter((path) => !new RegExp(`^\\.Cm ${path}$`, "m").test(synopsis))).toEqual([]);
  expect(commands.filter((path) => !new RegExp(`^\\.It Cm ${path}\\b`, "m").test(text))).toEqual(
    [],
  );
});

test("sallyport.1 has every option", () => {
  const flags = new Set(leaves(sallyport(), []).flatMap((leaf) => leaf.flags));
  const named = read(pages.sallyport);
  expect([...flags].filter((flag) => !named.includes(`Fl ${flag.slice(1)}`))).toEqual([]);
});

test("sallyport-helper.8 has every request", () => {
  const synopsis = read(pages.helper).split(".Sh DESCRIPTION")[0] ?? "";
  const requests = [
    "service",
    "package",
    "grant",
    "report",
    "session",
    ...operation.PLAIN_REQUESTS,
  ];
  expect(requests.filter((word) => !synopsis.includes(`\n.Cm ${word}\n`))).toEqual([]);
});
