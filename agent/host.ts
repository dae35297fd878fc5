/** What the unprivileged side looks at on a host; tests put their own in its place. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { COMMAND_LINE_NAMES, HELPER_PATHS } from "../sudoers/helper-path.ts";
import { BUILD } from "./build.ts";

export type Host = {
  /** Effective and real user id of this process; the real one is what sudo goes by. */
  euid: number;
  uid: number;
  sudo: string;
  /** Where systemd starts a session of the helper for whoever may connect. */
  socket: string;
  /** Where systemd's unit for it may be. */
  socketUnits: readonly string[];
  /** Programs like sudo that Sallyport does not speak to. */
  otherElevators: readonly string[];
  /** Where a helper may be installed, in order of preference. */
  helpers: readonly string[];
  /** What `sudo sallyport` may run, in the order in which sudo looks. */
  commandLines: readonly string[];
  /** Directory of the rules. */
  rules: string;
  /** `status` of this process in proc(5). */
  processStatus: string;
  /** Lowercase hex, null when this command line was not built together with a helper. */
  helperSha256: string | null;
};

export function thisHost(): Host {
  return {
    euid: process.geteuid?.() ?? -1,
    uid: process.getuid?.() ?? -1,
    sudo: "/usr/bin/sudo",
    socket: "/run/sallyport-helper.sock",
    socketUnits: ["/etc", "/usr/lib", "/lib"].map(
      (top) => `${top}/systemd/system/sallyport-helper.socket`,
    ),
    otherElevators: ["/usr/bin/doas", "/usr/local/bin/doas", "/usr/bin/run0"],
    helpers: HELPER_PATHS,
    commandLines: COMMAND_LINE_NAMES,
    rules: "/etc/sudoers.d",
    processStatus: "/proc/self/status",
    helperSha256: BUILD.helperSha256,
  };
}

/** The helpers that are there, in order of preference. */
export function installedHelpers(host: Host): string[] {
  return host.helpers.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
}

/** The first program like sudo that is there, where sudo is not. */
export function otherElevator(host: Host): string | null {
  return host.otherElevators.find((path) => existsSync(path)) ?? null;
}

/** Whether the kernel will ignore sudo's set-user-ID bit for this process (prctl(2), PR_SET_NO_NEW_PRIVS). */
export function noNewPrivs(host: Host): boolean {
  return /^NoNewPrivs:\t1$/m.test(readFileSync(host.processStatus, "utf8"));
}
