/** Which folder of the host a sandbox may be given. */
import { closeSync, constants, openSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export type Workspace = { folder: string; access: "read" | "write" };

export type WorkspaceFlaw =
  | { kind: "no_folder"; folder: string }
  /** `secret` is in it, above it, or it. */
  | { kind: "near_secret"; folder: string; secret: string };

/** Below the home directory: keys, tokens, and what Sallyport keeps itself. */
const HOME_SECRETS = [
  ".ssh",
  ".gnupg",
  ".aws",
  ".azure",
  ".kube",
  ".docker",
  ".config",
  ".local/state",
  ".local/share/keyrings",
  ".netrc",
  ".git-credentials",
  ".bash_history",
];

/** Of the whole host: configuration, kernel interfaces, sockets, state of services. */
const HOST_SECRETS = [
  "/boot",
  "/dev",
  "/etc",
  "/proc",
  "/root",
  "/run",
  "/sys",
  "/usr",
  "/var/lib",
  "/var/log",
  "/var/run",
  "/var/spool",
];

/**
 * The folder with no symbolic link left in its path. `home`: of whoever runs it. Secrets count whether
 * they are there or not: a folder that will have them tomorrow is refused today.
 */
export function resolveWorkspace(wish: Workspace, home = homedir()): Workspace | WorkspaceFlaw {
  const folder = realFolder(wish.folder);
  if (folder === null) return { kind: "no_folder", folder: wish.folder };
  const homes = [...new Set([home, realFolder(home) ?? home])];
  const secrets = [
    ...HOST_SECRETS,
    ...homes.flatMap((own) => HOME_SECRETS.map((name) => join(own, name))),
    ...[process.env["XDG_CONFIG_HOME"], process.env["XDG_STATE_HOME"]].filter(isAbsolutePath),
  ];
  const secret = secrets.find((path) => isWithin(path, folder) || isWithin(folder, path));
  return secret === undefined
    ? { folder, access: wish.access }
    : { kind: "near_secret", folder, secret };
}

/**
 * A descriptor of the folder that was judged, and of no other: what a name leads to can be changed between
 * the judgement and its use by whoever may write above it, a program in another sandbox for one.
 */
export function openWorkspace({ folder }: Workspace): number | WorkspaceFlaw {
  let fd: number;
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return { kind: "no_folder", folder };
  }
  if (readlinkSync(`/proc/self/fd/${fd}`) === folder) return fd;
  closeSync(fd);
  return { kind: "no_folder", folder };
}

function realFolder(path: string): string | null {
  try {
    // Of an empty name realpath makes the working directory.
    if (path === "") return null;
    const real = realpathSync(path);
    return statSync(real).isDirectory() ? real : null;
  } catch {
    return null;
  }
}

function isAbsolutePath(path: string | undefined): path is string {
  return path?.startsWith("/") === true;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
