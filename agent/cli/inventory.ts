/** `sallyport inventory check|show|init`: what an inventory says, before anything is done with it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fold } from "../../inventory/fold.ts";
import type { InventoryHost } from "../../inventory/target.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import { chosenHosts, personal } from "./chosen-hosts.ts";
import { fail } from "./errors.ts";
import type { HostOptions } from "./host-options.ts";
import { tableText } from "./table.ts";

type Options = HostOptions & { json?: true };

export async function checkInventory(options: Options): Promise<void> {
  const hosts = await chosenHosts(options);
  if ("cause" in hosts) return fail(hosts, { json: options.json === true });
  const offline = hosts.filter((host) => host.offline !== null).length;
  const groups = new Set(hosts.flatMap((host) => host.groups)).size;
  const data = { kind: "inventory-check", hosts: hosts.length, groups, offline };
  const text = `${hosts.length} hosts in ${groups} groups, ${offline} offline\n`;
  print(options, data, text);
}

export async function showInventory(options: Options): Promise<void> {
  const hosts = await chosenHosts(options);
  if ("cause" in hosts) return fail(hosts, { json: options.json === true });
  print(options, { kind: "inventory", hosts }, showText(hosts));
}

function print({ json }: Options, data: object, text: string): void {
  const whole = { v: 1, success: true, data, error: null };
  process.stdout.write(json === true ? `${JSON.stringify(whole)}\n` : text);
}

/** A line for all hosts that are reached alike. */
function showText(hosts: readonly InventoryHost[]): string {
  const alike = new Map<string, InventoryHost[]>();
  for (const host of hosts) {
    const way = wayTo(host);
    alike.set(way, [...(alike.get(way) ?? []), host]);
  }
  const rows = [...alike].map(([way, some]) => [fold(some.map(({ name }) => name)), way]);
  return tableText(rows.map((row) => row.map(escapeLine)));
}

function wayTo({
  name,
  address,
  port,
  user,
  identityFile,
  proxy,
  groups,
  offline,
}: InventoryHost): string {
  const words = [
    groups.length === 0 ? [] : [`in ${groups.join(" > ")}`],
    offline === null ? [] : [`offline: ${offline}`],
    address === name ? [] : [`at ${address}`],
    user === null ? [] : [`as ${user}`],
    port === null ? [] : [`port ${port}`],
    identityFile === null ? [] : [`key ${identityFile}`],
    proxy === null
      ? []
      : [proxy.kind === "jump" ? `through ${proxy.hops.join(",")}` : "through a command"],
  ];
  return words.flat().join(", ");
}

const STARTER = `# The hosts of \`sallyport bootstrap-cluster-sudo\`. An Ansible inventory in YAML works unchanged.
# Host keys are always verified, and no password may stand here.
all:
  vars:
    ansible_user: ops
  children:
    web:
      hosts:
        web[01:03].example.org:
    db:
      hosts:
        db1:
          ansible_host: 192.0.2.10
          ansible_port: 2222
        db2:
          offline: being repaired
`;

export function initInventory({ inventory, json }: Options): void {
  const [file = personal()] = inventory ?? [];
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, STARTER, { flag: "wx", mode: 0o644 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const there = code === "EEXIST";
    const cause = there ? `${file} is there already` : `${file} cannot be written (${code})`;
    const hint = there ? "sallyport inventory show" : null;
    return fail(
      { code: "failed", cause, hint, status: EXIT_STATUS.failed },
      { json: json === true },
    );
  }
  print(json === true ? { json } : {}, { kind: "inventory-init", file }, `wrote ${file}\n`);
}
