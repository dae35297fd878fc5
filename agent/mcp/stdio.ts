/** The MCP server on standard input and output: stdout is the protocol's, diagnostics go to stderr. */
import { homedir } from "node:os";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { openClient } from "../client.ts";
import { escapeLine } from "../escape.ts";
import type { Host } from "../host.ts";
import { USER_SANDBOXES } from "../sandbox/user-sandboxes.ts";
import { openDesk, type Desk } from "../workflow/desk.ts";
import { PARTS } from "../workflow/parts.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { mcpContext, type ToolCall } from "./context.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { mcpServer } from "./server.ts";

/** Longest message taken, in bytes: more than any call of a tool needs. */
const MESSAGE_MAX_BYTES = 1 << 20;

/** Serves until standard input ends or a signal asks for the end. What the helper has begun, it finishes. */
export async function serveMcpOnStdio(host: Host): Promise<void> {
  const client = openClient(host);
  const workflows = (limiter: RateLimiter): Desk =>
    openDesk({
      folder: stateFolder(process.env),
      home: homedir(),
      client,
      parts: PARTS,
      pace: (caller, kind) => limiter.take(caller, kind),
      report: logError,
    });
  const context = mcpContext({
    client,
    observe: logCall,
    report: logError,
    workflows,
    sandboxes: USER_SANDBOXES,
  });
  // Asked for early: the first list of tools waits for it.
  void context.policy.offer();
  const transport = new StdioServerTransport(process.stdin, process.stdout, {
    maxBufferSize: MESSAGE_MAX_BYTES,
  });
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, resolve);
    process.stdin.once("end", resolve).once("close", resolve);
  });
  const server = serveStdio((request) => mcpServer(context, request), {
    transport,
    onerror: logError,
  });
  await stopped;
  await server.close();
  await context.workflows?.close();
  await USER_SANDBOXES.close();
  await client.close();
}

function logCall({ tool, request, code, durationMs, abandoned }: ToolCall): void {
  const what = request === null ? tool : `${tool}: ${request}`;
  const end = `${code ?? "done"} after ${Math.round(durationMs)} ms`;
  log(`${what}: ${end}${abandoned ? ", nobody waited" : ""}`);
}

function logError(error: unknown): void {
  log(error instanceof Error ? error.message : String(error));
}

function log(text: string): void {
  process.stderr.write(`sallyport mcp: ${escapeLine(text)}\n`);
}
