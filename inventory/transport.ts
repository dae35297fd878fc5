/** What bootstrap and fleet requests need of SSH, whichever program speaks it. */
import type { Readable, Writable } from "node:stream";

/** Where and how to reach a host; null: what ssh_config(5) says. The inventory makes it. */
export type SshTarget = {
  name: string;
  address: string;
  port: number | null;
  user: string | null;
  identityFile: string | null;
  proxy: { kind: "jump"; hops: readonly string[] } | { kind: "command"; command: string } | null;
};

export type RemoteProcess = {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /** Resolves when it has ended and both outputs are closed; null: a signal, or the connection was lost. */
  ended: Promise<number | null>;
};

export type Connection = {
  via: "ssh2" | "openssh";
  newPins: readonly string[];
  /** Starts REMOTE_COMMAND, the same constant text for every use: what it does comes on stdin. */
  start(): Promise<RemoteProcess>;
  isOpen(): boolean;
  close(): Promise<void>;
};

export type Connecting =
  | { kind: "connected"; connection: Connection }
  | {
      kind: "unreachable" | "host-key-changed" | "host-key-unknown" | "auth-failed";
      reason: string;
    };

/** `auto`: OpenSSH's own program only for hosts that ssh2 cannot reach. */
export const SSH_CHOICES = ["auto", "ssh2", "openssh"] as const;
export type SshChoice = (typeof SSH_CHOICES)[number];

export type Transport = {
  connect(target: SshTarget): Promise<Connecting>;
  close(): Promise<void>;
};

/**
 * What every login shell is given to start. It reads SCRIPT_BYTES of script and leaves the rest of stdin to
 * that script. Nothing in it means something to csh(1) or fish(1) within single quotes.
 */
export const REMOTE_COMMAND = `/bin/sh -c 'eval "$(head -c 8192)"'`;
const SCRIPT_BYTES = 8192;

/** A constant script as its 8,192 bytes: line feeds fill it up. */
export function scriptBlock(script: string): Buffer {
  const bytes = Buffer.from(script);
  if (bytes.length > SCRIPT_BYTES) throw new Error(`a remote script has ${bytes.length} bytes`);
  return Buffer.concat([bytes, Buffer.alloc(SCRIPT_BYTES - bytes.length, "\n")]);
}
