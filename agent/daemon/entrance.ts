/** What stands at the three paths, and who may come in: the same checks at each, by agent/mcp/http.ts. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Client } from "../client.ts";
import { mcpContext, type McpContext, type ToolCall } from "../mcp/context.ts";
import { mcpHttp, rebound, refuse, tokenless, type McpHttp, type Refusal } from "../mcp/http.ts";
import { mcpServer } from "../mcp/server.ts";
import { answer, type Handler, type Routes } from "./http-server.ts";
import type { Metrics } from "./metrics.ts";
import type { Current } from "./start.ts";
import type { Health } from "./watch.ts";

export type Entrance = {
  routes: Routes;
  /** More values of a Host header that are this daemon's: known when it listens. */
  serve(hosts: readonly string[]): void;
  /** Takes over new settings and a new token; what is under way goes on. */
  renew(to: Current): void;
  /** Ends streams that would never end by themselves. */
  close(): Promise<void>;
};

export function openEntrance(
  first: Current,
  parts: {
    client: Client;
    metrics: Metrics;
    health(): Health;
    observe(call: ToolCall): void;
    report(error: unknown): void;
  },
): Entrance {
  const { client, metrics, health, observe, report } = parts;
  let current = first;
  const own: string[] = [];
  // Read at every call, so that a reload acts on clients that are known already.
  const rates = {
    get read() {
      return current.settings.rates.read;
    },
    get change() {
      return current.settings.rates.change;
    },
  };
  const context: McpContext = mcpContext({ client, observe, report, rates });
  let hosts: string[] = [];
  let mcp = open();

  function open(): McpHttp {
    const { token, settings } = current;
    hosts = [...own, ...settings.allowedHosts];
    const origins = settings.allowedOrigins;
    const factory: Parameters<typeof mcpHttp>[0]["factory"] = (on) => mcpServer(context, on);
    return mcpHttp({ factory, token, hosts, origins, report });
  }

  function strange(request: IncomingMessage): Refusal | null {
    return rebound(request, { hosts, origins: current.settings.allowedOrigins });
  }

  const admitted =
    (refusal: (request: IncomingMessage) => Refusal | null, handle: Handler): Handler =>
    async (request, response) => {
      const no = refusal(request);
      if (no === null) await handle(request, response);
      else refuse(response, no);
    };

  async function scrape(_: IncomingMessage, response: ServerResponse): Promise<void> {
    const { type, text } = await metrics.text();
    response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(text);
  }

  return {
    routes: {
      mcp: { method: "POST", handle: (request, response) => mcp.handle(request, response) },
      healthz: {
        method: "GET",
        handle: admitted(strange, async (_, response) => {
          const found = health();
          answer(response, found.status === "ok" ? 200 : 503, found);
        }),
      },
      metrics: {
        method: "GET",
        handle: admitted((request) => strange(request) ?? tokenless(request, current), scrape),
      },
    },
    serve(more) {
      own.push(...more);
      hosts.push(...more);
    },
    renew(to) {
      current = to;
      // The old one is not closed: that would cut off who is waiting for an answer.
      mcp = open();
    },
    close: () => mcp.close(),
  };
}
