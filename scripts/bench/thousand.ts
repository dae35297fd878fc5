/** What bootstrap itself takes for up to 1,000 hosts that are all current, and what it costs that some are dead. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runtime } from "../runtime.ts";
import { HOME, enclosed, openController, type Controller, type Cost } from "./enclosure.ts";
import type { BenchHost } from "./host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const DIST = resolve(import.meta.dirname, "../../dist");
const [PORT, SILENT_PORT] = [21_000, 21_001];
const SIZES = [250, 500, 1000] as const;
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
/** As it is if nobody says otherwise. */
const FORKS = 32;

type Crowd = { hosts: number; dead: (number: number) => boolean };
const NOBODY = (): boolean => false;
const ONE_IN_TEN = (number: number): boolean => number % 10 === 0;

function inventoryOf({ hosts, dead }: Crowd): string {
  const lines = Array.from({ length: hosts }, (_, number) => {
    const port = dead(number) ? `, ansible_port: ${SILENT_PORT}` : "";
    return `    n${number}: { ansible_host: ${address(number)}${port} }\n`;
  });
  return `all:\n  vars: { ansible_user: ops, ansible_port: ${PORT} }\n  hosts:\n${lines.join("")}`;
}

function address(number: number): string {
  return `127.1.${Math.floor(number / 250)}.${1 + (number % 250)}`;
}

/** Fails unless the living ones are all current and the dead ones all unreachable. */
async function run(controller: Controller, crowd: Crowd): Promise<Cost> {
  controller.write("hosts.yaml", inventoryOf(crowd));
  const words = ["bootstrap-cluster-sudo", "--json", "--no-input", "-i", `${HOME}/hosts.yaml`];
  const cost = await controller.run([`${DIST}/sallyport`, ...words]);
  type Reply = { data: { hosts: { name: string; state: string; reason: string }[] } };
  const hosts = cost.stdout === "" ? [] : (JSON.parse(cost.stdout) as Reply).data.hosts;
  const wrong = hosts.find(({ name, state }) => {
    return state !== (crowd.dead(Number(name.slice(1))) ? "unreachable" : "already-current");
  });
  if (hosts.length === crowd.hosts && wrong === undefined) return cost;
  throw new Error(`${hosts.length} hosts, ${JSON.stringify(wrong)} ${cost.stderr}`);
}

export async function benchThousand(host: BenchHost): Promise<Report> {
  const { buildId } = JSON.parse(readFileSync(`${DIST}/build.json`, "utf8")) as { buildId: string };
  const helper = createHash("sha256").update(readFileSync(`${DIST}/sallyport-helper`));
  const program = [runtime(), resolve(import.meta.dirname, "crowd.ts")];
  const ports = [PORT, SILENT_PORT].map(String);
  const crowd = await enclosed(host, [...program, ...ports, helper.digest("hex"), buildId]);
  const controller = await openController(host, "no host asks for it");
  try {
    controller.write(".ssh/id_ed25519", readFileSync(host.key));
    const known = Array.from({ length: Math.max(...SIZES) }, (_, number) => {
      return [PORT, SILENT_PORT].map((port) => `[${address(number)}]:${port} ${crowd.first}\n`);
    });
    controller.write(".ssh/known_hosts", known.flat().join(""));
    return await measured(controller);
  } finally {
    await controller.close();
    await crowd.close();
  }
}

async function measured(controller: Controller): Promise<Report> {
  const crowds: Record<string, Crowd> = {
    "1 host": { hosts: 1, dead: NOBODY },
    "1 host, dead": { hosts: 1, dead: ONE_IN_TEN },
    ...Object.fromEntries(SIZES.map((hosts) => [`${hosts} hosts`, { hosts, dead: NOBODY }])),
    "1000 hosts, 100 dead": { hosts: 1000, dead: ONE_IN_TEN },
  };
  const costs = new Map<string, Cost[]>(Object.keys(crowds).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, crowd] of Object.entries(crowds))
      costs.get(name)?.push(await run(controller, crowd));

  const ms = (name: string): number =>
    quantile(
      (costs.get(name) ?? []).map(({ wallMs }) => wallMs),
      0.5,
    );
  const peaks = [...costs.values()].flat().map(({ peakMiB }) => peakMiB);
  const timeout = ms("1 host, dead") - ms("1 host");
  const extra = ms("1000 hosts, 100 dead") - ms("1000 hosts");
  return {
    samples: [...costs].map(([name, runs]) => ({
      name: `sallyport, ${name}`,
      ...spread(runs.map(({ wallMs }) => wallMs)),
      cpuMs: quantile(
        runs.map(({ cpuMs }) => cpuMs),
        0.5,
      ),
      peakMiB: Math.max(...runs.map(({ peakMiB }) => peakMiB)),
    })),
    figures: [
      { name: "peak, MiB", value: Math.max(...peaks), atMost: 512 },
      { name: "1000 hosts / 250 hosts", value: ms("1000 hosts") / ms("250 hosts"), atMost: 4.6 },
      { name: "timeout of a dead host, ms", value: timeout, atMost: null },
      { name: "100 dead of 1000: more time, ms", value: extra, atMost: null },
      {
        name: `the same / (timeout × ${Math.ceil(100 / FORKS)})`,
        value: extra / (timeout * Math.ceil(100 / FORKS)),
        atMost: null,
      },
    ],
  };
}
