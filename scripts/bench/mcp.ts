/** A tool call of an agent, over standard input and output, as the SDK's own client makes it. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { BenchHost } from "./host.ts";
import { quantile, spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";
import { timerOf } from "./session.ts";

const ROUNDS = 300;
const CALL = { name: "service_status", arguments: { name: "nginx" } };

export async function benchMcp(host: BenchHost): Promise<Report> {
  const client = new Client({ name: "bench", version: "1.0.0" });
  const { command, args, env } = host.entry("agent", ["/opt/sallyport/sallyport", "mcp"]);
  await client.connect(new StdioClientTransport({ command, args, env, stderr: "ignore" }));
  const show = await timerOf(host, ["/usr/bin/systemctl", "show", "nginx.service"]);
  const [called, shown]: number[][] = [[], []];
  const call = async (): Promise<void> => {
    const { isError, content } = await client.callTool(CALL);
    if (isError === true) throw new Error(JSON.stringify(content));
  };
  try {
    await call(); // warm: its session is there
    for (let round = 0; round < ROUNDS; round += 1) {
      shown?.push(await show.run());
      called?.push(await timed(call));
    }
    return {
      samples: [
        { name: "systemctl show", ...spread(shown ?? []) },
        { name: "tool call service_status", ...spread(called ?? []) },
      ],
      figures: [
        {
          name: "tool call service_status, ms",
          value: quantile(called ?? [], 0.5),
          atMost: 1.15 * quantile(shown ?? [], 0.5) + 2,
        },
      ],
    };
  } finally {
    await client.close();
    show.close();
  }
}
