/** Steps in a sandbox, through an executor that is there already, beside bubblewrap and node alone. */
import { benchContainers } from "./containers.ts";
import type { BenchHost } from "./host.ts";
import { runInHost } from "./in-host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";
import { putSrt } from "./srt.ts";

export async function benchSandbox(host: BenchHost): Promise<Report> {
  let removeSrt = (): void => {};
  try {
    removeSrt = putSrt(host);
  } catch (error) {
    process.stdout.write(`bash by srt: not measured: ${String(error)}\n`);
  }
  const runs = await runInHost(host, { file: "sandbox-runs.ts", user: "agent" });
  removeSrt();
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
      ...("bash by srt" in times
        ? [
            {
              name: "bash by srt / bash step",
              value: median("bash by srt") / median("bash step"),
              atMost: null,
            },
          ]
        : []),
      {
        name: "node step / bare node",
        value: median("node step") / median("bare node"),
        atMost: 1.6,
      },
      ...containers.figures,
    ],
  };
}
