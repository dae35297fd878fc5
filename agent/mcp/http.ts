/**
 * MCP over HTTP, to be mounted at one path of a node:http server: who may come in, and in what size.
 * Serves the revisions 2026-07-28 and 2025-11-25, both without sessions.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createMcpHandler, type McpServerFactory } from "@modelcontextprotocol/server";

/** Longest request body, in bytes: a call of a tool is a few hundred. */
const BODY_MAX_BYTES = 256 * 1024;
/** Shortest token that cannot be guessed. */
const TOKEN_MIN_LENGTH = 32;
const SUBSCRIPTIONS_MAX = 64;

export type Admission = {
  /** Whoever shows it may call the tools. */
  token: string;
  /** Values of the Host header that are served, such as `127.0.0.1:7625`. */
  hosts: readonly string[];
  /** Values of the Origin header that are served; requests of programs have none. */
  origins: readonly string[];
};

export type McpHttpOptions = Admission & {
  factory: McpServerFactory;
  /** What went wrong and why, for the log; clients are not told. */
  report: (error: unknown) => void;
};

export type McpHttp = {
  /** Answers one request, and always does. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends what is under way. */
  close(): Promise<void>;
};

/** The names of this host on the loopback interface. `port`: TCP port. */
export function loopbackHosts(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
}

/** Why a request may not come in from where it comes; its page, if one sent it, must not learn more than that. */
export function rebound(
  { headersDistinct: { host = [], origin = [] } }: IncomingMessage,
  { hosts, origins }: Pick<Admission, "hosts" | "origins">,
): Refusal | null {
  if (host.length !== 1 || !hosts.includes(host[0] ?? "")) {
    return { status: 403, message: "this host name is not served" };
  }
  if (origin.some((value) => !origins.includes(value))) {
    return { status: 403, message: "this origin is not served" };
  }
  return null;
}

/** Why a request may not come in with what it shows as its token, compared in constant time. */
export function tokenless(
  { headers: { authorization = "" } }: IncomingMessage,
  { token }: Pick<Admission, "token">,
): Refusal | null {
  const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  if (shown !== undefined && timingSafeEqual(sha256(shown), sha256(token))) return null;
  const challenge = shown === undefined ? "" : ', error="invalid_token"';
  return {
    status: 401,
    message: "a bearer token is required",
    headers: { "WWW-Authenticate": `Bearer realm="sallyport"${challenge}` },
  };
}

/** Throws where there is no token worth the name: this transport never serves without one. */
export function mcpHttp({ factory, token, hosts, origins, report }: McpHttpOptions): McpHttp {
  if (token.length < TOKEN_MIN_LENGTH) {
    throw new Error(`a token of at least ${TOKEN_MIN_LENGTH} characters is required`);
  }
  const mcp = createMcpHandler(factory, {
    onerror: report,
    maxRequestBodySize: BODY_MAX_BYTES,
    maxSubscriptions: SUBSCRIPTIONS_MAX,
  });

  /** Why a request is not served, or null. */
  function refusal(request: IncomingMessage): Refusal | null {
    const no = rebound(request, { hosts, origins }) ?? tokenless(request, { token });
    if (no !== null) return no;
    if (request.method !== "POST") {
      return { status: 405, message: "only POST is served", headers: { Allow: "POST" } };
    }
    return null;
  }

  return {
    async handle(request, response) {
      const no = refusal(request) ?? tooLong(request);
      if (no !== null) return refuse(response, no);
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      try {
        const body = await readBody(request);
        if (body === null) return refuse(response, TOO_LONG);
        const answer = await mcp.fetch(webRequest(request, body, gone.signal), {
          authInfo: { token: "", clientId: "token", scopes: [] },
        });
        await send(answer, response);
      } catch (error) {
        // A client that goes away in the middle is no event.
        if (gone.signal.aborted) return;
        report(error);
        refuse(response, { status: 500, message: "internal error" });
      }
    },
    close: mcp.close,
  };
}

export type Refusal = { status: number; message: string; headers?: Record<string, string> };

const TOO_LONG: Refusal = { status: 413, message: `at most ${BODY_MAX_BYTES} bytes` };

function tooLong(request: IncomingMessage): Refusal | null {
  return Number(request.headers["content-length"] ?? 0) > BODY_MAX_BYTES ? TOO_LONG : null;
}

/** The rest of a refused request is not read: the connection ends with the answer. */
export function refuse(response: ServerResponse, { status, message, headers = {} }: Refusal): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const error = { code: -32_000, message };
  response
    .writeHead(status, { ...headers, "Content-Type": "application/json", Connection: "close" })
    .end(`${JSON.stringify({ jsonrpc: "2.0", error, id: null })}\n`);
}

/** The whole body, or null as soon as it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function webRequest(
  { headersDistinct, method = "POST", url = "/" }: IncomingMessage,
  body: Buffer<ArrayBuffer>,
  signal: AbortSignal,
): Request {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  // The tools have no use for it, and what they do not see they cannot tell.
  headers.delete("authorization");
  return new Request(new URL(url, "http://localhost"), { method, headers, body, signal });
}

/** Writes the answer as it comes, no faster than it is read. */
async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.flushHeaders();
  const closed = once(response, "close").then(() => false);
  const reader = answer.body?.getReader();
  while (reader !== undefined) {
    const chunk = await Promise.race([reader.read(), closed]);
    if (typeof chunk === "boolean") return await reader.cancel();
    if (chunk.done) break;
    if (response.write(chunk.value)) continue;
    if ((await Promise.race([once(response, "drain"), closed])) === false) {
      return await reader.cancel();
    }
  }
  response.end();
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
