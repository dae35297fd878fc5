/** The ways in which an agent's user gets one small thing of root's done, side by side, each from a shell's point of view. */
import type { BenchHost } from "./host.ts";
import { MEASURE, measuredIn } from "./measured.ts";
import { withPolkit } from "./polkit.ts";
import { spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const SHOW = ["/usr/bin/systemctl", "show", "nginx.service"];
const ROUNDS = 40;
/** Of the whole of root; what Sallyport is there to make unnecessary. */
const RULE = `umask 227; echo 'agent ALL=(root) NOPASSWD: /usr/bin/systemctl' >/etc/sudoers.d/zz-bench-peers`;
const MANAGER = [
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
];

const COMMANDS: Record<string, readonly string[]> = {
  "systemctl show, as oneself": SHOW,
  "sudo systemctl show": ["/usr/bin/sudo", "-n", ...SHOW],
  "sudo helper service status": ["/usr/bin/sudo", "-n", HELPER, "service", "status", "nginx"],
  "sallyport service status": ["/opt/sallyport/sallyport", "service", "status", "nginx"],
};
const BY_POLKIT: Record<string, readonly string[]> = {
  "pkexec systemctl show": ["/usr/bin/pkexec", ...SHOW],
  "a D-Bus call that polkit decides": [
    "/usr/bin/busctl",
    "call",
    ...MANAGER,
    "ResetFailedUnit",
    "s",
    "nginx.service",
  ],
};

export async function benchPeers(host: BenchHost): Promise<Report> {
  await host.root(["/bin/sh", "-euc", RULE]);
  await host.put(MEASURE, "/opt/measure.pl");
  const remove = await withPolkit(host);
  try {
    const commands = remove === null ? COMMANDS : { ...COMMANDS, ...BY_POLKIT };
    const runs = await measured(host, Object.values(commands));
    const samples = Object.keys(commands).map((name, at) => ({
      name,
      ...spread(runs[at]?.ms ?? []),
    }));
    const median = (name: string): number =>
      samples.find((sample) => sample.name === name)?.medianMs ?? Number.NaN;
    const others = Object.keys(commands).filter((name) => !name.includes("helper"));
    return {
      samples,
      figures: others.map((name) => ({
        name: `sudo helper service status / ${name}`,
        value: median("sudo helper service status") / median(name),
        atMost: null,
      })),
    };
  } finally {
    await remove?.();
    await host.root(["/usr/bin/rm", "/etc/sudoers.d/zz-bench-peers"]);
  }
}

/** In turn, as `agent`. */
async function measured(host: BenchHost, commands: readonly (readonly string[])[]) {
  const words = commands.flatMap((command) => ["--", ...command]);
  const child = host.start("agent", ["/usr/bin/perl", "/opt/measure.pl", String(ROUNDS), ...words]);
  child.stdin?.end();
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return measuredIn(text, commands);
}
