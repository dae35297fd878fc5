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
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { openClient } from "../../agent/client.ts";
import { thisHost } from "../../agent/host.ts";
import { mcpContext } from "../../agent/mcp/context.ts";
import { loopbackHosts } from "../../agent/mcp/http-gate.ts";
import { setHttpLimits } from "../../agent/mcp/http-limits.ts";
import { mcpHttp, type McpHttp } from "../../agent/mcp/http.ts";
import { mcpServer } from "../../agent/mcp/server.ts";
import { fixtureServer } from "./fixture-server.ts";

const REVISIONS = ["2025-11-25", "2026-07-28"];
const root = resolve(import.meta.dirname, "../..");
const program = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const verbose = process.argv.includes("--verbose");

/** The suite has no way to show a token, so it is put into its requests here; everything else is the daemon's. */
const TOKEN = "conformance-token-that-only-this-process-knows";

type Running = { url: string; close(): Promise<void> };

async function serve(factory: (notify: McpHttp["notify"]) => McpServerFactory): Promise<Running> {
  const server: Server = createServer();
  setHttpLimits(server);
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

async function main(): Promise<void> {
  const context = mcpContext({
    client: openClient(thisHost()),
    observe: () => {},
    report: (error) => process.stderr.write(`${String(error)}\n`),
  });
  const subjects = {
    fixture: await serve((notify) => () => fixtureServer(notify)),
    product: await serve(() => (request) => mcpServer(context, request)),
  };
  for (const [name, { url, close }] of Object.entries(subjects)) {
    for (const revision of REVISIONS) {
      const baseline = join(import.meta.dirname, `${name}.yaml`);
      const { status, output } = await run(url, revision, baseline);
      if (status !== 0 || verbose) process.stdout.write(output);
      process.stdout.write(`${name} ${revision}: exit ${status}\n`);
      if (status !== 0) process.exitCode = 1;
    }
    await close();
  }
}

await main();
