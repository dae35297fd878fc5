/**
 * Where a client can show its user a message, that user is told at once what waits for a person. By
 * what the client answers nothing is granted: it says when to look again, and the helper decides anew.
 */
import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type ClientCapabilities,
  type InputRequiredResult,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";

/** Milliseconds, of the whole call: many clients give one up after 60 s, and its answer with it. */
export const TELLING_MS = 50_000;
/** Messages without an answer, of all connections; where it is more, the call answers at once. */
const UNANSWERED_MAX = 16;
const KEY = "approval";

/** As the SDK has checked it; its type leaves the key out. */
type Envelope = { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities };
type McpRequest = ServerContext["mcpReq"];

/** `again`: it is to be looked at again; `unseen`: the message could not be shown or was not answered. */
type Told =
  | { kind: "again" | "declined" | "unseen" }
  /** Of 2026-07-28, where the client asks its user by itself and then calls once more. */
  | { kind: "input_required"; result: InputRequiredResult };

export type Listener = {
  /** What a client of 2026-07-28 says of the message that an earlier call was answered with; null for a first call. */
  answered: "again" | "declined" | null;
  /** Says what waits under `run`, and waits; null where this client shows no messages. */
  tell: ((message: string, leftMs: number) => Promise<Told>) | null;
};

export type Unanswered = { count: number };

/** `modern`: whether the client speaks 2026-07-28. Nothing is remembered between its two calls, so nothing can be forged. */
export function listenerOf(
  mcp: McpServer,
  mcpReq: McpRequest,
  modern: boolean,
  unanswered: Unanswered,
): Listener {
  const answer: unknown = mcpReq.inputResponses?.[KEY];
  const envelope: Envelope | undefined = mcpReq.envelope;
  const capabilities = modern
    ? envelope?.[CLIENT_CAPABILITIES_META_KEY]
    : mcp.server.getClientCapabilities();
  if (answer !== undefined) {
    const { action } = { action: undefined, ...answer };
    return { answered: action === "accept" ? "again" : "declined", tell: null };
  }
  if (!showsForms(capabilities)) return { answered: null, tell: null };
  const tell = async (message: string, leftMs: number): Promise<Told> => {
    const form = { mode: "form", message, requestedSchema: NOTHING_TO_FILL_IN } as const;
    if (modern) {
      const inputRequests = { [KEY]: inputRequired.elicit(form) };
      return { kind: "input_required", result: inputRequired({ inputRequests }) };
    }
    if (unanswered.count >= UNANSWERED_MAX || leftMs <= 0) return { kind: "unseen" };
    unanswered.count += 1;
    try {
      const request = { method: "elicitation/create", params: form } as const;
      const { action } = await mcpReq.send(request, { timeout: leftMs, signal: mcpReq.signal });
      return { kind: action === "accept" ? "again" : "declined" };
    } catch {
      return { kind: "unseen" };
    } finally {
      unanswered.count -= 1;
    }
  };
  return { answered: null, tell };
}

/** Nothing that is typed there would count, so there is nowhere to type. */
const NOTHING_TO_FILL_IN = { type: "object" as const, properties: {} };

/** Before there were modes, a client that named none meant forms. */
function showsForms(capabilities: ClientCapabilities | undefined): boolean {
  const modes = capabilities?.elicitation;
  return modes !== undefined && (modes.form !== undefined || modes.url === undefined);
}

/** `wish`: escaped and bounded. The agent's claim is not in it: it would be taken for ours. */
export function waitingMessage(wish: string, run: string): string {
  return `An agent asks Sallyport for "${wish}", which waits for a person's grant. Whoever may grant it types in a terminal of that host: ${run}
Your answer here grants nothing. Accept once that is done, and Sallyport looks again; decline to leave it waiting.`;
}
