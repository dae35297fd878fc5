/** What ssh_config(5) says of a host: nobody but ssh(1) itself knows all its rules. */
import { execFile } from "node:child_process";
import { homedir, userInfo } from "node:os";
import { promisify } from "node:util";
import { readSshSettings, type SshSettings } from "./ssh-settings.ts";
import type { SshTarget } from "./transport.ts";

const SSH = "/usr/bin/ssh";
const SECONDS = 10;

/** Every word of a target is behind an option or `--`, and was checked when the inventory was read. */
export function sshArguments({ address, port, user, identityFile, proxy }: Omit<SshTarget, "name">): string[] {
  const options = [
    ...(port === null ? [] : [`Port=${port}`]),
    ...(user === null ? [] : [`User=${user}`]),
    ...(identityFile === null ? [] : [`IdentityFile=${identityFile}`, "IdentitiesOnly=yes"]),
    ...(proxy?.kind === "jump" ? [`ProxyJump=${proxy.hops.join(",")}`] : []),
    ...(proxy?.kind === "command" ? [`ProxyCommand=${proxy.command}`] : []),
  ];
  return ["-T", ...options.flatMap((option) => ["-o", option]), "--", address];
}

/** Throws where ssh(1) is not there or its configuration is broken. */
export async function askSsh(target: Omit<SshTarget, "name">): Promise<SshSettings> {
  const { stdout } = await promisify(execFile)(SSH, ["-G", ...sshArguments(target)], {
    cwd: "/",
    env: { ...process.env, LC_ALL: "C" },
    timeout: SECONDS * 1000,
    maxBuffer: 1 << 20,
  });
  return readSshSettings(stdout, { home: homedir(), user: userInfo().username, env: process.env });
}
