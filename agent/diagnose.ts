/** Finds out why sudo said no. Runs only after it did: success never waits for this. */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { installedHelpers, type Host } from "./host.ts";
import { runProgram } from "./run-program.ts";

export type Refusal =
  | { kind: "no_new_privs" }
  /** No rule for this user. `others`: whether another user's rule was looked for in vain, or could not be. */
  | { kind: "rule_missing"; uid: number; others: "none" | "unknown" }
  | { kind: "rule_other_user"; uid: number; owners: number[] }
  /** This user's rule is there and does not act: a later rule overrides it, or sudo does not read it. */
  | { kind: "rule_without_effect"; uid: number }
  /** The helper is not the one of this command line's build, or not the one that the rule names. */
  | { kind: "helper_differs"; helper: string; granted: string | null }
  /** Any other reason, in sudo's own words: an expired account, a broken sudoers file. */
  | { kind: "sudo_refused"; text: string };

/** How sudo (1.9) and sudo-rs say, with LC_ALL=C, that no rule lets this user run this program. */
const NO_RULE =
  /a password is required|interactive authentication is required|is not allowed to (execute|run)|is not in the sudoers file|may not run sudo|I'm afraid I can't do that/i;

/** A line about the account, expired or locked; sudo 1.9 goes on to say that a password is required. */
const ACCOUNT =
  /^.*(account validation failure|account expired|account or password is expired).*$/im;

/** sudo's `stderr`, explained by what can be seen on the host. */
export async function diagnose(host: Host, helper: string, stderr: string): Promise<Refusal> {
  if (/no new privileges/i.test(stderr)) return { kind: "no_new_privs" };
  const account = ACCOUNT.exec(stderr)?.[0];
  if (account !== undefined) return { kind: "sudo_refused", text: account };
  if (!NO_RULE.test(stderr)) return { kind: "sudo_refused", text: stderr.trim() };

  const granted = await grantedHelper(host);
  if (granted !== null && granted !== helper) return { kind: "helper_differs", helper, granted };
  const { uid } = host;
  const owners = ruleOwners(host);
  const own = owners === null ? granted === helper : owners.includes(uid);
  if (own && (await isThisBuild(host, helper)) === false) {
    return { kind: "helper_differs", helper, granted: null };
  }
  if (own) return { kind: "rule_without_effect", uid };
  if (owners === null) return { kind: "rule_missing", uid, others: "unknown" };
  if (owners.length === 0) return { kind: "rule_missing", uid, others: "none" };
  return { kind: "rule_other_user", uid, owners };
}

/** Whether a helper is the one of this command line's build; null where that cannot be told. */
export async function isThisBuild(host: Host, helper: string): Promise<boolean | null> {
  if (host.helperSha256 === null) return null;
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(helper)) hash.update(chunk as Buffer);
  } catch {
    return null;
  }
  return hash.digest("hex") === host.helperSha256;
}

/** The user ids that have a rule file, in order; null where this user may not look (Fedora: 0750). */
export function ruleOwners(host: Host): number[] | null {
  try {
    return readdirSync(host.rules)
      .map((name) => /^zz-sallyport-uid(\d+)$/.exec(name)?.[1])
      .filter((uid) => uid !== undefined)
      .map(Number)
      .toSorted((a, b) => a - b);
  } catch {
    return null;
  }
}

/** The installed helper that sudo lists for this user, with or without a password. */
async function grantedHelper(host: Host): Promise<string | null> {
  for (const helper of installedHelpers(host)) {
    // sudo(8): -l with a command exits 0 where the command is permitted.
    const end = await runProgram(host.sudo, ["-n", "-l", "--", helper, "version"], 30);
    if (end.kind === "ended" && end.status === 0) return helper;
  }
  return null;
}
