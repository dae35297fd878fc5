/** Inventory files as hosts: read once, at the edge; what comes out is true. */
import { accessSync, constants, statSync } from "node:fs";
import { addFile, addListing, noGroups } from "./groups.ts";
import { InventoryError } from "./inventory-error.ts";
import { listing } from "./listing.ts";
import { parseTree, readTree } from "./source.ts";
import { targetOf, type InventoryHost } from "./target.ts";
import { groupsOfHosts, variablesOf } from "./variables.ts";

/**
 * All hosts, in the order in which they are first named. Throws InventoryError. An executable file is run
 * with `--list` (Ansible's inventory scripts); of several files, a later one wins.
 */
export async function readInventory(files: readonly string[]): Promise<InventoryHost[]> {
  const groups = noGroups();
  for (const file of files)
    if (isExecutable(file)) addListing(groups, parseTree(file, await listing(file)));
    else addFile(groups, readTree(file));
  if (groups.hosts.size === 0) {
    const cause = `there is no host in ${files.join(", ")}`;
    throw new InventoryError(null, cause, "sallyport inventory init");
  }
  const groupsOf = groupsOfHosts(groups);
  return [...groups.hosts].map(([name, { vars }]) => {
    const its = groupsOf.get(name) ?? [];
    return targetOf(
      name,
      its.map((group) => group.name),
      variablesOf(its, vars),
    );
  });
}

/** A file that says it is data is read, whatever its mode. */
function isExecutable(file: string): boolean {
  if (/\.(?:ya?ml|json)$/.test(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
