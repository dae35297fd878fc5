/** What ssh2 is allowed to agree on: what ssh_config(5) allows and ssh2 has, without what is old. */
import type {
  Algorithms,
  CipherAlgorithm,
  KexAlgorithm,
  MacAlgorithm,
  ServerHostKeyAlgorithm,
} from "ssh2";
import type { SshSettings } from "./ssh-settings.ts";

const KEX: readonly KexAlgorithm[] = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group18-sha512",
  "diffie-hellman-group-exchange-sha256",
  "diffie-hellman-group14-sha256",
];
/** Those that the processor does itself come first. */
const CIPHERS: readonly CipherAlgorithm[] = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
];
const MACS: readonly MacAlgorithm[] = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
];
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/**
 * `types`: of the keys that are pinned, asked for first; `only`: nothing else is asked for, so that a key of
 * another type does not look like one that has changed. In words where ssh2 has nothing of what is allowed.
 */
export function algorithmsFor(
  allowed: SshSettings["algorithms"],
  { types, only }: { types: ReadonlySet<string>; only: boolean },
): Algorithms | string {
  const both = <Name extends string>(ours: readonly Name[], theirs: readonly string[]): Name[] =>
    ours.filter((name) => theirs.includes(name));
  const isPinned = (name: string): boolean => types.has(name.startsWith("rsa-") ? "ssh-rsa" : name);
  const keys = both(HOST_KEYS, allowed.hostKeys);
  const found = {
    kex: both(KEX, allowed.kex),
    cipher: both(CIPHERS, allowed.ciphers),
    hmac: both(MACS, allowed.macs),
    serverHostKey: [
      ...keys.filter(isPinned),
      ...(only ? [] : keys.filter((name) => !isPinned(name))),
    ],
  };
  const missing = Object.entries(found).find(([, names]) => names.length === 0);
  if (missing !== undefined)
    return `ssh2 has no ${WORDS[missing[0]] ?? missing[0]} that is allowed`;
  return { ...found, compress: ["none"] };
}

const WORDS: Record<string, string> = {
  kex: "key exchange",
  cipher: "cipher",
  hmac: "MAC",
  serverHostKey: "type of host key",
};
