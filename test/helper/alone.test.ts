/** The tests of test/helper/alone: they act on the helper's own folders, so they run where those are others. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { describeInLab } from "../lab/host.ts";

const root = resolve(import.meta.dirname, "../..");

// Where there can be a lab there can be a mount namespace.
describeInLab("in a mount namespace", () => {
  test("the helper's parts do what they say", () => {
    const vitest = [process.execPath, join(root, "node_modules/vitest/vitest.mjs"), "run"];
    const words = [...vitest, "--config", "vitest.mutation.config.ts", "--reporter", "tap-flat"];
    const { stdout, stderr, status } = spawnSync(join(root, "scripts/alone"), words, {
      cwd: root,
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", MUTATE_TESTS: "test/helper/alone/*.ts" },
    });
    const lines = stdout.split("\n").filter((line) => /^(?:not )?ok /.test(line));
    expect(
      lines.filter((line) => !line.startsWith("ok ") || line.includes("# SKIP")),
      stderr,
    ).toEqual([]);
    expect(status).toBe(0);
    expect(lines.length, stdout).toBeGreaterThan(90);
  });
});
