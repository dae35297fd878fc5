/** The HTTP server: three paths, nothing else, and nobody holds it up. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpPath } from "./metrics.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
/** `method`: the only one, or null where the handler judges that too. */
type Route = { method: string | null; handle: Handler };
export type Routes = Record<Exclude<HttpPath, "other">, Route>;

export type Limits = {
  connections: number;
  headersSeconds: number;
  requestSeconds: number;
  unreadSeconds: number;
};

/** Heard of each request when its answer is out, or its client gone. */
export type Served = {
  path: HttpPath;
  method: string;
  /** 499 where the client went before the answer did. */
  status: number;
  durationMs: number;
};

const HEADERS_MAX_BYTES = 8192;
const SWEEP_MS = 1000;
const STOP_CHECK_MS = 20;
/** Requests of one connection that may wait behind the one under way; no client of today sends any ahead. */
const WAITING_MAX = 16;

export type HttpServer = {
  server: Server;
  limit(limits: Limits): void;
  /** Requests whose answer is not out. */
  pending(): number;
  /** Takes no more; resolves when all that was begun is answered, or after `seconds`, false. */
  stop(seconds: number): Promise<boolean>;
};

export function httpServer(
  routes: Routes,
  limits: Limits,
  hear: { served(of: Served): void; failed(error: unknown): void },
): HttpServer {
  const sockets = new Map<Socket, { flushed: number; since: number }>();
  const queues = new WeakMap<Socket, { busy: boolean; waiting: (() => void)[] }>();
  let pending = 0;
  let stopping = false;
  let current = limits;
  const busy = (): boolean => pending > 0;

  const server = createServer(
    { maxHeaderSize: HEADERS_MAX_BYTES, connectionsCheckingInterval: SWEEP_MS },
    (request, response) => void inTurn(request, response),
  );
  limit(limits);
  server.on("connection", (socket) => {
    sockets.set(socket, { flushed: 0, since: performance.now() });
    socket.on("close", () => sockets.delete(socket));
  });
  const sweep = setInterval(dropUnread, SWEEP_MS);
  sweep.unref();

  function limit(to: Limits): void {
    current = to;
    server.maxConnections = to.connections;
    server.headersTimeout = to.headersSeconds * 1000;
    server.requestTimeout = to.requestSeconds * 1000;
  }

  /**
   * One after the other on each connection: hundreds of requests fit into one packet, and the answers
   * to all of them into no heap.
   */
  async function inTurn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const queue = queues.get(socket) ?? { busy: false, waiting: [] };
    queues.set(socket, queue);
    if (queue.busy) {
      if (queue.waiting.length === WAITING_MAX) socket.destroy();
      if (socket.destroyed) return;
      await new Promise<void>((turn) => queue.waiting.push(turn));
    }
    if (socket.destroyed) return;
    queue.busy = true;
    response.once("close", () => {
      const next = queue.waiting.shift();
      if (next === undefined) queue.busy = false;
      else next();
    });
    await serve(request, response);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const began = performance.now();
    const path = pathOf(request);
    pending += 1;
    response.once("close", () => {
      pending -= 1;
      const status = response.writableFinished ? response.statusCode : 499;
      const { method = "" } = request;
      hear.served({ path, method, status, durationMs: performance.now() - began });
    });
    // What it sends after its answer is out is nobody's request.
    if (stopping) response.setHeader("Connection", "close");
    const route = path === "other" ? undefined : routes[path];
    try {
      if (stopping) answer(response, 503, { error: "stopping" });
      else if (route === undefined) answer(response, 404, { error: "not_found" });
      else if (route.method !== null && route.method !== request.method) {
        response.setHeader("Allow", route.method);
        answer(response, 405, { error: "method_not_allowed" });
      } else await route.handle(request, response);
    } catch (error) {
      hear.failed(error);
      if (response.headersSent) response.destroy();
      else answer(response, 500, { error: "internal" });
    }
  }

  /** An answer that nobody reads stays in memory: after a while it goes, with its connection. */
  function dropUnread(): void {
    const now = performance.now();
    for (const [socket, seen] of sockets) {
      const flushed = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || flushed !== seen.flushed) {
        sockets.set(socket, { flushed, since: now });
      } else if (now - seen.since > current.unreadSeconds * 1000) socket.destroy();
    }
  }

  return {
    server,
    limit,
    pending: () => pending,
    async stop(seconds) {
      stopping = true;
      const until = performance.now() + seconds * 1000;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      while (busy() && performance.now() < until) {
        await sleep(STOP_CHECK_MS);
        server.closeIdleConnections();
      }
      const finished = !busy();
      server.closeAllConnections();
      await closed;
      clearInterval(sweep);
      return finished;
    },
  };
}

function pathOf({ url }: IncomingMessage): HttpPath {
  const path = /^\/(mcp|healthz|metrics)(?:\?|$)/.exec(url ?? "")?.[1];
  return (path as HttpPath | undefined) ?? "other";
}

/** A small JSON answer that nothing keeps. The connection ends with it where a body may be on its way. */
export function answer(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  if (status >= 400) response.setHeader("Connection", "close");
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(text);
}
