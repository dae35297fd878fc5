/** Whether ssh_config(5) tells hosts apart at all: most do not, and then one answer of `ssh -G` is good for all. */
import { readFileSync } from "node:fs";
import type { SshTarget } from "./transport.ts";

/** What `ssh -G` would print for another target; null where only ssh(1) can tell. */
export type Answer = (target: Pick<SshTarget, "address" | "port">) => string | null;

/** ssh(1) takes these as they are. */
const PLAIN_ADDRESS = /^[a-z0-9][a-z0-9.:-]*$/;

/**
 * `stdout`, `stderr`: of `ssh -v -G`, which names the files that it read, for `target`.
 * Null where another address could mean other settings.
 */
export function answerForAll(
  stdout: string,
  stderr: string,
  { address, port }: Pick<SshTarget, "address" | "port">,
): Answer | null {
  const files = [...stderr.matchAll(/^debug1: Reading configuration data (.+?)\r?$/gm)];
  if (files.length === 0 || !files.every(([, file = ""]) => tellsNoHostsApart(file))) return null;
  if (!PLAIN_ADDRESS.test(address) || !/^canonicalizehostname (?:no|false)$/m.test(stdout))
    return null;
  const rest = stdout.replace(/^host .*\n/m, "").replace(`hostname ${address}\n`, "");
  if (rest.includes(address) || /^hostname /m.test(rest)) return null;
  if (port !== null && !rest.includes(`\nport ${port}\n`)) return null;
  return (other) =>
    PLAIN_ADDRESS.test(other.address) && !rest.includes(other.address)
      ? `hostname ${other.address}\n${other.port === null ? rest : rest.replace(/^port .*$/m, `port ${other.port}`)}`
      : null;
}

/** Broader than ssh(1) reads it: what looks like a section is taken for one. */
function tellsNoHostsApart(file: string): boolean {
  try {
    const sections = readFileSync(file, "utf8").match(/^[\s"]*(?:host|match)\b.*$/gim) ?? [];
    return sections.every((line) => /^\s*host\s+\*\s*$/i.test(line));
  } catch {
    return false;
  }
}
