/**
 * A transport without SSH, into the hosts of the lab: for what is not about SSH. It starts the same text in the
 * login shell of the same user. The real ones are tested in transport tests of their own.
 */
import { once } from "node:events";
import type { Connecting, SshTarget, Transport } from "../../inventory/transport.ts";
import { REMOTE_COMMAND } from "../../inventory/transport.ts";
import { start, type Host, type User } from "../lab/host.ts";

export function directTransport(hosts: ReadonlyMap<string, Host>, user: User = "ops"): Transport {
  return {
    connect: async ({ name }: SshTarget): Promise<Connecting> => {
      const host = hosts.get(name);
      if (host === undefined) return { kind: "unreachable", reason: "no such host" };
      return {
        kind: "connected",
        connection: {
          via: "ssh2",
          newPins: [],
          start: async () => {
            const child = start(host, user, ["/bin/sh", "-c", REMOTE_COMMAND]);
            const { stdin, stdout, stderr } = child;
            if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
            const ended = once(child, "close").then(([status]) => status as number | null);
            return { stdin, stdout, stderr, ended };
          },
          isOpen: () => true,
          close: async () => {},
        },
      };
    },
    close: async () => {},
  };
}
