/** Limits of an HTTP server that strangers on this host can reach: nobody holds it by being slow. */
import type { Server } from "node:http";

const LIMITS = {
  /** Milliseconds until all headers, and then the whole request, must have arrived. */
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  /** Milliseconds an idle connection is kept. */
  keepAliveTimeout: 5_000,
  maxHeadersCount: 64,
  maxRequestsPerSocket: 0,
  maxConnections: 256,
};

/** How often connections are looked at, in milliseconds: goes into http.createServer's options. */
export const CONNECTIONS_CHECKING_INTERVAL = 1_000;

/** Sets the limits; call it before the server listens. Connections over the limit are closed at once. */
export function setHttpLimits(server: Server): void {
  Object.assign(server, LIMITS);
}
