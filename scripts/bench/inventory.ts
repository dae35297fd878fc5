/** A large inventory: read as the commands read it, and by the built program from start to end. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { readInventory } from "../../inventory/read.ts";
import { quantile, spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";

const PROGRAM = resolve(import.meta.dirname, "../../dist/sallyport");
const ROUNDS = 15;
const [GROUPS, HOSTS] = [100, 100];

/** 10,000 hosts in 100 groups, or so many groups, each with an address and a port of its own. */
export function largeInventory(count = GROUPS): string {
  const groups = Array.from({ length: count }, (_, group) => {
    const hosts = Array.from({ length: HOSTS }, (_each, host) => {
      const address = `10.${group}.${host}.1`;
      return `        h${group}-${host}.example.org: { ansible_host: ${address}, ansible_port: 22 }\n`;
    });
    return `    g${group}:\n      vars: { ansible_user: u${group} }\n      hosts:\n${hosts.join("")}`;
  });
  return `all:\n  vars: { ansible_user: ops }\n  children:\n${groups.join("")}`;
}

export async function benchInventory(): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const file = join(folder, "inventory.yaml");
  writeFileSync(file, largeInventory());
  const [yaml, read, whole]: number[][] = [[], [], []];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      yaml?.push(
        await timed(async () => parseDocument(readFileSync(file, "utf8"), { uniqueKeys: false })),
      );
      read?.push(await timed(async () => await readInventory([file])));
      whole?.push(
        await timed(async () => {
          const { status } = spawnSync(PROGRAM, ["inventory", "check", "-i", file]);
          if (status !== 0) throw new Error(`sallyport inventory check: status ${status}`);
        }),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const medians = [yaml, read, whole].map((samples) => quantile(samples ?? [], 0.5));
  const [yamlMs = 0, readMs = 0, wholeMs = 0] = medians;
  return {
    samples: [
      { name: "yaml alone, 10,000 hosts", ...spread(yaml ?? []) },
      { name: "inventory read, 10,000 hosts", ...spread(read ?? []) },
      { name: "sallyport inventory check, 10,000 hosts", ...spread(whole ?? []) },
    ],
    figures: [
      { name: "inventory read / yaml alone", value: readMs / yamlMs, atMost: null },
      { name: "inventory read, ms", value: readMs, atMost: 1000 },
      { name: "sallyport inventory check, ms", value: wholeMs, atMost: null },
    ],
  };
}
