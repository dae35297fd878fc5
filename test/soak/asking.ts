/** How the soak asks the helper: through real sudo, at once or in a session, or through the daemon. */
import type { Reply } from "../../protocol/reply.ts";
import { HELPER, type Ground } from "./ground.ts";
import type { Machine, User } from "./machine.ts";

const SUDO = ["/usr/bin/sudo", "-n", HELPER];

/** What came of it, in a word: `ok`, an error's code, or `lost` where nobody said. */
export async function askOnce(
  { story }: Ground,
  machine: Machine,
  user: User,
  words: readonly string[],
): Promise<{ came: string; reply: Reply | null }> {
  const from = Date.now();
  const { status, stdout, stderr } = await machine.run(user, [...SUDO, ...words]);
  const reply = replyIn(stdout.trimEnd());
  if (reply === null)
    return { came: `lost (${status ?? "killed"}: ${stderr.trim().slice(0, 80)})`, reply };
  story.claims.push(claimed(machine, words, reply, from));
  return { came: cameOf(reply), reply };
}

/** Line after line to one helper, all sent at once. */
export async function askSession(
  { story }: Ground,
  machine: Machine,
  lines: readonly (readonly string[])[],
): Promise<string> {
  const from = Date.now();
  const input = lines.map((argv) => `${JSON.stringify({ argv })}\n`).join("");
  const { stdout } = await machine.run("agent", [...SUDO, "session"], { input });
  const replies = stdout.split("\n").flatMap((line) => replyIn(line) ?? []);
  for (const [at, words] of lines.entries()) {
    const reply = replies[at + 1];
    if (reply !== undefined) story.claims.push(claimed(machine, words, reply, from));
  }
  const came = replies.slice(1).map(cameOf);
  return `${came.join(" ")}${came.length < lines.length ? ` ${lines.length - came.length} lost` : ""}`;
}

/** By the shortest HTTP client that a host has; the token is root's to read. */
const CALL = `import json, sys, urllib.request
token = open("/var/lib/sallyport-daemon/token").read().strip()
call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": sys.argv[1], "arguments": json.loads(sys.argv[2])}}
head = {"Authorization": "Bearer " + token, "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
asked = urllib.request.Request("http://127.0.0.1:7625/mcp", json.dumps(call).encode(), head)
print(urllib.request.urlopen(asked, timeout=100).read().decode())
`;

export async function askDaemon(
  { story }: Ground,
  machine: Machine,
  tool: string,
  args: Record<string, unknown>,
  words: readonly string[],
): Promise<string> {
  const from = Date.now();
  const argv = ["/usr/bin/python3", "-c", CALL, tool, JSON.stringify(args)];
  const { stdout, stderr } = await machine.run("root", argv);
  const answer = /(\{.*"result".*\})/.exec(stdout)?.[1];
  if (answer === undefined) return `lost (${stderr.trim().split("\n").at(-1)?.slice(0, 80)})`;
  type Told = { ok: boolean; code: string | null; requestId: string | null };
  const { result } = JSON.parse(answer) as { result: { structuredContent?: Told } };
  const told = result.structuredContent;
  if (told === undefined) return "refused by the tool's schema";
  const { ok, code, requestId } = told;
  // Of one whose outcome the daemon does not know nothing is claimed.
  if (requestId !== null && code !== "unknown_outcome")
    story.claims.push({ host: machine.name, id: requestId, words, code, from, to: Date.now() });
  return ok ? "ok" : String(code);
}

function claimed(machine: Machine, words: readonly string[], reply: Reply, from: number) {
  const { requestId: id, error } = reply;
  return { host: machine.name, id, words, code: error?.code ?? null, from, to: Date.now() };
}

const cameOf = ({ error }: Reply): string => error?.code ?? "ok";

function replyIn(line: string): Reply | null {
  try {
    const value = JSON.parse(line) as Partial<Reply>;
    return typeof value.success === "boolean" ? (value as Reply) : null;
  } catch {
    return null;
  }
}
