/**
 * Sessions for clients of the revision 2025-11-25: what they say in one request belongs to what they
 * said in another, such as the cancellation of a call. Clients of 2026-07-28 need none.
 */
import { randomUUID } from "node:crypto";
import {
  isInitializeRequest,
  legacyStatelessFallback,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
  type McpServerFactory,
} from "@modelcontextprotocol/server";

/** One more, and the one that was used least recently ends. */
const SESSIONS_MAX = 64;
/** Milliseconds without a request until a session ends. */
const IDLE_MS = 30 * 60_000;

type Session = { transport: WebStandardStreamableHTTPServerTransport; usedAt: number };

export type HttpSessions = {
  /** `message`: the parsed body, undefined where there is none or it is no JSON. */
  fetch(request: Request, message: unknown, authInfo: AuthInfo): Promise<Response>;
  close(): Promise<void>;
};

export function httpSessions(
  factory: McpServerFactory,
  report: (error: unknown) => void,
): HttpSessions {
  // In the order of their last use.
  const sessions = new Map<string, Session>();
  const single = legacyStatelessFallback(factory, report);
  const sweep = setInterval(() => {
    for (const [id, { usedAt }] of sessions) if (performance.now() - usedAt > IDLE_MS) end(id);
  }, 60_000);
  sweep.unref();

  function use(id: string, transport: Session["transport"]): void {
    sessions.delete(id);
    sessions.set(id, { transport, usedAt: performance.now() });
    const oldest = sessions.keys().next().value;
    if (sessions.size > SESSIONS_MAX && oldest !== undefined) end(oldest);
  }
  function end(id: string): void {
    void sessions.get(id)?.transport.close().catch(report);
    sessions.delete(id);
  }
  async function open(request: Request, authInfo: AuthInfo) {
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => use(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server = await factory({ era: "legacy", authInfo, requestInfo: request });
    await server.connect(transport);
    return transport;
  }

  return {
    async fetch(request, message, authInfo) {
      const options = { authInfo, ...(message === undefined ? {} : { parsedBody: message }) };
      const id = request.headers.get("mcp-session-id");
      if (id === null) {
        // Without a session each request stands alone, which is enough for a program that calls one tool.
        if (!isInitializeRequest(message)) return await single(request, options);
        const transport = await open(request, authInfo);
        return await transport.handleRequest(request, options);
      }
      const session = sessions.get(id);
      if (session === undefined) return unknownSession();
      use(id, session.transport);
      return await session.transport.handleRequest(request, options);
    },
    async close() {
      clearInterval(sweep);
      for (const id of sessions.keys()) end(id);
    },
  };
}

function unknownSession(): Response {
  const error = { code: -32_001, message: "there is no such session" };
  return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
}
