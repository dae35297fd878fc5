/**
 * `npm run bench [-- --json]`: every figure as a ratio of medians, all commands side by side in one
 * run on one lab host, because these are the only numbers that mean the same on another machine.
 */
import { parseArgs } from "node:util";
import { openHost } from "./host.ts";
import { runtime } from "../runtime.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const NODE = "/usr/local/bin/bench-node";
const STATUS = ["service", "status", "nginx"];
const ROUNDS = 40;

/** Run in turn; the first words of each are absolute paths in the host. */
const COMMANDS = {
  "node -e 0": [NODE, "-e", "0"],
  "helper version": [HELPER, "version"],
  "helper refusal": [HELPER, "service", "stop", "nothing"],
  "helper service status": [HELPER, ...STATUS],
  "sudo helper version": ["/usr/bin/sudo", "-n", HELPER, "version"],
  "sudo helper service status": ["/usr/bin/sudo", "-n", HELPER, ...STATUS],
  "sudo systemctl show": ["/usr/bin/sudo", "-n", "/usr/bin/systemctl", "show", "nginx.service"],
  "sallyport service status": ["/opt/sallyport/sallyport", ...STATUS],
} as const;
type Name = keyof typeof COMMANDS;

/** What the documentation promises; null where a figure is only reported. */
const RATIOS: readonly { of: Name; to: Name; atMost: number | null }[] = [
  { of: "helper version", to: "node -e 0", atMost: 1.4 },
  { of: "helper refusal", to: "node -e 0", atMost: null },
  { of: "sudo helper service status", to: "helper service status", atMost: 2.5 },
  { of: "sudo helper service status", to: "helper version", atMost: 2.5 },
  { of: "sudo helper service status", to: "sudo systemctl show", atMost: null },
  { of: "sallyport service status", to: "sudo helper service status", atMost: null },
];
const PEAK_MIB = 90;

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

async function measure() {
  const host = await openHost();
  try {
    await host.put(runtime(), NODE);
    await host.root(["/opt/sallyport/sallyport", "setup-sudo", "--user", "agent"]);
    await host.put(new URL("measure.pl", import.meta.url).pathname, "/root/measure.pl");
    const words = Object.values(COMMANDS).flatMap((command) => ["--", ...command]);
    const output = await host.root(["/usr/bin/perl", "/root/measure.pl", String(ROUNDS), ...words]);
    const runs = output
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ").map(Number));
    const names = Object.keys(COMMANDS) as Name[];
    return names.map((name, number) => {
      const own = runs.filter(([which]) => which === number);
      const wall = own.map(([, us = Number.NaN]) => us / 1000).toSorted((a, b) => a - b);
      const peaks = own.map(([, , kib = Number.NaN]) => kib / 1024);
      return {
        name,
        medianMs: quantile(wall, 0.5),
        p99Ms: quantile(wall, 0.99),
        peakMiB: Math.max(...peaks),
      };
    });
  } finally {
    await host.close();
  }
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const commands = await measure();
const median = (name: Name): number =>
  commands.find((command) => command.name === name)?.medianMs ?? Number.NaN;
const ratios = RATIOS.map((row) => ({ ...row, ratio: median(row.of) / median(row.to) }));
const helperPeak = Math.max(
  ...commands.filter(({ name }) => name.startsWith("helper")).map(({ peakMiB }) => peakMiB),
);

if (values.json) {
  process.stdout.write(`${JSON.stringify({ rounds: ROUNDS, commands, ratios, helperPeak })}\n`);
} else {
  for (const { name, medianMs, p99Ms, peakMiB } of commands) {
    const [ms, p99, peak] = [medianMs, p99Ms, peakMiB].map((value) => value.toFixed(1).padStart(7));
    process.stdout.write(`${name.padEnd(28)} median ${ms} ms  p99 ${p99} ms  peak ${peak} MiB\n`);
  }
  for (const { of, to, atMost, ratio } of ratios) {
    const promise =
      atMost === null ? "" : `  (at most ${atMost}: ${ratio <= atMost ? "yes" : "NO"})`;
    process.stdout.write(`${of} / ${to} = ${ratio.toFixed(2)}${promise}\n`);
  }
  const verdict = helperPeak <= PEAK_MIB ? "yes" : "NO";
  process.stdout.write(
    `helper peak ${helperPeak.toFixed(1)} MiB  (at most ${PEAK_MIB}: ${verdict})\n`,
  );
}
