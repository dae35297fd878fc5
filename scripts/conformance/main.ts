/**
 * Runs the official conformance suite of the Model Context Protocol (server mode) for both revisions:
 *
 *   npm run conformance [-- --verbose]
 *
 *   fixture   a server with all that the scenarios need, behind agent/mcp/http.ts
 *   product   the server of agent/mcp/server.ts itself, on a host where nothing is set up
 *
 * What fails must stand in fixture.yaml or product.yaml with its reason, and what stands there must fail.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { parse } from "yaml";
import { openClient } from "../../agent/client.ts";
import { thisHost } from "../../agent/host.ts";
import { mcpContext } from "../../agent/mcp/context.ts";
import { loopbackHosts } from "../../agent/mcp/http-gate.ts";
import { limitedHttpServer } from "../../agent/mcp/http-limits.ts";
import { mcpHttp, type McpHttp } from "../../agent/mcp/http.ts";
import { mcpServer } from "../../agent/mcp/server.ts";
import { fixtureServer } from "./fixture-server.ts";

const REVISIONS = ["2025-11-25", "2026-07-28"];
const program = fileURLToPath(
  import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"),
);
const requirements = join(dirname(program), "../requirements");
const verbose = process.argv.includes("--verbose");

/** The suite has no way to show a token, so it is put into its requests here; everything else is the daemon's. */
const TOKEN = "conformance-token-that-only-this-process-knows";

type Running = { url: string; close(): Promise<void> };

async function serve(factory: (notify: McpHttp["notify"]) => McpServerFactory): Promise<Running> {
  const server = limitedHttpServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const hosts = loopbackHosts(port);
  const http: McpHttp = mcpHttp({
    factory: (request) => factory(http.notify)(request),
    token: TOKEN,
    hosts,
    origins: hosts.map((host) => `http://${host}`),
    report: (error) => {
      if (verbose) process.stderr.write(`${String(error)}\n`);
    },
  });
  server.on("request", (request, response) => {
    request.headers.authorization = `Bearer ${TOKEN}`;
    void http.handle(request, response);
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      await http.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The suite's exit status and what it printed. */
async function run(url: string, revision: string, baseline: string) {
  const results = mkdtempSync(join(tmpdir(), "sallyport-conformance-"));
  try {
    const words = ["server", "--url", url, "--requirements", revision];
    const child = spawn(
      process.execPath,
      [program, ...words, "--expected-failures", baseline, "--output-dir", results],
      { cwd: results, stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [status] = (await once(child, "close")) as [number | null];
    return { status, output };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** What a revision demands, and whether each of it was run: a scenario that is left out passes nothing. */
function judge(output: string, revision: string, baseline: string): { text: string; all: boolean } {
  const { server } = read(join(requirements, `${revision}.yaml`)) as { server: string[] };
  const excused = new Set(
    (read(baseline) as { server: string[] }).server.map((entry) => entry.split(":")[0]),
  );
  const ran = [...output.matchAll(/^([✓✗]) ([\w-]+): (\d+) passed, (\d+) failed$/gm)];
  const failed = new Map(ran.map(([, , name = "", , count]) => [name, Number(count)]));
  const wanted = server.filter((name) => !excused.has(name));
  const passed = wanted.filter((name) => failed.get(name) === 0);
  const checks = ran.reduce((sum, [, , , count]) => sum + Number(count), 0);
  const partly = server.length - wanted.length;
  return {
    text: `${passed.length} of ${wanted.length} scenarios pass whole, ${partly} but for their baseline; ${checks} checks passed`,
    all: passed.length === wanted.length && server.every((name) => failed.has(name)),
  };
}

function read(file: string): unknown {
  return parse(readFileSync(file, "utf8"));
}

async function main(): Promise<void> {
  const context = mcpContext({
    client: openClient({ ...thisHost(), helpers: [] }),
    observe: () => {},
    report: (error) => process.stderr.write(`${String(error)}\n`),
  });
  const subjects = {
    fixture: await serve((notify) => () => fixtureServer(notify)),
    product: await serve(() => (request) => mcpServer(context, request)),
  };
  for (const [name, subject] of Object.entries(subjects)) {
    const baseline = join(import.meta.dirname, `${name}.yaml`);
    for (const revision of REVISIONS) {
      const { status, output } = await run(subject.url, revision, baseline);
      const { text, all } = judge(output, revision, baseline);
      const good = status === 0 && all;
      if (!good || verbose) process.stdout.write(output);
      process.stdout.write(`${name} ${revision}: ${good ? "ok" : "NOT ok"}: ${text}\n`);
      if (!good) process.exitCode = 1;
    }
    await subject.close();
  }
}

await main();
