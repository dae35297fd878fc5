/** The sockets it is reached by: those systemd passes (sd_listen_fds(3)), or one of its own. */
import { once } from "node:events";
import { lstatSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import type { Failure } from "../cli/errors.ts";
import { isLoopback, type Listen } from "./address.ts";
import { badConfiguration } from "./refusal.ts";

const FIRST_FD = 3;
const FDS_MAX = 8;

/**
 * The descriptors that systemd passed to this very process; empty where it passed none.
 * Takes the variables away, so that no child takes them for its own.
 */
export function passedSockets(): number[] {
  const { LISTEN_PID: pid, LISTEN_FDS: fds } = process.env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete process.env[name];
  const count = Number(fds);
  if (pid !== String(process.pid) || !Number.isInteger(count) || count < 1) return [];
  return Array.from({ length: Math.min(count, FDS_MAX) }, (_, index) => FIRST_FD + index);
}

/** What it listens on, in words; `port` is null on a unix socket. */
export type Listening = { name: string; port: number | null };

/** Has `server` listen on a passed descriptor or an address, or says why it does not. */
export async function listenOn(
  server: Server,
  where: number | Listen,
): Promise<Listening | Failure> {
  if (typeof where !== "number" && where.kind === "unix") await removeStale(where.path);
  const umask = process.umask(0o117); // a unix socket is its owner's and its group's from the start
  try {
    if (typeof where === "number") server.listen({ fd: where });
    else if (where.kind === "unix") server.listen({ path: where.path });
    else server.listen({ host: where.address, port: where.port });
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, "listening");
  } catch (error) {
    return notListening(where, (error as NodeJS.ErrnoException).code ?? String(error));
  }
  const address = server.address();
  if (address === null || typeof address === "string") {
    return { name: `unix:${address ?? "passed"}`, port: null };
  }
  if (!isLoopback(address.address)) {
    server.close();
    return badConfiguration(
      `the socket that was passed listens on ${address.address}, which is not a loopback address`,
      "systemctl cat sallyport.socket",
    );
  }
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return { name: `${name}:${address.port}`, port: address.port };
}

function notListening(where: number | Listen, code: string): Failure {
  const name =
    typeof where === "number"
      ? `the passed descriptor ${where}`
      : where.kind === "unix"
        ? where.path
        : `${where.address}:${where.port}`;
  if (code === "EADDRINUSE") {
    const cause = `something else listens on ${name}`;
    return { code: "unavailable", cause, hint: "ss -xtlp", status: EXIT_STATUS.unavailable };
  }
  return badConfiguration(`cannot listen on ${name} (${code})`, null);
}

/** A socket file that a killed daemon left is in the way; one that somebody listens on stays. */
async function removeStale(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const probe = connect({ path });
  const stale = await once(probe, "connect").then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED",
  );
  probe.destroy();
  if (stale) rmSync(path, { force: true });
}
