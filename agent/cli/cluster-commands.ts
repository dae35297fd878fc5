/** The commands about many hosts. What they need is loaded only when one of them runs. */
import { Option, type Command } from "commander";
import { keepHeapSmall } from "../small-heap.ts";
import type { BootstrapOptions } from "./bootstrap.ts";
import { fail } from "./errors.ts";
import type { HostOptions } from "./host-options.ts";
import { acceptHostOptions, acceptTransport } from "./host-options.ts";
import type { OperatorOptions } from "./operator.ts";

export function registerClusterCommands(program: Command): void {
  const inventory = program.command("inventory").summary("what an inventory of hosts says");
  acceptHostOptions(inventory.command("check"))
    .summary("read it, and say in one line what is in it")
    .action(async (options: HostOptions) => {
      const { checkInventory } = await import("./inventory.ts");
      await checkInventory(options);
    });
  acceptHostOptions(inventory.command("show"))
    .summary("which hosts a pattern selects, and how they are reached")
    .action(async (options: HostOptions) => {
      const { showInventory } = await import("./inventory.ts");
      await showInventory(options);
    });
  acceptHostOptions(inventory.command("init"))
    .summary("write one to begin with; nothing is overwritten")
    .action(async (options: HostOptions) => {
      const { initInventory } = await import("./inventory.ts");
      initInventory(options);
    });

  acceptTransport(acceptHostOptions(program.command("bootstrap-cluster-sudo")))
    .summary("setup-sudo on all hosts of an inventory, with one password")
    .option("--user <name>", "whom the rules are for (default: whoever logs in)")
    .addOption(
      new Option("--check", "look at every host and say what would be done").conflicts([
        "verifyOnly",
        "uninstall",
      ]),
    )
    .addOption(
      new Option("--verify-only", "the same, and exit with 1 if anything would be").conflicts(
        "uninstall",
      ),
    )
    .option("--uninstall", "remove the rules, and with a host's last rule the helper")
    .option("--serial <sizes>", "how many hosts at once, one batch after the other", "1,10%,50%")
    .option("--forks <number>", "how many connections at once (default: as many as answer well)")
    .option("--max-fail <number>", "no further batch after so many failed hosts", "1")
    .option("--password-fd <number>", "read the password from this file descriptor")
    .option("--ask-per-group", "one password for the hosts of each outermost group")
    .option("--accept-new", "pin the keys of hosts that were never seen; they are listed")
    .option("--retry-file <file>", "write the names of hosts that are not done, for --limit @FILE")
    .option("--jsonl", "print one JSON object a host, as it ends")
    .action(async (options: BootstrapOptions & HostOptions) => {
      const { bootstrapCluster } = await import("./bootstrap.ts");
      await bootstrapCluster(options);
    });

  acceptTransport(acceptHostOptions(program.command("operator")))
    .summary("let the daemon's agents ask these hosts, by your SSH, while it runs")
    .option(
      "--listen <path>",
      "its socket; by default below /run/sallyport-operator or $XDG_RUNTIME_DIR",
    )
    .action(async ({ json, ...options }: OperatorOptions & { json?: true }) => {
      const { runOperator } = await import("./operator.ts");
      keepHeapSmall();
      const failure = await runOperator(options);
      if (failure !== null) fail(failure, { json: json === true });
    });
}
