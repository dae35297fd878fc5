/** How a command is told which hosts it is about. */
import type { Command } from "commander";

export type HostOptions = { inventory?: string[]; limit?: string; exclude?: string };

/** `-i`, `--limit` and `--exclude`, the same wherever hosts are chosen. */
export function acceptHostOptions(command: Command): Command {
  return acceptInventory(command)
    .option("--limit <pattern>", "only these: web*:!web03:&db, or @FILE with a name a line")
    .option("--exclude <pattern>", "all but these");
}

/** `--on`: the same on many hosts instead of this one. */
export function acceptFleetOptions(command: Command, what: string): Command {
  return acceptInventory(command.option("--on <pattern>", `${what}: web*:!web03:&db`));
}

function acceptInventory(command: Command): Command {
  const text = "an inventory; may be given several times";
  return command.option("-i, --inventory <file>", text, add, undefined);
}

function add(file: string, before: string[] | undefined): string[] {
  return [...(before ?? []), file];
}
