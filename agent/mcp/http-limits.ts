/** An HTTP server that strangers on this host can reach: nobody holds it by being slow or by being many. */
import { createServer, type Server } from "node:http";

/** Milliseconds until all headers, and then the whole request, must have arrived. */
const HEADERS_TIMEOUT = 5_000;
const REQUEST_TIMEOUT = 15_000;
/** Milliseconds an idle connection is kept. */
const KEEP_ALIVE_TIMEOUT = 5_000;
const HEADERS_MAX = 64;
/** One more connection is closed at once. */
const CONNECTIONS_MAX = 256;

/** Not listening yet; requests go to whoever listens to `request`. */
export function limitedHttpServer(): Server {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    // Node looks for late connections only this often.
    connectionsCheckingInterval: 1_000,
  });
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}
