/** `sallyport mcp`: the MCP server on standard input and output. */
import type { Command } from "commander";
import { thisHost } from "../host.ts";

export function registerMcp(program: Command): void {
  program
    .command("mcp")
    .summary("serve AI agents (Model Context Protocol) on standard input and output")
    .action(async () => {
      // Loaded only here: other commands must not wait for it.
      const { serveMcpOnStdio } = await import("../mcp/stdio.ts");
      await serveMcpOnStdio(thisHost());
      // Requests that a client no longer waits for must not keep this process; root's half finishes them.
      process.exit();
    });
}
