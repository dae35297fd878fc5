/** Every way in which nothing is run. */
import { readFileSync } from "node:fs";
import type { BackendName } from "./backend.ts";
import type { Examined } from "./examine.ts";
import type { Inexact, Language } from "./profile.ts";
import type { WorkspaceFlaw } from "./workspace.ts";

export type SandboxRefusal =
  /** As root a sandbox's files and processes would be root's. */
  | { kind: "is_root" }
  | { kind: "no_backend" }
  /** There is no filter of system calls for this machine. */
  | { kind: "machine"; machine: string }
  | { kind: "no_interpreter"; language: Language }
  /** User namespaces are switched off, or AppArmor keeps them from bubblewrap. */
  | { kind: "namespaces_blocked"; by: "apparmor" | "kernel"; said: string }
  /** Within another container whose /proc has parts covered. */
  | { kind: "proc_blocked"; said: string }
  /** It did not come as far as the program, for some other reason; bubblewrap's words. */
  | { kind: "not_started"; said: string }
  /** It came up with less than was asked for. The program was not started. */
  | { kind: "not_confined"; gaps: readonly string[] }
  /** Limits that this host cannot hold exactly, and the profile wants so. */
  | { kind: "inexact"; backend: BackendName; limits: readonly Inexact[] }
  | ContainerRefusal
  | { kind: "variable"; name: string }
  | { kind: "no_command" }
  /** For what is in its text, by the rules about code. */
  | { kind: "code_refused"; language: Language; examined: Examined }
  /** The settings of this host are not right; no others are taken in their place. */
  | { kind: "settings"; flaw: string; hint: string | null }
  /** The program's text, the variables or the words are longer than can be handed over. */
  | { kind: "too_long" }
  | WorkspaceFlaw
  /** As many as may run at once do, and as many wait. */
  | { kind: "queue_full"; running: number; waiting: number };

type At = { backend: "docker" | "podman"; socket: string };

export type ContainerRefusal = At &
  (
    | { kind: "no_socket" }
    /** It is neither root's nor this user's: whoever listens there would be given the code. */
    | { kind: "foreign_socket" }
    | { kind: "socket_denied" }
    /** Nobody listens. */
    | { kind: "no_daemon"; said: string }
    /** Null: the settings name none. */
    | { kind: "no_image"; image: string | null }
    | { kind: "container_failed"; said: string }
  );

/** Why there is no container, from what its daemon says; with no `status` it is the socket that says it. */
export function containerRefusal(
  at: At,
  image: string,
  { status, code, message }: { status: number; code: string; message: string },
): SandboxRefusal {
  if (code === "EACCES" || code === "EPERM") return { ...at, kind: "socket_denied" };
  if (code !== "") return { ...at, kind: "no_daemon", said: message };
  if (status === 404 && /image/i.test(message)) return { ...at, kind: "no_image", image };
  return { ...at, kind: "container_failed", said: message };
}

/** Why it did not start, from what bubblewrap says. */
export function startRefusal(said: string): SandboxRefusal {
  if (NAMESPACES_BLOCKED.test(said)) {
    return { kind: "namespaces_blocked", by: appArmorRestricts() ? "apparmor" : "kernel", said };
  }
  if (said.includes("Can't mount proc")) return { kind: "proc_blocked", said };
  return { kind: "not_started", said };
}

const NAMESPACES_BLOCKED =
  /No permissions to creat|Creating new namespace failed|uid map: Permission denied|loopback: Failed RTM_NEWADDR/;

/** Ubuntu from 23.10 on. */
function appArmorRestricts(): boolean {
  try {
    const file = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    return readFileSync(file, "latin1").trim() === "1";
  } catch {
    return false;
  }
}
