/** SSH for a command that an operator runs: what it must be told is asked on the terminal. */
import { fold } from "../../inventory/fold.ts";
import { sshTransport } from "../../inventory/ssh.ts";
import type { SshChoice, Transport } from "../../inventory/transport.ts";
import { escapeLine } from "../escape.ts";
import { passwordFromTerminal } from "./password.ts";

type Choices = {
  transport: SshChoice;
  acceptNew: boolean;
  /** Whether somebody may be asked for the passphrase of a key. */
  input: boolean;
};

export type Ssh = {
  transport: Transport;
  /** For people: which hosts only OpenSSH's program could reach, and why; empty if none. */
  asides(): string;
};

export function openSsh({ transport: choice, acceptNew, input }: Choices): Ssh {
  const asides = new Map<string, string[]>();
  const transport = sshTransport({
    choice,
    acceptNew,
    askPassphrase: async (file) => {
      if (!input) return null;
      const given = await passwordFromTerminal(`Passphrase for ${escapeLine(file)}: `);
      return given.kind === "password" ? given.bytes : null;
    },
    aside: (name, why) => asides.set(why, [...(asides.get(why) ?? []), name]),
  });
  return {
    transport,
    asides: () =>
      [...asides]
        .map(([why, names]) => `sallyport: ${fold(names)} by OpenSSH's own program: ${why}\n`)
        .map((line) => `${escapeLine(line.trimEnd())}\n`)
        .join(""),
  };
}
