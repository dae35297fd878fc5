/** Who a rule is for: from the kernel and the passwd database, never from $USER, $LOGNAME or $HOME. */
import { runProgram } from "../run-program.ts";

export type InvokingUser =
  | { kind: "user"; uid: number; name: string }
  /** Root itself, not through sudo: nobody to guess. */
  | { kind: "nobody_named" }
  | { kind: "is_root" }
  /** `wanted`: what was asked for, a name or a number. */
  | { kind: "unknown"; wanted: string }
  | { kind: "no_database"; reason: string };

/**
 * `wanted`: a name or a number from the command line, or undefined for whoever runs this:
 * the real user, or behind sudo the one in SUDO_UID, which sudo overwrites.
 */
export async function findInvokingUser(wanted: string | undefined): Promise<InvokingUser> {
  const key = wanted ?? callersUid();
  if (key === undefined) return { kind: "nobody_named" };
  // getent(1) would take these for options, or for several keys.
  if (!/^[^\s:-][^\s:]{0,255}$/.test(key)) return { kind: "unknown", wanted: key };

  const end = await runProgram("/usr/bin/getent", ["passwd", key], 30);
  if (end.kind !== "ended") return { kind: "no_database", reason: `getent: ${end.kind}` };
  const [name, , uid] = (end.stdout.split("\n")[0] ?? "").split(":");
  if (end.status !== 0 || name === undefined || uid === undefined || !/^\d+$/.test(uid)) {
    return { kind: "unknown", wanted: key };
  }
  // A look-up that ignores case or a domain found somebody else.
  if (key !== name && key !== uid) return { kind: "unknown", wanted: key };
  if (Number(uid) === 0) return { kind: "is_root" };
  return { kind: "user", uid: Number(uid), name };
}

function callersUid(): string | undefined {
  const uid = process.getuid?.();
  if (uid !== 0) return uid === undefined ? undefined : String(uid);
  const behindSudo = process.env["SUDO_UID"];
  return behindSudo !== undefined && /^[1-9]\d{0,9}$/.test(behindSudo) ? behindSudo : undefined;
}
