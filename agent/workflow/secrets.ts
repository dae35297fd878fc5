/** Secrets are nowhere but in memory; what is kept tells only whether the same was given again. */
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";

export type Secrets = ReadonlyMap<string, Buffer>;

const HASH_BYTES = 32;
const kept = z.record(z.string(), z.strictObject({ salt: z.string(), hash: z.string() }));

/** For the store; null where there are none. A slow hash: what is short must not be found by trying. */
export function secretMarks(secrets: Secrets): string | null {
  if (secrets.size === 0) return null;
  const marks = [...secrets].map(([name, secret]) => {
    const salt = randomBytes(16);
    const hash = scryptSync(secret, salt, HASH_BYTES).toString("hex");
    return [name, { salt: salt.toString("hex"), hash }];
  });
  return JSON.stringify(Object.fromEntries(marks));
}

/** Whether these are the secrets that the marks were made of. */
export function areTheSame(secrets: Secrets, marks: string | null): boolean {
  const before = kept.parse(JSON.parse(marks ?? "{}"));
  if (Object.keys(before).length !== secrets.size) return false;
  return [...secrets].every(([name, secret]) => {
    const mark = before[name];
    if (mark === undefined) return false;
    const hash = scryptSync(secret, Buffer.from(mark.salt, "hex"), HASH_BYTES);
    return timingSafeEqual(hash, Buffer.from(mark.hash, "hex"));
  });
}

export function forget(secrets: Secrets): void {
  for (const secret of secrets.values()) secret.fill(0);
}
