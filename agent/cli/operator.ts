/** `sallyport operator`: what agents may ask of many hosts, by an operator's own SSH, while that operator lets them. */
import { rmdirSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { select } from "../../inventory/select.ts";
import type { InventoryHost } from "../../inventory/target.ts";
import type { SshChoice, Transport } from "../../inventory/transport.ts";
import { readListen } from "../daemon/address.ts";
import { openLog, type Log } from "../daemon/log.ts";
import { badConfiguration } from "../daemon/refusal.ts";
import { listenOn } from "../daemon/sockets.ts";
import { escapeLine } from "../escape.ts";
import { folderFlaw, usualSocket } from "../operator/place.ts";
import { operatorServer, type Answering } from "../operator/serve.ts";
import { refusedReply, type OperatorReply, type OperatorRequest } from "../operator/wire.ts";
import { argvOf } from "../request.ts";
import { chosenHosts } from "./chosen-hosts.ts";
import type { Failure } from "./errors.ts";
import { askFleet } from "./fleet-run.ts";
import { questionOf } from "./fleet-request.ts";
import type { HostOptions } from "./host-options.ts";
import { openSsh } from "./ssh.ts";
import { answerGroups, hostGroups, reasons } from "./operator-answers.ts";

export type OperatorOptions = HostOptions & { listen?: string; transport: SshChoice };

/** Serves until SIGTERM or SIGINT; null then, or why it did not start. */
export async function runOperator(
  options: OperatorOptions,
  transport = (): Transport => operatorSsh(options.transport),
): Promise<Failure | null> {
  const given = options.listen ?? usualSocket(process.env);
  const listen =
    given === null ? { flaw: "there is no usual place for its socket" } : readListen(given);
  if ("flaw" in listen) return badConfiguration(listen.flaw, "sallyport operator --listen PATH");
  if (listen.kind !== "unix")
    return badConfiguration("it listens on a unix socket only", "sallyport operator --listen PATH");
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0)
    return badConfiguration(
      "the operator's process must not run as root: it is a person's, with that person's keys",
      "sallyport operator --help",
    );
  const hosts = await chosenHosts(options);
  if ("cause" in hosts) return hosts;
  const made = !existsSync(dirname(listen.path));
  const flaw = folderFlaw(listen.path, uid);
  if (flaw !== null) return badConfiguration(flaw, null);

  const log = openLog("info");
  const { server, stop } = operatorServer({
    answer: answering(hosts, transport, log),
    refused: (message) =>
      log.warn({ event: "malformed", message: escapeLine(message) }, "no request"),
    report: (err) => log.error({ event: "bug", err }, "a request failed by a bug"),
  });
  const asked = stopSignal();
  const at = await listenOn(server, listen);
  if ("cause" in at) return at;
  log.info({ event: "start", listen: at.name, hosts: hosts.length }, "listening");
  const signal = await asked;
  log.info({ event: "stop", signal }, "stopping: hosts under way are finished, no other is begun");
  await stop(); // Node removes the socket
  if (made) removeFolder(dirname(listen.path));
  log.info({ event: "stopped" }, "stopped");
  return null;
}

/** Nobody is asked for a passphrase: who calls is an agent, and the keys are in the operator's own agent. */
function operatorSsh(transport: SshChoice): Transport {
  return openSsh({ transport, acceptNew: false, input: false }).transport;
}

/** A second signal does not wait for hosts under way. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let before = false;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
      process.on(signal, () => {
        if (before) process.exit(130);
        before = true;
        resolve(signal);
      });
  });
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {} // somebody else has put something in it
}

function answering(
  hosts: readonly InventoryHost[],
  transport: () => Transport,
  log: Log,
): Answering {
  return async (request, stopped) => {
    const began = performance.now();
    const { caller, tool } = request.for ?? { caller: "unnamed", tool: "none" };
    const line = {
      event: "request",
      client: escapeLine(caller),
      tool: escapeLine(tool),
      on: request.on,
      argv: request.ask === "hosts" ? [] : argvOf(request.argv).map(escapeLine),
    };
    const { reply, more } = await replyTo(request, hosts, { transport, stopped });
    const durationMs = Math.round(performance.now() - began);
    const code = reply.kind === "refused" ? reply.code : "answered";
    log.info({ ...line, code, ...more, durationMs }, request.ask);
    return reply;
  };
}

type How = { transport: () => Transport; stopped: () => boolean };

/** `more`: what only the operator is told. */
async function replyTo(
  request: OperatorRequest,
  hosts: readonly InventoryHost[],
  { transport, stopped }: How,
): Promise<{ reply: OperatorReply; more: object }> {
  // Among the hosts that the operator has chosen: what is beyond them is as if it were not.
  const targets = select(hosts, request.on);
  if (!Array.isArray(targets) || targets.length === 0)
    return { reply: refusedReply("no_host", "the pattern selects no host"), more: {} };
  if (request.ask === "hosts")
    return {
      reply: { v: 1, kind: "hosts", groups: hostGroups(targets) },
      more: { hosts: targets.length },
    };
  const opened = transport();
  try {
    const answers = await askFleet(questionOf(request.argv), {
      targets,
      transport: opened,
      stopped,
    });
    const bad = answers.filter(({ code }) => code !== null).length;
    return {
      reply: { v: 1, kind: "answers", answers: answerGroups(answers) },
      more: { hosts: targets.length, bad, reasons: reasons(answers) },
    };
  } finally {
    await opened.close();
  }
}
