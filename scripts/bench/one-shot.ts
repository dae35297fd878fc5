/** One start of the helper for each request, side by side with bare Node, sudo and systemctl. */
import { runtime } from "../runtime.ts";
import type { BenchHost } from "./host.ts";
import { spread } from "./quantile.ts";
import type { Report } from "./report.ts";

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

export async function benchOneShot(host: BenchHost): Promise<Report> {
  await host.put(runtime(), NODE);
  await host.put(new URL("measure.pl", import.meta.url).pathname, "/root/measure.pl");
  const words = Object.values(COMMANDS).flatMap((command) => ["--", ...command]);
  const output = await host.root(["/usr/bin/perl", "/root/measure.pl", String(ROUNDS), ...words]);
  const runs = output
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  const names = Object.keys(COMMANDS) as Name[];
  const samples = names.map((name, number) => {
    const own = runs.filter(([which]) => which === number);
    const peakMiB = Math.max(...own.map(([, , kib = Number.NaN]) => kib / 1024));
    return { name, ...spread(own.map(([, us = Number.NaN]) => us / 1000)), peakMiB };
  });
  const median = (name: Name): number =>
    samples.find((sample) => sample.name === name)?.medianMs ?? Number.NaN;
  const peak = Math.max(
    ...samples.filter(({ name }) => name.startsWith("helper")).map(({ peakMiB }) => peakMiB),
  );
  return {
    samples,
    figures: [
      ...RATIOS.map(({ of, to, atMost }) => ({
        name: `${of} / ${to}`,
        value: median(of) / median(to),
        atMost,
      })),
      { name: "helper peak, MiB", value: peak, atMost: PEAK_MIB },
    ],
  };
}
