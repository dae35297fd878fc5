/** Steps in a sandbox, through an executor that is there already, beside bubblewrap and node alone. */
import { benchContainers } from "./containers.ts";
import type { BenchHost } from "./host.ts";
import { runInHost } from "./in-host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

export async function benchSandbox(host: BenchHost): Promise<Report> {
  const runs = await runInHost(host, { file: "sandbox-runs.ts", user: "agent" });
  const times = runs as Record<string, number[]>;
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
