/** A server with everything that the scenarios ask for, behind the transport that the daemon has. */
import { randomBytes } from "node:crypto";
import { createRequestStateCodec, McpServer } from "@modelcontextprotocol/server";
import type { McpHttp } from "../../agent/mcp/http.ts";
import { registerAskingTools, registerRememberingTools } from "./fixture-asking-tools.ts";
import { registerPrompts, registerResources } from "./fixture-reading.ts";
import { registerTools } from "./fixture-tools.ts";

const state = createRequestStateCodec<string>({ key: randomBytes(32) });

export function fixtureServer(notify: McpHttp["notify"]): McpServer {
  const server = new McpServer(
    { name: "sallyport-conformance-fixture", version: "0.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true },
        logging: {},
      },
      requestState: { verify: (sealed, context) => state.verify(sealed, context) },
    },
  );
  registerTools(server, notify);
  registerAskingTools(server);
  registerRememberingTools(server, state);
  registerResources(server);
  registerPrompts(server);
  return server;
}
