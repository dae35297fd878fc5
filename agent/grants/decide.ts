/** Whether whoever runs this may decide what waits for a person, and as whom. */
import { realpathSync } from "node:fs";
import { ownershipFlaw } from "../doctor/ownership.ts";

export type Approver =
  | { kind: "approver"; uid: number }
  | { kind: "not_root" }
  /** What shows the facts and takes the answer could be another's program. */
  | { kind: "unsafe"; flaw: string }
  /** Behind sudo, and sudo does not say who. */
  | { kind: "nobody" };

/** A rule for the helper never starts this program as root: who is root here came with a password, or is root. */
export function findApprover(): Approver {
  const flaw = ownershipFlaw(realpathSync(process.execPath));
  if (flaw !== null) return { kind: "unsafe", flaw };
  if (process.geteuid?.() !== 0) return { kind: "not_root" };
  const behindSudo = process.env["SUDO_UID"];
  if (behindSudo === undefined) return { kind: "approver", uid: 0 };
  // sudo(8) writes it over whatever was there.
  if (!/^(?:0|[1-9]\d{0,9})$/.test(behindSudo)) return { kind: "nobody" };
  return { kind: "approver", uid: Number(behindSudo) };
}
