/**
 * Workflows of 200 sudo-locked steps, each with a terminal and a ticket of its own, by real sudo with PAM, beside as
 * many sudo in terminals of script(1): that is what a step is by hand. PAM's hash of the password is most of both.
 */
import type { BenchHost } from "./host.ts";
import { runInHost } from "./in-host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";
import type { Taken } from "./sudo-runs.ts";

/** The lab's own, which every host has; see scripts/hosts/tree.sh. */
const PASSWORD = "lab-ops-password";
const STEPS = Number(process.env["BENCH_STEPS"] ?? 200);
const PARALLEL = 8;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);

export async function benchSudoSteps(host: BenchHost): Promise<Report> {
  const words = [STEPS, PARALLEL, ROUNDS].map(String);
  const runs = await runInHost(host, {
    file: "sudo-runs.ts",
    user: "ops",
    words,
    input: PASSWORD,
  });
  const taken = runs as Record<string, Taken[]>;
  const median = (name: string, what: keyof Taken): number =>
    quantile(
      (taken[name] ?? []).map((one) => one[what]),
      0.5,
    );
  const figures = ["wide", "deep"].flatMap((shape) => {
    const of = (other: string): number =>
      median(`${shape}: sudo-locked steps`, "ms") / median(`${shape}: ${other}`, "ms");
    const whole = `${STEPS} ${shape}: sudo-locked steps`;
    return [
      { name: `${whole} / script: sudo true`, value: of("script: sudo true"), atMost: 2 },
      {
        name: `${whole} / script: sudo -v, sudo true, sudo -k`,
        value: of("script: sudo -v, sudo true, sudo -k"),
        atMost: null,
      },
      { name: `${whole} / sh -c :, without sudo`, value: of("sh -c :"), atMost: null },
    ];
  });
  const samples = Object.entries(taken).map(([name, all]) => ({
    name,
    ...spread(all.map(({ ms }) => ms)),
    cpuMs: median(name, "cpuMs"),
  }));
  return { samples, figures };
}
