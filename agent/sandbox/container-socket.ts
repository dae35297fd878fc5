/** Who is at the other end: whoever listens at the socket gets the code, and decides what confines it. */
import { accessSync, constants, statSync, type Stats } from "node:fs";
import type { SandboxRefusal } from "./refusal.ts";

type At = { backend: "docker" | "podman"; socket: string };

/** What is wrong with it, or null. Only a socket of root's or of this user's is connected to. */
export function socketFlaw(at: At): SandboxRefusal | null {
  let found: Stats | undefined;
  try {
    found = statSync(at.socket, { throwIfNoEntry: false });
    if (found !== undefined) accessSync(at.socket, constants.R_OK | constants.W_OK);
  } catch {
    return { ...at, kind: "socket_denied" };
  }
  if (found === undefined) return { ...at, kind: "no_socket" };
  const isTrusted = found.isSocket() && [0, process.getuid?.()].includes(found.uid);
  return isTrusted ? null : { ...at, kind: "foreign_socket" };
}
