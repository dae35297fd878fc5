/** How the helper is reached: as root itself, by systemd's socket, or by sudo. */
import { once } from "node:events";
import { accessSync, constants, existsSync } from "node:fs";
import { connect } from "node:net";
import type { ClientFailure } from "./client.ts";
import { diagnose } from "./diagnose.ts";
import { installedHelpers, noNewPrivs, otherElevator, type Host } from "./host.ts";
import { startProgram } from "./run-program.ts";
import { openSession, type Session } from "./session.ts";

/** Seconds for sudo's own stalls (10 s where the host's name cannot be resolved), and to start. */
const OPENING_SECONDS = 60;

/** The program that becomes the helper when the helper's words follow, or why there is none. */
export function helperProgram(
  host: Host,
): { file: string; args: string[]; helper: string } | ClientFailure {
  const root = host.euid === 0;
  const missing = root ? null : sudoFailure(host);
  if (missing !== null) return missing;
  const helper = installedHelpers(host)[0];
  if (helper === undefined) return { kind: "not_set_up", uid: host.uid };
  if (root) return { file: helper, args: [], helper };
  if (noNewPrivs(host)) return { kind: "no_new_privs" };
  return { file: host.sudo, args: ["-n", "--", helper], helper };
}

/** Why sudo cannot be called on this host, or null. */
export function sudoFailure(host: Host): ClientFailure | null {
  if (existsSync(host.sudo)) return null;
  const found = otherElevator(host);
  return found === null ? { kind: "sudo_missing" } : { kind: "unsupported_elevator", found };
}

/** A new session with the helper, by the socket where this user may connect to it, else by sudo. */
export async function reachHelper(host: Host): Promise<Session | ClientFailure> {
  const bySocket = host.euid === 0 ? null : await sessionBySocket(host);
  if (bySocket !== null && !("code" in bySocket)) return bySocket;
  const program = helperProgram(host);
  // Where sudo cannot work either, the socket's obstacle is the one to remove.
  if ("kind" in program)
    return bySocket === null ? program : { kind: "socket_refused", code: bySocket.code };
  const { input, output, ended } = startProgram(program.file, [...program.args, "session"]);
  const session = await openSession({ input, output }, OPENING_SECONDS);
  if (session !== null)
    return "reason" in session ? { kind: "bad_reply", reason: session.reason } : session;
  const end = await ended;
  if ("code" in end)
    return { kind: "bad_reply", reason: `${program.file} could not be started (${end.code})` };
  if (host.euid !== 0 && end.status === 1) return await diagnose(host, program.helper, end.stderr);
  return { kind: "bad_reply", reason: `it ended with status ${end.status ?? "none"}` };
}

/** Whether this user may connect to systemd's socket, if there is one. */
export function mayConnect(host: Host): boolean {
  try {
    accessSync(host.socket, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Null where there is no socket; `code` (as in errno(3)) where it does not let this user in. */
export async function sessionBySocket(host: Host): Promise<Session | { code: string } | null> {
  if (!existsSync(host.socket)) return null;
  const socket = connect(host.socket);
  try {
    await once(socket, "connect");
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? "unknown" };
  }
  const session = await openSession({ input: socket, output: socket }, OPENING_SECONDS);
  if (session !== null && !("reason" in session)) return session;
  socket.destroy();
  return { code: "no session" };
}
