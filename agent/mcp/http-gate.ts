/** Who may come in over HTTP: checked before a byte of the body is read. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Shortest token that cannot be guessed. */
const TOKEN_MIN_LENGTH = 32;

export type GateOptions = {
  /** Whoever shows it may call the tools. */
  token: string;
  /** Values of the Host header that are served, such as `127.0.0.1:7625`. */
  hosts: readonly string[];
  /** Values of the Origin header that are served; requests of programs have none. */
  origins: readonly string[];
};

/** An HTTP answer in the shape of a JSON-RPC error. */
export type HttpRefusal = { status: number; message: string; headers?: Record<string, string> };

/** The names of this host on the loopback interface. `port`: TCP port. */
export function loopbackHosts(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
}

/**
 * Why a request is not served, or null. Throws where there is no token worth the name: nothing is
 * ever served without one. DNS rebinding is judged first: a browser must not learn more than that.
 */
export function httpGate({ token, hosts, origins }: GateOptions) {
  if (token.length < TOKEN_MIN_LENGTH) {
    throw new Error(`a token of at least ${TOKEN_MIN_LENGTH} characters is required`);
  }
  const expected = sha256(token);
  return ({ headers, headersDistinct }: IncomingMessage): HttpRefusal | null => {
    const { host = [], origin = [] } = headersDistinct;
    if (host.length !== 1 || !hosts.includes(host[0] ?? "")) {
      return { status: 403, message: "this host name is not served" };
    }
    if (origin.some((value) => !origins.includes(value))) {
      return { status: 403, message: "this origin is not served" };
    }
    const shown = /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (shown !== undefined && timingSafeEqual(sha256(shown), expected)) return null;
    const detail = shown === undefined ? "" : ', error="invalid_token"';
    return {
      status: 401,
      message: "a bearer token is required",
      headers: { "WWW-Authenticate": `Bearer realm="sallyport"${detail}` },
    };
  };
}

/** Hashed first, so that the comparison takes the same time for every length. */
function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
