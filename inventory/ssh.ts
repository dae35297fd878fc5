/** Which of the two transports reaches a host: SSH in this process, or OpenSSH's program where that cannot. */
import { openSshTransport } from "./openssh.ts";
import { ssh2Transport } from "./ssh2.ts";
import type { AskPassphrase } from "./key-files.ts";
import type { Connecting, SshChoice, Transport } from "./transport.ts";

export type SshOptions = {
  choice: SshChoice;
  /** Pin the key of a host that was never seen; one that has changed is refused all the same. */
  acceptNew: boolean;
  askPassphrase: AskPassphrase;
  /** Told once for a host that only OpenSSH can reach, and why. */
  aside: (name: string, why: string) => void;
};

/** Until a connection is there, and for each step from there to a command that runs. */
const [CONNECT_SECONDS, PHASE_SECONDS] = [3, 30];

export function sshTransport({ choice, acceptNew, askPassphrase, aside }: SshOptions): Transport {
  const openSsh = openSshTransport({ acceptNew });
  if (choice === "openssh") return openSsh;
  const ssh2 = ssh2Transport({
    acceptNew,
    askPassphrase,
    connectSeconds: CONNECT_SECONDS,
    phaseSeconds: PHASE_SECONDS,
  });
  const known = new Set<string>();
  return {
    connect: async (target): Promise<Connecting> => {
      if (known.has(target.name)) return await openSsh.connect(target);
      const found = await ssh2.connect(target);
      if (found.kind !== "aside") return found;
      const { why } = found;
      if (choice === "ssh2")
        return { kind: "unreachable", reason: `${why}: --transport openssh can do it` };
      known.add(target.name);
      aside(target.name, why);
      return await openSsh.connect(target);
    },
    close: async () => {
      await Promise.all([ssh2.close(), openSsh.close()]);
    },
  };
}
