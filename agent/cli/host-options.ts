/** How a command is told which hosts it is about. */
import { Option, type Command } from "commander";
import { SSH_CHOICES } from "../../inventory/transport.ts";

export type HostOptions = { inventory?: string[]; limit?: string; exclude?: string };

/** `-i`, `--limit` and `--exclude`, the same wherever hosts are chosen. */
export function acceptHostOptions(command: Command): Command {
  return acceptInventory(command)
    .option("--limit <pattern>", "only these: web*:!web03:&db, or @FILE with a name a line")
    .option("--exclude <pattern>", "all but these");
}

/** `--on`: the same on many hosts instead of this one. */
export function acceptFleetOptions(command: Command, what: string): Command {
  return acceptTransport(
    acceptInventory(command.option("--on <pattern>", `${what}: web*:!web03:&db`)),
  );
}

function acceptInventory(command: Command): Command {
  const text = "an inventory; may be given several times";
  return command.option("-i, --inventory <file>", text, add, undefined);
}

function add(file: string, before: string[] | undefined): string[] {
  return [...(before ?? []), file];
}

export function acceptTransport(command: Command): Command {
  const text = "what speaks SSH; auto: OpenSSH's program for what only it can do";
  const option = new Option("--transport <which>", text).choices(SSH_CHOICES).default("auto");
  return command.addOption(option);
}
