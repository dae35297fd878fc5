/** Lines on the standard input of the MCP server: it goes on answering, tells no secret, and asks the helper only what a call named. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import * as fc from "fast-check";
import { mcpServer } from "../../../agent/mcp/server.ts";
import { parseRequest } from "../../../agent/request.ts";
import { observed, standIn } from "../../agent/mcp/stand-in.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const TOOLS = [
  "service_status",
  "service_control",
  "package_info",
  "package_manage",
  "policy_explain",
  "risk_explain",
  "audit_query",
];
const KEYS = ["action", "name", "logs", "command", "requestId", "limit", "kind"];
const VALUES = [
  "restart",
  "stop",
  "install",
  "update",
  "upgrade",
  "nginx",
  "ssh",
  "htop",
  "docker",
];
const METHODS = [
  "tools/call",
  "tools/list",
  "initialize",
  "ping",
  "server/discover",
  "resources/list",
];
const PIECES = ["{", "}", "[", "]", ",", ":", '"', "\n", "null", '"id":1', '"method":'];

const value = fc.oneof(
  { weight: 6, arbitrary: oddText(VALUES) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
const call: fc.Arbitrary<object> = fc.record({
  name: oddText(TOOLS),
  arguments: fc.oneof(
    { weight: 5, arbitrary: fc.record({ action: value, name: value }, { requiredKeys: [] }) },
    { weight: 3, arbitrary: fc.dictionary(oddText(KEYS), value, { maxKeys: 4 }) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  ),
});
const message = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant("2.0") }, oddText(["1.0"])),
    id: fc.oneof(fc.nat(99), oddText(["a"]), fc.constant(null)),
    method: fc.oneof({ weight: 8, arbitrary: fc.constant("tools/call") }, oddText(METHODS)),
    params: fc.oneof({ weight: 8, arbitrary: call }, fc.jsonValue({ maxDepth: 2 })),
  },
  { requiredKeys: ["method"] },
);
const line: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(message, fc.array(message, { maxLength: 2 })),
    fc.oneof(fc.constant([]), edits(PIECES)),
  )
  .map(([sent, changes]) => edited(JSON.stringify(sent), changes));

export const mcp = target<string[]>({
  input: fc.array(line, { maxLength: 4 }),
  async holds(lines) {
    const server = (open ??= begin());
    const allowed = [...lines, ...server.before].flatMap(strings);
    server.before = lines;
    for (const one of lines) server.input.write(`${one}\n`);
    await server.answered();
    for (const words of server.asked.splice(0)) {
      if (words === "policy" || words === "audit") continue;
      const [kind = "", action = "", ...rest] = words.split(" ");
      const name = rest.length === 0 ? [] : [rest.join(" ")];
      assert.notEqual(parseRequest([kind, action, ...name]), null, words);
      // Kind and read are the tool's own; what is done, and to what, is the caller's word for word.
      if (!["status", "logs", "info"].includes(action)) assert(allowed.includes(action), words);
      for (const one of name) assert(allowed.includes(one), words);
    }
    for (const said of server.said.splice(0)) {
      const { jsonrpc } = JSON.parse(said) as { jsonrpc?: unknown };
      assert.equal(jsonrpc, "2.0");
      assert.doesNotMatch(said, /\/etc\/secret|\.ts:\d+/);
    }
  },
});

/** Every text in what the line holds, at any depth. */
function strings(text: string): string[] {
  const found: string[] = [];
  const walk = (part: unknown): void => {
    if (typeof part === "string") found.push(part);
    else if (typeof part === "object" && part !== null) Object.values(part).forEach(walk);
  };
  for (const piece of text.split("\n"))
    try {
      walk(JSON.parse(piece));
    } catch {} // the server takes nothing from it either
  return found;
}

type Open = {
  input: PassThrough;
  said: string[];
  asked: string[];
  /** What was sent with the input before: its calls may still be on their way. */
  before: string[];
  answered: () => Promise<void>;
};
let open: Open | undefined;

function begin(): Open {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const { helper, asked } = standIn();
  const { context } = observed(helper);
  serveStdio((request) => mcpServer(context, request), {
    transport: new StdioServerTransport(input, output),
    onerror: () => {},
  });
  const said: string[] = [];
  let number = 0;
  let awaited: { id: string; done: () => void } | null = null;
  // Not by node:readline, to which U+2028 ends a line too.
  let held = "";
  output.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (held + chunk).split("\n");
    held = lines.pop() ?? "";
    for (const one of lines)
      if (awaited !== null && one.includes(`"${awaited.id}"`)) awaited.done();
      else said.push(one);
  });
  const answered = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const id = `still-there-${(number += 1)}`;
      const timer = setTimeout(() => reject(new Error("it answers no more")), 10_000);
      awaited = {
        id,
        done() {
          clearTimeout(timer);
          awaited = null;
          resolve();
        },
      };
      input.write(`${JSON.stringify({ jsonrpc: "2.0", id, method: "ping" })}\n`);
    });
  return { input, said, asked, before: [], answered };
}
