/** Who this process is, where it runs, and the environment that its steps get. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import type { Surroundings } from "./plan.ts";

/** `cwd`: where steps run that do not say it. */
export function thisPlace(cwd: string): Surroundings {
  const { uid, username } = userInfo();
  return {
    user: { uid, name: username },
    host: { name: hostname(), machine: machine() },
    cwd,
  };
}

/** machine-id(5) asks not to be shown as it is. */
function machine(): string {
  let id = "";
  try {
    id = readFileSync("/etc/machine-id", "utf8").trim();
  } catch {}
  return createHash("sha256").update(`sallyport workflow\n${id}`).digest("hex").slice(0, 16);
}

/** Written out in full: nothing of this process's own environment reaches a step. */
export function stepEnvironment(): Record<string, string> {
  const { homedir, username } = userInfo();
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: homedir,
    USER: username,
    LOGNAME: username,
    SHELL: "/bin/sh",
    LANG: "C.UTF-8",
  };
}
