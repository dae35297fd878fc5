/** A lab host as several: each is a place of its own with an sshd of its own, on a port of 127.0.0.1. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { inject } from "vitest";
import { inPlace, NOTHING_SET_UP } from "../attack/place.ts";
import { arrange, arrangeScript, start, type Host } from "../lab/host.ts";

export type Server = { place: Host; port: number; hostKey: string };

/** What a place has of its own in /etc/ssh/own_more counts first. */
const SSHD = `Include /etc/ssh/own_more*
HostKey /etc/ssh/own_key
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication no
PidFile /etc/ssh/own_pid
`;

/** Places with servers from `port` on; `lines` for sh(1) arrange each one, by its number from 0. */
export async function withServers(
  host: Host,
  port: number,
  lines: readonly string[],
  visit: (servers: Server[]) => Promise<void>,
  servers: Server[] = [],
): Promise<void> {
  const own = lines[servers.length];
  if (own === undefined) return await visit(servers);
  await inPlace(host, `${NOTHING_SET_UP}${own}`, async (place) => {
    const here = port + servers.length;
    const config = `${SSHD}Port ${here}\n`;
    await arrangeScript(
      place,
      `ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/own_key
cat >/etc/ssh/own_config <<'END'
${config}END`,
    );
    const hostKey = (await arrange(place, "cat", "/etc/ssh/own_key.pub")).split(" ").slice(0, 2);
    const sshd = start(place, "root", ["/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/own_config"]);
    const ended = once(sshd, "close");
    if (sshd.stderr !== null) await once(sshd.stderr, "data"); // it listens
    try {
      const server = { place, port: here, hostKey: hostKey.join(" ") };
      await withServers(host, port, lines, visit, [...servers, server]);
    } finally {
      await arrangeScript(place, "kill $(cat /etc/ssh/own_pid)");
      await ended;
    }
  });
}

/** A place from which `ops` reaches others: with the lab's key, and a known_hosts of these lines. */
export async function asOperator(
  host: Host,
  knownHosts: readonly string[],
  visit: (place: Host) => Promise<void>,
): Promise<void> {
  const lines = `${NOTHING_SET_UP}mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops
install -d -m 700 -o ops -g ops /home/ops/.ssh
`;
  await inPlace(host, lines, async (place) => {
    const home = `/proc/${place.pid}/root/home/ops/.ssh`;
    writeFileSync(`${home}/id_ed25519`, readFileSync(inject("lab")?.key ?? ""), { mode: 0o600 });
    writeFileSync(`${home}/known_hosts`, knownHosts.map((line) => `${line}\n`).join(""));
    await arrange(place, "chown", "-R", "ops:ops", "/home/ops/.ssh");
    await visit(place);
  });
}

export const pin = ({ port, hostKey }: Server): string => `[127.0.0.1]:${port} ${hostKey}`;
