/** The tests of test/helper/alone: they act on the helper's own folders, so they run where those are others. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { describeInLab } from "../lab/host.ts";

const root = resolve(import.meta.dirname, "../..");

// Where there can be a lab there can be a mount namespace.
describeInLab("in a mount namespace", () => {
  const vitest = [process.execPath, join(root, "node_modules/vitest/vitest.mjs"), "run"];
  const words = [...vitest, "--config", "vitest.mutation.config.ts", "--reporter", "tap-flat"];

  /** `tests`: of test/helper/alone. */
  function run(program: string, args: string[], tests: string) {
    const MUTATE_TESTS = `test/helper/alone/${tests}.ts`;
    return spawnSync(program, args, {
      cwd: root,
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", MUTATE_TESTS },
    });
  }

  test("on the machine's own folders they are refused", () => {
    const { status, stdout } = run(words[0] ?? "", words.slice(1), "judge");
    expect(stdout).toContain("is this machine's: scripts/alone PROGRAM");
    expect(status).toBe(1);
  });

  test("what is made there is not made on the machine", () => {
    const files = ["/etc", "/run", "/var/lib", "/var/log", "/run/sallyport"].map(
      (folder) => `${folder}/sallyport-alone-${process.pid}`,
    );
    const ended = run(
      join(root, "scripts/alone"),
      ["/bin/sh", "-euc", 'touch "$@"; ls "$@"', "sh", ...files],
      "none",
    );
    expect(ended.stdout.trim().split("\n").toSorted()).toEqual(files.toSorted());
    expect(files.filter((file) => existsSync(file))).toEqual([]);
  });

  test("a variable that says it is there already does not put it on the machine", () => {
    const { status, stderr } = spawnSync(join(root, "scripts/alone"), ["/bin/true"], {
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", SALLYPORT_ALONE: "yes" },
    });
    expect([status, stderr]).toEqual([64, "alone: SALLYPORT_ALONE is set already\n"]);
  });

  test.each([
    ["the helper's parts do what they say", "{audit,defence,grants,judge,lock,run,start}", 90],
    ["they are asked, and act, in their order", "{answer,act,service}", 40],
    ["a process takes one request", "main", 20],
    ["a session takes many", "session", 20],
    ["a package action reaches no further than it may", "package", 18],
    ["no order of wishes and uses grants what no person has granted", "grants-fuzz", 1],
  ])("%s", { timeout: 300_000 }, (_, tests, least) => {
    const { stdout, stderr, status } = run(join(root, "scripts/alone"), words, tests);
    const lines = stdout.split("\n").filter((line) => /^(?:not )?ok /.test(line));
    expect(
      lines.filter((line) => !line.startsWith("ok ") || line.includes("# SKIP")),
      stderr,
    ).toEqual([]);
    expect(status).toBe(0);
    expect(lines.length, stdout).toBeGreaterThanOrEqual(least);
  });
});
