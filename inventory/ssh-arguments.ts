/** How ssh(1) is told of a target. */
import type { SshTarget } from "./transport.ts";

export const SSH = "/usr/bin/ssh";

/** Every word of a target is behind an option or `--`, and was checked when the inventory was read. */
export function sshArguments({
  address,
  port,
  user,
  identityFile,
  proxy,
}: Omit<SshTarget, "name">): string[] {
  const options = [
    ...(port === null ? [] : [`Port=${port}`]),
    ...(user === null ? [] : [`User=${user}`]),
    ...(identityFile === null
      ? []
      : [`IdentityFile=${oneWord(identityFile)}`, "IdentitiesOnly=yes"]),
    ...(proxy?.kind === "jump" ? [`ProxyJump=${proxy.hops.join(",")}`] : []),
    ...(proxy?.kind === "command" ? [`ProxyCommand=${proxy.command}`] : []),
  ];
  return ["-T", ...options.flatMap((option) => ["-o", option]), "--", address];
}

/** An option's value is split into words, as ssh_config(5) says of quotes. */
function oneWord(text: string): string {
  return /[\s"'\\]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&")}"` : text;
}
