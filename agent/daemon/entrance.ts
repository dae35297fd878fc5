/** What stands at the three paths, and who may come in: the same checks at each, by agent/mcp/http-gate.ts. */
import type { ServerResponse } from "node:http";
import { isDeepStrictEqual } from "node:util";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { isLockedDown } from "../lockdown.ts";
import { mcpContext, type McpContext, type ToolCall } from "../mcp/context.ts";
import { httpGate, type HttpRefusal } from "../mcp/http-gate.ts";
import { mcpHttp, type McpHttp } from "../mcp/http.ts";
import type { RateLimiter } from "../mcp/rate-limit.ts";
import { mcpServer } from "../mcp/server.ts";
import type { Desk } from "../workflow/desk.ts";
import { answer, type Routes } from "./http-server.ts";
import type { HostSandboxes } from "../sandbox/host-sandboxes.ts";
import type { Metrics } from "./metrics.ts";
import type { RecordedClient } from "./recorded-client.ts";
import type { RecordedOperator } from "./recorded-operator.ts";
import type { Current } from "./start.ts";
import type { Health } from "./watch.ts";

type Gate = ReturnType<typeof httpGate>;

/** Also of what needs no root; health and metrics go on. A client may try again later. */
const LOCKED_DOWN: HttpRefusal = {
  status: 503,
  message: "locked down: nothing is taken until an administrator lifts it (sallyport lockdown off)",
};

export type Entrance = {
  routes: Routes;
  /** More values of a Host header that are this daemon's: known when it listens. */
  serve(hosts: readonly string[]): void;
  /** Takes over new settings and a new token; what is under way goes on. */
  renew(to: Current): void;
  /** Cancels what runs of workflows, and begins no more. */
  endRuns(): Promise<void>;
  /** Ends streams that would never end by themselves. */
  close(): Promise<void>;
};

export function openEntrance(
  first: Current,
  parts: {
    client: RecordedClient;
    operator: RecordedOperator;
    metrics: Metrics;
    sandboxes: HostSandboxes;
    workflows: (limiter: RateLimiter) => Desk;
    health: () => Health;
    observe: (call: ToolCall) => void;
    report: (error: unknown) => void;
  },
): Entrance {
  const { client, operator, metrics, sandboxes, workflows, health, observe, report } = parts;
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
  const context: McpContext = mcpContext({
    client,
    observe,
    report,
    rates,
    sandboxes,
    workflows,
    fleet: () => {
      const socket = current.settings.fleet?.operatorSocket;
      return socket === undefined ? null : operator.at(socket);
    },
  });
  let hosts: string[] = [];
  let door = open();

  function open(): { gate: Gate; metricsGate: Gate; mcp: McpHttp } {
    const { token, metricsToken, settings } = current;
    hosts = [...own, ...settings.allowedHosts];
    const options = { token, hosts, origins: settings.allowedOrigins };
    const factory: McpServerFactory = (on) => mcpServer(context, on);
    return {
      gate: httpGate(options),
      metricsGate: httpGate({ ...options, token: metricsToken }),
      mcp: mcpHttp({ ...options, factory, report }),
    };
  }

  async function scrape(response: ServerResponse): Promise<void> {
    const { type, text } = await metrics.text();
    response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(text);
  }

  return {
    routes: {
      // It answers for the methods it does not have itself.
      mcp: {
        method: null,
        async handle(request, response) {
          if (!isLockedDown()) return await door.mcp.handle(request, response);
          // Whoever may not come in is told no more than before.
          refuse(response, door.gate(request) ?? LOCKED_DOWN);
        },
      },
      healthz: {
        method: "GET",
        async handle(request, response) {
          const no = door.gate(request);
          // Whoever comes from this host may know; pages of others may not. The token is judged last.
          if (no !== null && no.status !== 401) return refuse(response, no);
          const found = health();
          answer(response, found.status === "ok" ? 200 : 503, found);
        },
      },
      metrics: {
        method: "GET",
        async handle(request, response) {
          const no = door.metricsGate(request);
          if (no === null) await scrape(response);
          else refuse(response, no);
        },
      },
    },
    serve(more) {
      own.push(...more);
      hosts.push(...more);
    },
    renew(to) {
      const { token, metricsToken, settings } = current;
      current = to;
      const same = isDeepStrictEqual(
        [token, metricsToken, settings.allowedHosts, settings.allowedOrigins],
        [to.token, to.metricsToken, to.settings.allowedHosts, to.settings.allowedOrigins],
      );
      if (same) return;
      const { mcp } = door;
      door = open();
      // Who is waiting for an answer still gets it; then the sessions of the old token end.
      void client
        .quiet()
        .then(() => mcp.close())
        .catch(report);
    },
    endRuns: async () => await context.workflows?.close(),
    close: () => door.mcp.close(),
  };
}

function refuse(response: ServerResponse, { status, message, headers = {} }: HttpRefusal): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  answer(response, status, { error: message });
}
