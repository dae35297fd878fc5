/** Calls a tool of the daemon as several clients at once: a task on each line of stdin, a report on stdout. */
import { createInterface } from "node:readline";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { timed } from "./quantile.ts";

export type ClientTask = {
  token: string;
  tool: string;
  args: Record<string, unknown>;
  clients: number;
  /** Calls of each client. */
  calls: number;
};
export type ClientReport = { errors: number; ms: number[] };

const DAEMON = new URL("http://127.0.0.1:7625/mcp");

async function work({ token, tool, args, calls }: ClientTask): Promise<ClientReport> {
  const client = new Client({ name: "bench", version: "1.0.0" });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(DAEMON, { requestInit }));
  const report: ClientReport = { errors: 0, ms: [] };
  for (let call = 0; call < calls; call += 1) {
    const ms = await timed(async () => {
      const { isError } = await client.callTool({ name: tool, arguments: args });
      if (isError === true) report.errors += 1;
    });
    report.ms.push(ms);
  }
  await client.close();
  return report;
}

for await (const line of createInterface(process.stdin)) {
  const task = JSON.parse(line) as ClientTask;
  const reports = await Promise.all(Array.from({ length: task.clients }, () => work(task)));
  const report: ClientReport = {
    errors: reports.reduce((sum, { errors }) => sum + errors, 0),
    ms: reports.flatMap(({ ms }) => ms),
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
