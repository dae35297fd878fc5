/**
 * `npm run bench [-- --json] [PART...]`: every figure side by side with what it is compared to, in one
 * run on one lab host, because only such ratios mean the same on another machine.
 */
import { parseArgs } from "node:util";
import { benchAudit } from "./audit.ts";
import { benchCluster } from "./cluster.ts";
import { benchDaemon } from "./daemon.ts";
import { openHost, type BenchHost } from "./host.ts";
import { benchInventory } from "./inventory.ts";
import { benchMcp } from "./mcp.ts";
import { benchOneShot } from "./one-shot.ts";
import { reportText, type Report } from "./report.ts";
import { benchRisk } from "./risk.ts";
import { benchSandbox } from "./sandbox.ts";
import { benchSession } from "./session.ts";
import { benchTerminal } from "./terminal.ts";
import { benchThousand } from "./thousand.ts";
import { benchWorkflow } from "./workflow.ts";

const PARTS: Record<string, (host: BenchHost) => Promise<Report>> = {
  "one-shot": benchOneShot,
  session: benchSession,
  mcp: benchMcp,
  daemon: benchDaemon,
  inventory: benchInventory,
  cluster: benchCluster,
  risk: benchRisk,
  thousand: benchThousand,
  workflow: benchWorkflow,
  terminal: benchTerminal,
  sandbox: benchSandbox,
  audit: benchAudit,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const unknown = positionals.find((name) => !(name in PARTS));
if (unknown !== undefined) {
  process.stderr.write(
    `bench: no part is called ${unknown}; there is ${Object.keys(PARTS).join(", ")}\n`,
  );
  process.exit(64);
}
const host = await openHost();
const reports: Record<string, Report> = {};
try {
  await host.root(["/opt/sallyport/sallyport", "setup-sudo", "--user", "agent"]);
  for (const [name, part] of Object.entries(PARTS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const report = await part(host);
    reports[name] = report;
    if (!values.json) process.stdout.write(`\n${name}\n${reportText(report)}`);
  }
} finally {
  await host.close();
}
if (values.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
