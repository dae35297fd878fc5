/** Which hosts a command is about: the inventory's, by pattern. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InventoryError } from "../../inventory/inventory-error.ts";
import { readInventory } from "../../inventory/read.ts";
import { select } from "../../inventory/select.ts";
import type { InventoryHost } from "../../inventory/target.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import type { Failure } from "./errors.ts";
import type { HostOptions } from "./host-options.ts";

/** EX_CONFIG of sysexits(3). */
const BAD_CONFIGURATION = 78;

/** Never empty. */
export async function chosenHosts(options: HostOptions): Promise<InventoryHost[] | Failure> {
  const files = options.inventory ?? standing();
  if (files.length === 0) {
    const cause = `no inventory is given, and there is none at ${personal()}`;
    return {
      code: "config",
      cause,
      hint: "sallyport inventory init",
      status: BAD_CONFIGURATION,
    };
  }
  let hosts: InventoryHost[];
  try {
    hosts = await readInventory(files);
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    const { message: cause, hint } = error;
    return { code: "config", cause, hint, status: BAD_CONFIGURATION };
  }
  const limit = options.limit === undefined ? hosts : matching(hosts, options.limit);
  if ("cause" in limit) return limit;
  if (options.exclude === undefined) return limit;
  const excluded = matching(hosts, options.exclude);
  if ("cause" in excluded) return excluded;
  const left = limit.filter((host) => !excluded.includes(host));
  return left.length > 0 ? left : refused("no host is left", "sallyport inventory show");
}

function matching(hosts: readonly InventoryHost[], pattern: string): InventoryHost[] | Failure {
  let words = pattern;
  if (pattern.startsWith("@")) {
    try {
      words = readFileSync(pattern.slice(1), "utf8").trim().split(/\s+/).join(",");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown";
      return refused(`${pattern.slice(1)} cannot be read (${code})`, null);
    }
  }
  const found = select(hosts, words);
  if (!Array.isArray(found)) {
    const what = found.kind === "malformed" ? "is no pattern" : "matches no host and no group";
    return refused(`${JSON.stringify(found.pattern)} ${what}`, "sallyport inventory show");
  }
  return found.length > 0
    ? found
    : refused(`${pattern} leaves no host`, "sallyport inventory show");
}

function refused(cause: string, hint: string | null): Failure {
  return { code: "usage", cause, hint, status: EXIT_STATUS.usage };
}

export function personal(): string {
  const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  return join(config, "sallyport/inventory.yaml");
}

function standing(): string[] {
  return [personal(), "/etc/sallyport/inventory.yaml"]
    .filter((file) => existsSync(file))
    .slice(0, 1);
}
