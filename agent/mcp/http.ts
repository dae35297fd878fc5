/**
 * MCP over HTTP, to be mounted at one path of a node:http server.
 * Serves the revisions 2026-07-28 (without sessions) and 2025-11-25 (with them) from one factory.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServerFactory,
} from "@modelcontextprotocol/server";
import { httpGate, type GateOptions, type HttpRefusal } from "./http-gate.ts";
import { httpSessions } from "./http-sessions.ts";

/** Longest request body, in bytes: a call of a tool is a few hundred. */
const BODY_MAX_BYTES = 256 * 1024;
const SUBSCRIPTIONS_MAX = 64;
const METHODS = ["POST", "GET", "DELETE"];

export type McpHttpOptions = GateOptions & {
  factory: McpServerFactory;
  /** What went wrong and why, for the log; clients are not told. */
  report: (error: unknown) => void;
};

export type McpHttp = {
  /** Answers one request, and always does. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells clients of 2026-07-28 who listen that the list of tools, or of prompts, is another now. */
  notify: { toolsChanged(): void; promptsChanged(): void };
  /** Ends what is under way. */
  close(): Promise<void>;
};

/** Throws where there is no token worth the name: this transport never serves without one. */
export function mcpHttp({ factory, report, ...gateOptions }: McpHttpOptions): McpHttp {
  const refusal = httpGate(gateOptions);
  const modern = createMcpHandler(factory, {
    legacy: "reject",
    onerror: report,
    maxSubscriptions: SUBSCRIPTIONS_MAX,
  });
  const sessions = httpSessions(factory, report);
  // One token, one caller: what the token is, nobody behind this door needs to know.
  const authInfo = { token: "", clientId: "token", scopes: [] };

  async function answer(request: Request, text: string): Promise<Response> {
    const message = jsonOf(text);
    const parsed = message === undefined ? {} : { parsedBody: message };
    // Decided by the SDK, so that no request can be one thing to this line and another to a server.
    return (await isLegacyRequest(request, message))
      ? await sessions.fetch(request, message, authInfo)
      : await modern.fetch(request, { authInfo, ...parsed });
  }

  return {
    async handle(request, response) {
      const no = refusal(request) ?? malformed(request);
      if (no !== null) return refuse(response, no);
      const gone = new AbortController();
      response.once("close", () => {
        if (!response.writableFinished) gone.abort();
      });
      try {
        const text = await readBody(request);
        if (text === null) return refuse(response, TOO_LONG);
        await send(await answer(webRequest(request, text, gone.signal), text), response);
      } catch (error) {
        // A client that goes away in the middle is no event.
        if (gone.signal.aborted) return;
        report(error);
        refuse(response, { status: 500, message: "internal error" });
      }
    },
    notify: modern.notify,
    async close() {
      await Promise.all([modern.close(), sessions.close()]);
    },
  };
}

const TOO_LONG: HttpRefusal = { status: 413, message: `at most ${BODY_MAX_BYTES} bytes` };

function malformed({ headers, method = "" }: IncomingMessage): HttpRefusal | null {
  if (!METHODS.includes(method)) {
    return { status: 405, message: "method not allowed", headers: { Allow: METHODS.join(", ") } };
  }
  return Number(headers["content-length"] ?? 0) > BODY_MAX_BYTES ? TOO_LONG : null;
}

/** The rest of a refused request is not read: the connection ends with the answer. */
function refuse(response: ServerResponse, { status, message, headers = {} }: HttpRefusal): void {
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
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the SDK answers it as JSON-RPC wants it
  }
}

function webRequest(
  { headersDistinct, method = "POST", url = "/" }: IncomingMessage,
  text: string,
  signal: AbortSignal,
): Request {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    // What the tools do not see, they cannot tell.
    if (name !== "authorization") for (const value of values) headers.append(name, value);
  }
  const body = method === "POST" ? { body: text } : {};
  return new Request(new URL(url, "http://localhost"), { method, headers, signal, ...body });
}

const GONE = Symbol("gone");

/** Writes the answer as it comes, no faster than it is read. */
async function send(answer: Response, response: ServerResponse): Promise<void> {
  const headers = new Headers(answer.headers);
  // Whether the connection goes on is between its two ends (RFC 9110, 7.6.1).
  headers.delete("connection");
  response.writeHead(answer.status, Object.fromEntries(headers));
  if (answer.body !== null) {
    // A stream may have nothing to say for long; its reader must know that it is one.
    response.flushHeaders();
    const closed = event(response, "close");
    const reader = answer.body.getReader();
    for (;;) {
      const chunk = await Promise.race([reader.read(), closed]);
      if (chunk === GONE || response.destroyed) return await reader.cancel();
      if (chunk.done) break;
      if (!response.write(chunk.value)) await Promise.race([event(response, "drain"), closed]);
    }
  }
  response.end();
}

function event(response: ServerResponse, name: "close" | "drain"): Promise<typeof GONE> {
  return new Promise((resolve) => {
    response.once(name, () => resolve(GONE));
  });
}
