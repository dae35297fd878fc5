/** One call of a tool, as an MCP client makes it. */
import type { Daemon, Got } from "./stage.ts";

export async function callTool(
  daemon: Daemon,
  _: string,
  args: Record<string, string>,
): Promise<Got> {
  const words = ["service", args["action"] ?? "status", args["service"]];
  return await daemon.get("/mcp", { method: "POST", body: JSON.stringify(words) });
}
