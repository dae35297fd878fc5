/** `sallyport mcp`: the MCP server on standard input and output, and what a client's configuration needs. */
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { BUILD } from "../build.ts";
import { thisHost } from "../host.ts";
import { httpConfig, stdioConfig } from "../mcp/client-config.ts";
import { keepHeapSmall } from "../small-heap.ts";
import { fail } from "./errors.ts";

type Options = { printConfig?: true; http?: true; json?: true };

export function registerMcp(program: Command): void {
  program
    .command("mcp")
    .summary("serve AI agents (Model Context Protocol) on standard input and output")
    .option("--print-config", "print what an MCP client's configuration needs, and exit")
    .option("--http", "with --print-config: for the daemon instead of a command")
    .action(async (options: Options) => {
      if (options.printConfig === true) return printConfig(options);
      if (options.http === true) return fail(NO_HTTP, { json: options.json === true });
      // Loaded only here: no other command should take longer for it.
      const { serveMcpOnStdio } = await import("../mcp/stdio.ts");
      keepHeapSmall();
      await serveMcpOnStdio(thisHost());
      // What a client no longer waits for must not keep this process: root's half finishes it anyway.
      process.exit();
    });
}

const NO_HTTP = {
  code: "usage",
  cause: "--http goes with --print-config; HTTP is served by the daemon",
  hint: "sallyport mcp --help",
  status: EXIT_STATUS.usage,
};

function printConfig({ http, json }: Options): void {
  // From source there is no one program to name.
  const program = BUILD.version === null ? "sallyport" : process.execPath;
  const config = http === true ? httpConfig() : stdioConfig(program);
  const text =
    json === true
      ? JSON.stringify({ v: 1, success: true, data: { kind: "mcp-config", config }, error: null })
      : JSON.stringify(config, null, 2);
  process.stdout.write(`${text}\n`);
}
