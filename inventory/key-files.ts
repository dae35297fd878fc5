/** Private keys in files: what is public of them at once, and the key itself when it is to sign. */
import { readFileSync, statSync } from "node:fs";
import { utils, type ParsedKey } from "ssh2";
import { typeOf } from "./known-hosts.ts";

/** Null: none is to be had. What it gives is zeroed after use. */
export type AskPassphrase = (keyFile: string) => Promise<Buffer | null>;

export type KeyFiles = {
  /** The public half as it goes over the wire; null where there is no such file; or why it is of no use. */
  publicOf(file: string): Promise<Buffer | null | { unusable: string }>;
  /** A file is asked about once, however many hosts want its key. */
  load(file: string): Promise<ParsedKey | { unusable: string }>;
};

export function keyFiles(askPassphrase: AskPassphrase): KeyFiles {
  const loaded = new Map<string, ReturnType<KeyFiles["load"]>>();
  const load: KeyFiles["load"] = (file) => {
    const key = loaded.get(file) ?? loadKey(file, askPassphrase);
    loaded.set(file, key);
    return key;
  };
  return {
    load,
    publicOf: async (file) => {
      const beside = textOf(`${file}.pub`);
      if (beside !== null) return Buffer.from(beside.split(" ")[1] ?? "", "base64");
      const text = textOf(file);
      if (text === null) return null;
      const inside = publicInside(text);
      if (inside !== null) return inside;
      const key = await load(file);
      return "unusable" in key ? key : key.getPublicSSH();
    },
  };
}

async function loadKey(
  file: string,
  askPassphrase: AskPassphrase,
): Promise<ParsedKey | { unusable: string }> {
  const text = textOf(file);
  if (text === null) return { unusable: `${file} cannot be read` };
  const { mode, uid } = statSync(file);
  // ssh(1) refuses it in the same case.
  if (uid === process.getuid?.() && (mode & 0o077) !== 0)
    return { unusable: `${file} can be read by others` };
  const key = utils.parseKey(text);
  if (!(key instanceof Error)) return oneOf(key);
  if (!/no passphrase given/.test(key.message)) return { unusable: `${file}: ${key.message}` };
  const passphrase = await askPassphrase(file);
  if (passphrase === null) return { unusable: `${file} needs a passphrase` };
  try {
    const opened = utils.parseKey(text, passphrase);
    return opened instanceof Error
      ? { unusable: `${file} is not opened by that passphrase` }
      : oneOf(opened);
  } finally {
    passphrase.fill(0);
  }
}

/** A file in OpenSSH's format holds one key, but the parser says a list. */
function oneOf(key: ParsedKey | ParsedKey[]): ParsedKey | { unusable: string } {
  return (Array.isArray(key) ? key[0] : key) ?? { unusable: "no key" };
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const [BEGIN, MAGIC] = ["-----BEGIN OPENSSH PRIVATE KEY-----", "openssh-key-v1\0"];

/** OpenSSH's own format (PROTOCOL.key) has it in clear, encrypted or not; null where it is another format. */
function publicInside(text: string): Buffer | null {
  if (!text.startsWith(BEGIN)) return null;
  const bytes = Buffer.from(text.slice(BEGIN.length).replace(/-----END[^]*/, ""), "base64");
  if (!bytes.toString("latin1").startsWith(MAGIC)) return null;
  let at = MAGIC.length;
  try {
    for (let skipped = 0; skipped < 3; skipped += 1) at += 4 + bytes.readUInt32BE(at);
    const from = at + 4 + 4; // behind the number of keys, and this one's length
    const key = bytes.subarray(from, from + bytes.readUInt32BE(at + 4));
    return typeOf(key) === "" ? null : key;
  } catch {
    return null; // it ends too early
  }
}
