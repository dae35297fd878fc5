/**
 * A real daemon in a process of its own, on a stand-in host: `sudo` runs its arguments, the helper is
 * stand-in-helper.ts. Everything else is real: sockets, signals, SQLite, logs.
 */
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { DaemonOptions } from "../../../agent/daemon/start.ts";
import type { AuditEntry } from "../../../protocol/reply.ts";
import type { Host } from "../../../agent/host.ts";
import { runtime } from "../../../scripts/runtime.ts";
import { standInHost } from "../stand-in-host.ts";

const here = import.meta.dirname;
const started = new Set<ChildProcess>();
const folders: string[] = [];

export type LogLine = { level: string; event: string } & Record<string, unknown>;
export type Got = { status: number; headers: IncomingHttpHeaders; text: string };
export type Stage = ReturnType<typeof stage>;
export type Daemon = Awaited<ReturnType<Stage["start"]>>;

/** A stand-in host; `settings` is what daemon.yaml says, beside a free port. */
export function stage(settings: object | string = {}) {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-daemon-"));
  folders.push(folder);
  const state = join(folder, "state");
  const config = join(folder, "daemon.yaml");
  const host = standInHost(folder);
  mkdirSync(state, { mode: 0o700 });
  const helper = [runtime(), join(here, "stand-in-helper.ts"), folder].join("' '");
  program("helper", `exec '${helper}' "$@"`);
  program("sudo", 'shift 2\nexec "$@"');
  configure(settings);

  function program(name: string, body: string): void {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  function configure(to: object | string): void {
    const text = typeof to === "string" ? to : stringify({ listen: "127.0.0.1:0", ...to });
    writeFileSync(config, text, { mode: 0o644 });
  }

  /** Starts it and resolves when it listens, or has ended. */
  async function start(how: How = {}) {
    const file = join(folder, `log-${started.size}`);
    const fd = openSync(file, "w");
    const words = daemonWords(
      { ...host, ...how.host },
      { config, stateDir: state, ...how.options },
    );
    const [command = "", ...args] = [...activated(how.activate), ...(how.through ?? []), ...words];
    const stdio: StdioOptions = ["ignore", "ignore", fd];
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const journal = how.journal === true ? { JOURNAL_STREAM: `${dev}:${ino}` } : {};
    const env = { PATH: process.env["PATH"], ...journal, ...how.env };
    const child = spawn(command, args, { stdio, env });
    closeSync(fd);
    started.add(child);
    const ended = once(child, "exit").then(([status, signal]) => ({
      status: status as number | null,
      signal: signal as string | null,
    }));
    const text = (): string => readFileSync(file, "utf8");
    const log = (event?: string): LogLine[] => {
      const lines = text().split("\n").slice(0, -1);
      const all = lines
        .filter((line) => /^(<\d>)?\{/.test(line))
        .map((line) => JSON.parse(line.replace(/^<\d>/, "")) as LogLine);
      return event === undefined ? all : all.filter((line) => line.event === event);
    };
    await until(
      () => child.exitCode !== null || child.signalCode !== null || log("start").length > 0,
    );
    const [at = ""] = (log("start")[0]?.["listen"] as string[] | undefined) ?? [];
    const port = Number(/:(\d+)$/.exec(at)?.[1] ?? 0);
    const token = readIfThere(how.tokenFile ?? join(state, "token")).trim();
    const agent = new Agent();
    return {
      child,
      ended,
      at,
      port,
      token,
      text,
      log,
      /** An HTTP request; with the token unless the headers say otherwise. */
      get: (path: string, more: Asking = {}) => ask({ port, path, token, agent, ...more }),
      /** Every client goes, whether it has its answer or not. */
      dropClients: () => agent.destroy(),
      async stop(signal: NodeJS.Signals = "SIGTERM") {
        child.kill(signal);
        return await ended;
      },
      /** Resolves when the helper has answered for the first time. */
      healthy: () => until(() => log("helper_up").length > 0),
    };
  }

  /** What the stand-in helper has on record. */
  function audit(): AuditEntry[] {
    const lines = readIfThere(join(folder, "records.jsonl")).split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as AuditEntry);
  }

  return { folder, state, config, host, program, configure, start, audit, rows: () => rows(state) };
}

/** The ledger of a daemon that has ended. A process of its own: SQLite is in the pinned Node, not in every one. */
function rows(state: string): Record<string, unknown>[] {
  const script = `
    const { DatabaseSync } = require("node:sqlite");
    const db = new DatabaseSync(process.argv[1]);
    console.log(JSON.stringify(db.prepare("SELECT * FROM requests ORDER BY id").all()));`;
  const args = ["-e", script, join(state, "requests.sqlite")];
  const { stdout, stderr } = spawnSync(runtime(), args, { encoding: "utf8", maxBuffer: 1e8 });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>[];
}

type How = {
  host?: Partial<Host>;
  options?: Partial<DaemonOptions>;
  env?: Record<string, string>;
  /** Where its token is, if not in the state directory. */
  tokenFile?: string;
  /** Whether its log is as if the journal read it. */
  journal?: boolean;
  /** Words before the command. */
  through?: string[];
  /** Addresses that are passed to it as systemd passes sockets. */
  activate?: string[];
};

function activated(addresses: readonly string[] | undefined): string[] {
  if (addresses === undefined) return [];
  return ["perl", join(here, "activate.pl"), ...addresses, "--"];
}

/** The command that runs a daemon on a host. */
function daemonWords(host: Host, options: DaemonOptions): string[] {
  const entry = join(here, "stand-in-daemon.ts");
  return [runtime(), entry, JSON.stringify(host), JSON.stringify(options)];
}

type Asking = {
  agent?: Agent;
  port?: number;
  socketPath?: string;
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string;
  token?: string | null;
};

export function ask(asking: Asking & { path: string }): Promise<Got> {
  const { token, body, headers = {}, ...target } = asking;
  const authorization = token == null ? {} : { Authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: target.socketPath === undefined ? "127.0.0.1" : "localhost",
        ...target,
        headers: { ...authorization, ...headers },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Waits for what must come; the test's own time-out ends it where it does not. */
export async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await sleep(10);
}

function readIfThere(file: string): string {
  const there = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  return there ? readFileSync(file, "utf8") : "";
}

/** Ends what a test started and removes what it made; for afterEach. */
export async function strike(): Promise<void> {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  started.clear();
  for (const folder of folders.splice(0))
    // A helper that outlived its daemon may still be writing.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
