/** `sallyport daemon`: MCP over HTTP, for a service manager to run. */
import type { Command } from "commander";
import type { DaemonOptions } from "../daemon/start.ts";
import { thisHost } from "../host.ts";
import { keepHeapSmall } from "../small-heap.ts";
import { fail } from "./errors.ts";

export function registerDaemon(program: Command): void {
  program
    .command("daemon")
    .summary("serve agents over HTTP on loopback or a unix socket")
    .option("--config <file>", "settings; by default /etc/sallyport/daemon.yaml, where it is there")
    .option(
      "--state-dir <folder>",
      "for the token and the record of requests; by default $STATE_DIRECTORY",
    )
    .action(async ({ json, ...options }: DaemonOptions & { json?: true }) => {
      // Loaded when it runs only: the rest of the command line neither needs nor waits for it.
      const { runDaemon } = await import("../daemon/daemon.ts");
      keepHeapSmall();
      const failure = await runDaemon(options, thisHost());
      if (failure !== null) return fail(failure, { json: json === true });
      // What was begun and not answered in time must not keep a stopped service alive.
      process.exit(0);
    });
}
