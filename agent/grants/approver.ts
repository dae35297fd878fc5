/** Whether whoever runs this may decide what waits for a person, and as whom. */
import { realpathSync } from "node:fs";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { runProgram } from "../run-program.ts";

export type Approver =
  | { kind: "approver"; uid: number }
  | { kind: "not_root" }
  /** What shows the facts and takes the answer could be another's program. */
  | { kind: "unsafe"; flaw: string }
  /** Behind sudo, and sudo does not say who; or below the helper, which acts for an agent. */
  | { kind: "nobody" };

/** A rule for the helper never starts this program as root: who is root here came with a password, or is root. */
export function findApprover(): Approver {
  for (const file of ownFiles()) {
    const flaw = ownershipFlaw(realpathSync(file));
    if (flaw !== null) return { kind: "unsafe", flaw };
  }
  if (process.geteuid?.() !== 0) return { kind: "not_root" };
  if (process.env["SALLYPORT_REQUEST"] !== undefined) return { kind: "nobody" };
  const behindSudo = process.env["SUDO_UID"];
  if (behindSudo === undefined) return { kind: "approver", uid: 0 };
  // sudo(8) writes it over whatever was there.
  if (!/^(?:0|[1-9]\d{0,9})$/.test(behindSudo)) return { kind: "nobody" };
  return { kind: "approver", uid: Number(behindSudo) };
}

/** The program, and its script where it is run from source. */
function ownFiles(): string[] {
  const script = process.argv[1];
  return script?.endsWith(".ts") === true ? [process.execPath, script] : [process.execPath];
}

const SUDO = "/usr/bin/sudo";
const SUDO_SECONDS = 15;

/** Whether sudo asks a user for a password at all, tried as that user: an approval is worth no more than that. */
export async function needsPassword(uid: number): Promise<boolean> {
  if (uid === 0) return true; // root itself was let in by something else
  // `-k` so that no ticket answers instead.
  const words = ["-n", "-u", `#${uid}`, "--", SUDO, "-n", "-k", "--", "/usr/bin/true"];
  const end = await runProgram(SUDO, words, SUDO_SECONDS);
  return end.kind !== "ended" || end.status !== 0;
}
