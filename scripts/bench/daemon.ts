/** The daemon as its package installs it: many agents at once, and what it holds after many requests. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { BenchHost } from "./host.ts";
import type { ClientReport, ClientTask } from "./daemon-client.ts";
import { spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const CLIENTS = 8;
const READS = 1000;
const MANY = 100_000;
/** Requests before memory is looked at for the first time. */
const WARM = 5000;
const GROWTH_PERCENT = 10;
const RSS_MIB = 120;

const INSTALL = `dpkg --install /opt/sallyport/sallyport_*.deb >/dev/null
printf 'rates: {read: {perSecond: 100000, burst: 100000}}\\n' >/etc/sallyport/daemon.yaml
systemctl restart sallyport.service
until [ -s /var/lib/sallyport-daemon/token ]; do sleep 0.1; done
cat /var/lib/sallyport-daemon/token`;

export async function benchDaemon(host: BenchHost): Promise<Report> {
  const token = (await host.root(["/bin/sh", "-euc", INSTALL])).trim();
  const client = host.outside([new URL("daemon-client.ts", import.meta.url).pathname]);
  if (client.stdin === null || client.stdout === null) throw new Error("no pipes");
  const { stdin } = client;
  const answers = createInterface(client.stdout);
  const run = async (task: Omit<ClientTask, "token">): Promise<ClientReport> => {
    stdin.write(`${JSON.stringify({ ...task, token } satisfies ClientTask)}\n`);
    const [line] = (await once(answers, "line")) as [string];
    return JSON.parse(line) as ClientReport;
  };
  const status = { tool: "service_status", args: { name: "nginx" } };
  const policy = { tool: "policy_explain", args: { kind: "service", action: "stop", name: "ssh" } };
  try {
    const reads = await run({ ...status, clients: CLIENTS, calls: READS });
    await run({ ...policy, clients: CLIENTS, calls: WARM / CLIENTS });
    const before = await residentMiB(host);
    const many = await run({ ...policy, clients: CLIENTS, calls: MANY / CLIENTS });
    const after = await residentMiB(host);
    return {
      samples: [
        { name: `${CLIENTS} clients, service_status`, ...spread(reads.ms) },
        { name: `${CLIENTS} clients, policy_explain`, ...spread(many.ms) },
      ],
      figures: [
        { name: `errors in ${CLIENTS} x ${READS} reads`, value: reads.errors, atMost: 0 },
        { name: `errors in ${MANY} requests`, value: many.errors, atMost: 0 },
        { name: "daemon, MiB", value: after, atMost: RSS_MIB },
        {
          name: `daemon's growth over ${MANY} requests, %`,
          value: (after / before - 1) * 100,
          atMost: GROWTH_PERCENT,
        },
      ],
    };
  } finally {
    stdin.end();
    await host.root(["/usr/bin/dpkg", "--purge", "sallyport"]);
  }
}

async function residentMiB(host: BenchHost): Promise<number> {
  const shown = await host.root(["/usr/bin/systemctl", "show", "-P", "MainPID", "sallyport"]);
  const status = await host.root(["/usr/bin/cat", `/proc/${shown.trim()}/status`]);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
