/** A program of ours as one file in a host. */
import { buildSync } from "esbuild";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchHost } from "./host.ts";

const SANITIZER = join(import.meta.dirname, "../../agent/sanitizer/python.py");

/** `name`: of a file beside this one. */
export async function bundled(host: BenchHost, name: string, to: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const outfile = join(folder, "bundle.mjs");
    buildSync({
      entryPoints: [join(import.meta.dirname, name)],
      bundle: true,
      platform: "node",
      format: "esm",
      // Some packages still ask for others the old way.
      banner: { js: "import{createRequire}from'node:module';const require=createRequire('/');" },
      // As in scripts/build.ts.
      define: { PYTHON_SANITIZER: JSON.stringify(readFileSync(SANITIZER, "utf8")) },
      outfile,
      logLevel: "error",
    });
    await host.put(outfile, to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
