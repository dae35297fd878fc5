/** One call of a tool, as an MCP client of the revision 2025-11-25 makes it. */
import type { Daemon } from "./stage.ts";

export type Called = {
  status: number;
  /** The tool's structured content; null where there is no result. */
  outcome: { ok: boolean; code: string | null; requestId: string | null } | null;
};

export async function callTool(
  daemon: Daemon,
  name: string,
  args: Record<string, string>,
): Promise<Called> {
  const params = { name, arguments: args };
  const { status, text } = await daemon.get("/mcp", {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
  // A stream where progress could be told, one object where not.
  const object = /^data: (\{.*"(?:result|error)".*\})$/m.exec(text)?.[1] ?? text;
  const message = JSON.parse(object) as { result?: { structuredContent: Called["outcome"] } };
  return { status, outcome: message.result?.structuredContent ?? null };
}
