/** Steps in a sandbox, through an executor that is there already, beside bubblewrap and node alone. */
import { buildSync } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runtime } from "../runtime.ts";
import type { BenchHost } from "./host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const SANITIZER = join(import.meta.dirname, "../../agent/sanitizer/python.py");

export async function benchSandbox(host: BenchHost): Promise<Report> {
  await host.put("/usr/bin/bwrap", "/usr/bin/bwrap");
  await host.put(runtime(), "/usr/local/bin/node");
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const bundle = join(folder, "runs.mjs");
    buildSync({
      entryPoints: [join(import.meta.dirname, "sandbox-runs.ts")],
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: bundle,
      define: { PYTHON_SANITIZER: JSON.stringify(readFileSync(SANITIZER, "utf8")) },
    });
    writeFileSync(join(folder, "empty.js"), "0");
    await host.put(bundle, "/opt/runs.mjs");
    await host.put(join(folder, "empty.js"), "/opt/empty.js");
  } finally {
    rmSync(folder, { recursive: true });
  }
  const child = host.start("agent", ["/usr/local/bin/node", "/opt/runs.mjs", "/opt/empty.js"]);
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  const times = JSON.parse(text) as Record<string, number[]>;
  const median = (name: string): number => quantile(times[name] ?? [], 0.5);
  return {
    samples: Object.entries(times).map(([name, values]) => ({ name, ...spread(values) })),
    figures: [
      {
        name: "bash step / bwrap true",
        value: median("bash step") / median("bwrap true"),
        atMost: 3,
      },
      {
        name: "node step / bare node",
        value: median("node step") / median("bare node"),
        atMost: 1.6,
      },
    ],
  };
}
