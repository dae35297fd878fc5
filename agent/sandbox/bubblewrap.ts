/** The words that bubblewrap is started with: everything that a sandbox is, in one list. */
import { lstatSync, readlinkSync, existsSync } from "node:fs";
import type { Profile } from "./profile.ts";
import type { Workspace } from "./workspace.ts";

export const BWRAP = "/usr/bin/bwrap";

/** Descriptors that bubblewrap is given; `ready` is the only one that gets inside, and is closed there. */
export const FD = {
  ready: 3,
  words: 4,
  filter: 5,
  users: 6,
  program: 7,
  status: 8,
  workspace: 9,
} as const;

/** Inside; outside it is the caller's own. */
const SANDBOX_UID = 1001;
export const USERS = `sandbox:x:${SANDBOX_UID}:${SANDBOX_UID}::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n`;

export type Inside = {
  profile: Profile;
  /** Names are `isVariable`. */
  env: Readonly<Record<string, string>>;
  /** Where descriptor `program` is to be a file; null for a command. */
  programFile: string | null;
  workspace: Workspace | null;
  argv: readonly string[];
};

/**
 * In the order in which bubblewrap does them. They go through a descriptor, not argv: values of variables
 * are not for everybody who can see the process. --disable-userns is not there: it has to write to the
 * host's /proc/sys, which in containers is read-only; the filter denies user namespaces everywhere.
 */
export function bubblewrapWords(inside: Inside): string[] {
  const { profile, programFile, workspace, env } = inside;
  const tmpBytes = profile.tmpMiB * 1_048_576;
  return [
    ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"],
    ["--unshare-cgroup-try"],
    ["--uid", String(SANDBOX_UID), "--gid", String(SANDBOX_UID), "--hostname", "sandbox"],
    ["--cap-drop", "ALL", "--new-session", "--die-with-parent"],
    ["--json-status-fd", String(FD.status), "--seccomp", String(FD.filter)],
    ["--ro-bind", "/usr", "/usr"],
    ...TOP_FOLDERS.map(topFolder),
    ...SYSTEM_FILES.map((path) => ["--ro-bind-try", path, path]),
    ["--ro-bind-data", String(FD.users), "/etc/passwd"],
    ["--proc", "/proc"],
    ...HIDDEN_IN_PROC.filter((path) => existsSync(path)).map(hide),
    // /dev/full reads as zeros and cannot be mapped: see MAP_SHARED in seccomp-rules.ts.
    ["--dev", "/dev", "--dev-bind", "/dev/full", "/dev/zero"],
    ["--size", String(Math.ceil(tmpBytes / 4)), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"],
    ["--size", String(tmpBytes), "--tmpfs", "/tmp"],
    programFile === null ? [] : ["--ro-bind-data", String(FD.program), programFile],
    workspaceWords(workspace),
    ["--remount-ro", "/"],
    ["--chdir", workspace === null ? "/tmp" : "/workspace"],
    ["--clearenv"],
    ...Object.entries({ ...ENVIRONMENT, ...env }).map((pair) => ["--setenv", ...pair]),
  ].flat();
}

/** Bubblewrap's own, in words that everybody on the host can see: of a program's text nothing is in them. */
export function commandWords({ profile, argv }: Inside): string[] {
  return [...FIRST_WORDS, ...limits(profile).map(String), ...argv];
}

export const ENVIRONMENT = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/tmp",
  USER: "sandbox",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
};

/** Variables that act on a program before its first line: on ours, which start it, too. */
const LOADED_EARLY =
  /^(LD_|GLIBC_|GCONV_|MALLOC_|BASH|ENV$|LOCPATH$|NLSPATH$|IFS$|PS4$|SHELLOPTS$)/;

/** Whether a variable may be given to what runs in a sandbox. */
export function isVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && !LOADED_EARLY.test(name);
}

/**
 * Runs inside, before the program, and waits until what confines it has been looked at (confinement.ts).
 * Limits are set here, where processes are counted for this sandbox alone. Processes: -p in dash and
 * busybox, -u in bash, where -p is something else and fails.
 */
const LAUNCHER = `ulimit -c 0 && ulimit -S -t "$1" && ulimit -H -t "$(($1 + 1))" &&
ulimit -n "$2" && ulimit -f "$3" && ulimit -s "$4" && ulimit -d "$5" && { ulimit -p "$6" || ulimit -u "$6"; } 2>/dev/null && shift 6 &&
echo ready >&3 && read -r answer <&3 && [ "$answer" = go ] && exec 3>&- && exec "$@"`;

/** By these a process of bubblewrap's is known as one of ours. */
export const FIRST_WORDS = ["--args", String(FD.words), "--", "/bin/sh", "-c", LAUNCHER, "sandbox"];

const TOP_FOLDERS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** Most distributions have merged them into /usr; Alpine and others have not. */
function topFolder(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isSymbolicLink()
    ? ["--symlink", readlinkSync(path), path]
    : ["--ro-bind", path, path];
}

/** All of /etc that programs need to start; nothing about this host in them but its time zone. */
const SYSTEM_FILES = ["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/mime.types"];

/** What docker hides, too, and the names of keys. */
const HIDDEN_IN_PROC = ["/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list"];

function hide(path: string): string[] {
  return ["--ro-bind", "/dev/null", path];
}

function workspaceWords(workspace: Workspace | null): string[] {
  if (workspace === null) return [];
  const bind = workspace.access === "read" ? "--ro-bind-fd" : "--bind-fd";
  return [bind, String(FD.workspace), "/workspace"];
}

/** In the order and the units of the launcher: seconds, a number, blocks of 512 bytes, KiB, KiB, a number. */
function limits(profile: Profile): number[] {
  return [
    cpuSecondsOf(profile),
    profile.openFiles,
    profile.tmpMiB * 2048,
    STACK_KIB,
    profile.processMiB * 1024,
    // One of them is bubblewrap's own.
    profile.processes + 1,
  ];
}

export const STACK_KIB = 8192;

/** Of each process: what its share of the wall clock comes to. */
export function cpuSecondsOf({ cpus, seconds }: Profile): number {
  return Math.max(1, Math.ceil(cpus * seconds));
}
