/** What the command line imports late is in no plain command's way; test/cli/mcp.txt runs it from the executable. */
import { resolve } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { latePlugin } from "../../scripts/late-parts.ts";

const root = resolve(import.meta.dirname, "../..");

test("neither the servers nor their packages are in the bundle that every command reads", async () => {
  const parts = new Map<string, string>();
  const { metafile } = await build({
    entryPoints: [resolve(root, "agent/cli/sallyport.ts")],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "cjs",
    logLevel: "silent",
    supported: { "dynamic-import": false },
    plugins: [latePlugin(parts)],
  });
  const files = Object.keys(metafile.inputs);
  expect(files.filter((file) => /modelcontextprotocol|pino|prom-client/.test(file))).toEqual([]);
  expect(parts.get("late:mcp/stdio")).toBe(resolve(root, "agent/mcp/stdio.ts"));
});
