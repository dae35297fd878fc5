/** `sallyport daemon`: refuses to start where it could do harm, serves, reloads, stops. */
import { join } from "node:path";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { asker } from "../asker.ts";
import { BUILD } from "../build.ts";
import type { Failure } from "../cli/errors.ts";
import { isRead, openClient } from "../client.ts";
import type { Host } from "../host.ts";
import { loopbackHosts } from "../mcp/http-gate.ts";
import { openEntrance, type Entrance } from "./entrance.ts";
import { httpServer, type HttpServer, type Served } from "./http-server.ts";
import { openLedger, type Ledger } from "./ledger.ts";
import { openLog, type Log } from "./log.ts";
import { openLost } from "./lost.ts";
import { openMetrics, type Metrics } from "./metrics.ts";
import { recordedClient, type RecordedClient } from "./recorded-client.ts";
import { isOfFleet, recordedOperator, type RecordedOperator } from "./recorded-operator.ts";
import { parseRequest } from "../request.ts";
import { hostSandboxes, type HostSandboxes } from "../sandbox/host-sandboxes.ts";
import { recordBy } from "../sandbox/root-record.ts";
import { openDesk } from "../workflow/desk.ts";
import { sandboxSteps } from "../workflow/sandbox-steps.ts";
import { badConfiguration } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import { listenOn, passedSockets } from "./sockets.ts";
import { readCurrent, stateDirectory, type Current, type DaemonOptions } from "./start.ts";
import { freshFor, openHealth, poll, type Polls } from "./watch.ts";

/** What a stop waits for the helper's sessions to end. */
const CLOSE_MS = 5000;

/** Serves until SIGTERM or SIGINT; null then, or why it did not start. */
export async function runDaemon(options: DaemonOptions, host: Host): Promise<Failure | null> {
  if (host.euid === 0) {
    return badConfiguration(
      "the daemon must not run as root: what agents send ends here",
      "systemctl start sallyport.socket",
    );
  }
  const state = stateDirectory(options.stateDir);
  if (typeof state !== "string") return state;
  let current = readCurrent(options, state);
  if ("cause" in current) return current;
  const now = (): Current => current as Current;

  process.umask(0o077);
  const log = openLog(now().settings.logLevel);
  process.on("uncaughtExceptionMonitor", (err) => log.fatal({ event: "bug", err }, "a bug"));
  const signals = catchSignals();
  const inner = openClient(host);
  const health = openHealth(log);
  const lost = openLost(log);
  const metrics: Metrics = openMetrics({
    restarts: () => inner.restarts(),
    ledgerWritable: () => ledger.writable(),
    helperUp: () => health.health(freshFor(pollsOf(now()))).status === "ok",
    sandboxes: () => sandboxes.health(),
  });
  const sandboxes: HostSandboxes = hostSandboxes({
    folder: state,
    by: "run_code",
    watch: metrics.sandboxed,
    report: (line) => log.info({ event: "sandbox", client: asker.getStore()?.caller }, line),
    // No request of an agent's: neither counted nor limited as one.
    record: { put: recordBy(inner) },
    say: (text) => log.warn({ event: "sandbox" }, text),
  });
  const opened = openLedger(state, {
    complain(error) {
      if (error === null) log.info({ event: "ledger" }, "requests are recorded again");
      else
        log.error({ event: "ledger", error }, "requests cannot be recorded, changes are refused");
    },
    found(left) {
      // A read that nobody was answered has changed nothing.
      const changed = left.filter(({ argv }) => {
        const request = parseRequest(isOfFleet(argv) ? argv.slice(2) : argv);
        return request !== null && !isRead(request);
      });
      if (changed.length > 0) metrics.foundUnknown(changed.length);
      lost.add(changed);
    },
  });
  if (opened === "in_use") {
    const cause = `another daemon uses ${state}`;
    return { code: "busy", cause, hint: "systemctl status sallyport", status: EXIT_STATUS.busy };
  }
  const ledger: Ledger = opened;
  const client = recordedClient(inner, {
    ledger,
    log,
    metrics,
    heard: (answer) => health.heard(answer),
  });

  const operator = recordedOperator({ ledger, log, metrics });

  const bug = (err: unknown): void => log.error({ event: "bug", err }, "a call failed by a bug");
  const entrance = openEntrance(now(), {
    client,
    operator,
    metrics,
    sandboxes,
    health: () => health.health(freshFor(pollsOf(now()))),
    observe: (call) => metrics.called(call),
    // Nobody can be asked for a password here, and where the unit says NoNewPrivileges there is no sudo.
    workflows: (limiter) =>
      openDesk({
        folder: join(state, "workflows"),
        home: "/",
        client,
        parts: { terminals: null, sandbox: sandboxSteps(sandboxes), sandboxes },
        pace: (caller, kind) => limiter.take(caller, kind),
        report: bug,
      }),
    report: bug,
  });
  const servers = await listen(entrance, now().settings, {
    served: (of) => serve(of, log, metrics),
    failed: (err) => log.error({ event: "bug", err }, "a request failed by a bug"),
  });
  if ("cause" in servers) {
    ledger.close();
    return servers;
  }
  if (now().created) log.warn({ event: "token", file: now().tokenFile }, "made a token");
  log.info(
    { event: "start", version: BUILD.version, listen: servers.map(({ at }) => at) },
    "listening",
  );

  const parts = { client, health, ledger, log, lost, metrics };
  let polling = new AbortController();
  poll(parts, pollsOf(now()), polling.signal);
  signals.onReload(() => {
    const next = readCurrent(options, state);
    if ("cause" in next) {
      log.error({ event: "reload", error: next.cause }, "not reloaded: the old settings stay");
      return;
    }
    const moved = JSON.stringify(next.settings.listen) !== JSON.stringify(now().settings.listen);
    current = next;
    log.level = next.settings.logLevel;
    entrance.renew(next);
    for (const { http } of servers) http.limit(next.settings.limits);
    polling.abort();
    polling = new AbortController();
    poll(parts, pollsOf(next), polling.signal);
    if (moved) log.warn({ event: "reload" }, "listen changes with the next start only");
    log.info({ event: "reload" }, "reloaded");
  });

  const signal = await signals.stop;
  log.info({ event: "stop", signal, pending: client.pending() + operator.pending() }, "stopping");
  polling.abort();
  // What runs of workflows is cancelled; what the helper has begun for one, it finishes.
  const ended = entrance.endRuns().catch(bug);
  await stop(servers, { entrance, client, operator }, now().settings.limits.stopSeconds, log);
  await Promise.race([ended, new Promise((late) => setTimeout(late, CLOSE_MS).unref())]);
  await sandboxes.close();
  ledger.close();
  log.info({ event: "stopped" }, "stopped");
  return null;
}

function pollsOf({ settings }: Current): Polls {
  return { healthSeconds: settings.healthPollSeconds, auditSeconds: settings.auditPollSeconds };
}

/** From here on a signal ends nothing by itself; what comes before somebody listens is not lost. */
function catchSignals(): { stop: Promise<string>; onReload(reload: () => void): void } {
  let act: (() => void) | null = null;
  let early = false;
  process.on("SIGHUP", () => (act === null ? (early = true) : act()));
  return {
    stop: new Promise((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, resolve);
    }),
    onReload(reload) {
      act = reload;
      if (early) reload();
    },
  };
}

type Listening = { http: HttpServer; at: string }[];

async function listen(
  entrance: Entrance,
  settings: Settings,
  hear: Parameters<typeof httpServer>[2],
): Promise<Listening | Failure> {
  const passed = passedSockets();
  const servers: Listening = [];
  for (const where of passed.length > 0 ? passed : [settings.listen]) {
    const http = httpServer(entrance.routes, settings.limits, hear);
    const at = await listenOn(http.server, where);
    if ("cause" in at) {
      await Promise.all(servers.map((other) => other.http.stop(0)));
      return at;
    }
    const { name, port } = at;
    // Before the first request is read: it may have been waiting in a passed socket.
    entrance.serve(port === null ? ["localhost"] : [...loopbackHosts(port), name]);
    servers.push({ http, at: name });
  }
  return servers;
}

/** What was refused is worth a line; what the helper was asked for has one already. */
function serve({ path, method, status, durationMs }: Served, log: Log, metrics: Metrics): void {
  metrics.served(path, status);
  const level = status >= 400 && path !== "healthz" ? "warn" : "debug";
  log[level]({ event: "http", method, path, status, durationMs: Math.round(durationMs) }, path);
}

/** Within `seconds`, then without those that are not done: their rows stay open, for the next start to report. */
async function stop(
  servers: Listening,
  parts: { entrance: Entrance; client: RecordedClient; operator: RecordedOperator },
  seconds: number,
  log: Log,
): Promise<void> {
  const { entrance, client, operator } = parts;
  const timeUp = new Promise<"late">((late) => setTimeout(late, seconds * 1000, "late").unref());
  const answered = Promise.all(servers.map(({ http }) => http.stop(seconds)));
  // Whoever asked may have gone; the helper is at work all the same.
  const asked = Promise.all([client.quiet(), operator.stop()]).then(() => entrance.close());
  await Promise.race([Promise.all([answered, asked]), timeUp]);
  const pending = client.pending() + operator.pending();
  if (pending > 0) log.error({ event: "stop", pending }, "stopping without their answers");
  await answered;
  const closing = client.close();
  await Promise.race([closing, new Promise((late) => setTimeout(late, CLOSE_MS).unref())]);
}
