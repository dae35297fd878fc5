/** A checkpoint: root's signature under where the chain of the audit log was at a moment (Ed25519, RFC 8032). */
import { createHash, sign, verify, type KeyObject } from "node:crypto";
import { z } from "zod";

/** What is signed is signed for nothing else. */
const PURPOSE = "sallyport audit checkpoint v1\n";

const checkpointSchema = z.strictObject({
  v: z.literal(1),
  /** Of the last record at that moment. */
  seq: z.int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  time: z.iso.datetime({ precision: 3 }),
  boot: z.string().max(64),
  /** Since the host was started, which no setting of its clock changes (CLOCK_BOOTTIME). */
  uptimeMs: z.int().nonnegative(),
  /** SHA-256 of the public key, in hex. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.base64(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;
type Unsigned = Omit<Checkpoint, "key" | "signature">;

/** By which a person tells one key from another: SHA-256 of its DER form, in hex. */
export function fingerprint(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** `key`: both halves of one pair. */
export function signed(
  facts: Unsigned,
  key: { private: KeyObject; public: KeyObject },
): Checkpoint {
  const body = { ...facts, key: fingerprint(key.public) };
  return { ...body, signature: sign(null, signedBytes(body), key.private).toString("base64") };
}

export function isSignedBy(checkpoint: Checkpoint, key: KeyObject): boolean {
  const { signature, ...body } = checkpoint;
  return verify(null, signedBytes(body), key, Buffer.from(signature, "base64"));
}

/** Field by field, in one order, so that there is one way to write what is signed. */
function signedBytes({ v, seq, hash, time, boot, uptimeMs, key }: Omit<Checkpoint, "signature">) {
  return Buffer.from(PURPOSE + JSON.stringify({ v, seq, hash, time, boot, uptimeMs, key }));
}

/** The checkpoint in a line without its line feed, or what is wrong with it. */
export function readCheckpoint(line: Buffer): Checkpoint | { flaw: string } {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return { flaw: "not a line of JSON" };
  }
  const { data } = checkpointSchema.safeParse(value);
  return data ?? { flaw: "not a checkpoint" };
}
