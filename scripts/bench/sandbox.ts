/** Steps in a sandbox, through an executor that is there already, beside bubblewrap and node alone. */
import { runtime } from "../runtime.ts";
import { bundled } from "./bundled.ts";
import { benchContainers } from "./containers.ts";
import type { BenchHost } from "./host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

export async function benchSandbox(host: BenchHost): Promise<Report> {
  await host.put("/usr/bin/bwrap", "/usr/bin/bwrap");
  await host.put(runtime(), "/usr/local/bin/node");
  await bundled(host, "sandbox-runs.ts", "/opt/runs.mjs");
  await host.root(["/bin/sh", "-c", "echo 0 >/opt/empty.js"]);
  const child = host.start("agent", ["/usr/local/bin/node", "/opt/runs.mjs", "/opt/empty.js"]);
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  const times = JSON.parse(text) as Record<string, number[]>;
  const median = (name: string): number => quantile(times[name] ?? [], 0.5);
  const containers = await benchContainers(host);
  return {
    samples: [
      ...Object.entries(times).map(([name, values]) => ({ name, ...spread(values) })),
      ...containers.samples,
    ],
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
      ...containers.figures,
    ],
  };
}
