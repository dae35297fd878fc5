/** Root's key for checkpoints: made at its first use, read by root alone; its public half is for everybody. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { ownershipFlaw } from "../doctor/ownership.ts";

const FOLDER = "/var/lib/sallyport";
const PRIVATE = `${FOLDER}/checkpoint.key`;
/** Beside the log, so that it stays where the package and its state are gone. */
export const PUBLIC_KEY = "/var/log/sallyport/checkpoint.pub";
const KEY_MAX_BYTES = 4096;

export type KeyPair = { private: KeyObject; public: KeyObject };

/** As root. The pair, made if there is none; a flaw where others than root could have put it there or could read it. */
export function checkpointKey(): KeyPair | { flaw: string } {
  const above = ownershipFlaw(FOLDER);
  if (above !== null) return { flaw: above };
  if (lstatSync(PRIVATE, { throwIfNoEntry: false }) === undefined) makeKey();
  const flaw = ownershipFlaw(PRIVATE);
  if (flaw !== null) return { flaw };
  const fd = openSync(PRIVATE, "r");
  try {
    const { mode } = fstatSync(fd);
    if ((mode & 0o077) !== 0) return { flaw: `${PRIVATE} can be read by others than root` };
    const own = createPrivateKey(readFileSync(fd));
    return { private: own, public: createPublicKey(own) };
  } catch (error) {
    return { flaw: `${PRIVATE} is no key: ${(error as Error).message}` };
  } finally {
    closeSync(fd);
  }
}

/** Whole or not at all: of two who make one, one's is taken by both. */
function makeKey(): void {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const draft = `${PRIVATE}.${process.pid}`;
  writeNew(draft, String(pem), 0o600);
  try {
    linkSync(draft, PRIVATE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** The public half in PEM, as it is kept elsewhere. */
export function publicPem(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}

/** Puts the public half beside the log; one that is there stays. */
export function publishKey(key: KeyObject): void {
  if (lstatSync(PUBLIC_KEY, { throwIfNoEntry: false }) === undefined)
    writeNew(PUBLIC_KEY, publicPem(key), 0o644);
}

/** A public key in PEM, or why it is none. Throws as open(2) does. */
export function readPublicKey(file: string): KeyObject | { flaw: string } {
  const text = readFileSync(file);
  if (text.length > KEY_MAX_BYTES) return { flaw: `${file} is longer than any key` };
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === "ed25519" ? key : { flaw: `${file} is no Ed25519 key` };
  } catch {
    return { flaw: `${file} is no public key in PEM` };
  }
}

function writeNew(file: string, text: string, mode: number): void {
  const fd = openSync(file, "wx", mode);
  try {
    fchmodSync(fd, mode);
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
