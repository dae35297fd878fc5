/** How cost grows with size: records of the audit log, entries of a policy, steps of a workflow, hosts of an inventory. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bytesOf } from "../../agent/audit/log-file.ts";
import { verifyChain } from "../../agent/audit/verify.ts";
import { readInventory } from "../../inventory/read.ts";
import { bundleHelper } from "../bundle-helper.ts";
import { runtime } from "../runtime.ts";
import { readSitePolicy } from "../site-policy.ts";
import { writeAuditLog } from "./audit-log.ts";
import type { BenchHost } from "./host.ts";
import { NODE } from "./in-host.ts";
import { largeInventory } from "./inventory.ts";
import { quantile, timed } from "./quantile.ts";
import type { Curve, Report } from "./report.ts";
import { timerOf } from "./session.ts";
import { source, whole } from "./workflow.ts";

const root = resolve(import.meta.dirname, "../..");
const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const LOG = "/var/log/sallyport/audit.jsonl";
const REQUEST = ["service", "status", "nginx"];
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);
const RECORDS = [1000, 10_000, 100_000, 1_000_000];
const ENTRIES = [10, 100, 1000, 10_000];
const STEPS = [50, 200, 800];
const HOSTS = [100, 1000, 10_000];

type Points = Curve["points"];

/** The medians; size by size in each round, because a busy machine is busy for all. `work` gives milliseconds. */
async function grown(
  sizes: readonly number[],
  rounds: number,
  work: (size: number) => Promise<number>,
): Promise<Points> {
  const taken = new Map<number, number[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const size of sizes) taken.get(size)?.push(await work(size));
  return sizes.map((size) => ({ size, ms: quantile(taken.get(size) ?? [], 0.5) }));
}

async function verifying(folder: string): Promise<Points> {
  for (const size of RECORDS) writeAuditLog(join(folder, `log-${size}`), size);
  return await grown(RECORDS, 2, (size) =>
    timed(async () => {
      const { intact, records } = await verifyChain(bytesOf(join(folder, `log-${size}`)));
      if (!intact || records !== size) throw new Error(`${records} records, intact: ${intact}`);
    }),
  );
}

/** With the log that is there as long as that; what comes to it meanwhile is little. */
async function asking(host: BenchHost, folder: string): Promise<Points> {
  const request = [HELPER, ...REQUEST];
  await host.root(request); // makes the folder of the log
  for (const size of RECORDS) await host.put(join(folder, `log-${size}`), `${LOG}.${size}`);
  const timer = await timerOf(host, request);
  try {
    return await grown(RECORDS, 3 * ROUNDS, async (size) => {
      await host.root(["/usr/bin/mv", `${LOG}.${size}`, LOG]);
      const ms = await timer.run();
      await host.root(["/usr/bin/mv", LOG, `${LOG}.${size}`]);
      return ms;
    });
  } finally {
    timer.close();
    await host.root(["/usr/bin/rm", ...RECORDS.map((size) => `${LOG}.${size}`)]);
  }
}

/** The helper's own bundle, by plain Node: only the size of its table differs. */
async function policy(host: BenchHost, folder: string): Promise<Points> {
  await host.put(runtime(), NODE);
  const timers = new Map<number, Awaited<ReturnType<typeof timerOf>>>();
  for (const size of ENTRIES) {
    const names = Array.from({ length: size - 1 }, (_, at) => `s${at}`);
    const rows = [...names, "nginx"].map((name) => `  ${name}: { allow: [status] }\n`);
    writeFileSync(join(folder, "site.yaml"), `services:\n${rows.join("")}`);
    const site = readSitePolicy(join(folder, "site.yaml"));
    const { text } = await bundleHelper(root, "0.0.0", site);
    writeFileSync(join(folder, "helper.cjs"), text);
    await host.put(join(folder, "helper.cjs"), `/opt/helper-${size}.cjs`);
    timers.set(size, await timerOf(host, [NODE, `/opt/helper-${size}.cjs`, ...REQUEST]));
  }
  const points = await grown(ENTRIES, 3 * ROUNDS, async (size) => {
    return (await timers.get(size)?.run()) ?? Number.NaN;
  });
  for (const timer of timers.values()) timer.close();
  return points;
}

async function running(folder: string): Promise<Points> {
  return await grown(STEPS, 3, (size) =>
    timed(() => whole(source("wide", "", size), join(folder, "runs"))),
  );
}

async function reading(folder: string): Promise<Points> {
  for (const size of HOSTS)
    writeFileSync(join(folder, `hosts-${size}`), largeInventory(size / 100));
  return await grown(HOSTS, ROUNDS, (size) =>
    timed(async () => await readInventory([join(folder, `hosts-${size}`)])),
  );
}

export async function benchGrowth(host: BenchHost): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const verified = await verifying(folder);
    const asked = await asking(host, folder);
    const entries = await policy(host, folder);
    const ran = await running(folder);
    const read = await reading(folder);
    const last = (points: Points, back: number): number => {
      const [more, less] = [points.at(-1), points.at(-1 - back)];
      return (more?.ms ?? Number.NaN) / (less?.ms ?? Number.NaN);
    };
    return {
      samples: [],
      curves: [
        { name: "audit verify", unit: "records", points: verified },
        { name: "a request of the helper", unit: "records", points: asked },
        { name: "the same by plain Node", unit: "policy entries", points: entries },
        { name: "a workflow of plain processes", unit: "steps", points: ran },
        { name: "reading an inventory", unit: "hosts", points: read },
      ],
      figures: [
        { name: "audit verify: 10^6 / 10^5 records", value: last(verified, 1), atMost: 12 },
        { name: "a request: 10^6 / 10^3 records in the log", value: last(asked, 3), atMost: 1.2 },
        { name: "a request: 10,000 / 100 policy entries", value: last(entries, 2), atMost: null },
        { name: "a workflow: 800 / 200 steps", value: last(ran, 1), atMost: 5 },
        { name: "an inventory: 10,000 / 1,000 hosts", value: last(read, 1), atMost: 12 },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
