/** What another host showed over SSH, judged as this host is judged: what could not be seen is "unknown". */
import type { Examined } from "../../inventory/examine.ts";
import type { Reply } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { BUILD } from "../build.ts";
import { finding, type Finding } from "../doctor/finding.ts";
import { readListing } from "../doctor/listing.ts";
import { gateFinding, others, versionReplyFinding } from "../doctor/rule.ts";
import { readSudoVersion } from "../doctor/sudo-version.ts";
import { terminals, tickets, versionFinding } from "../doctor/sudo.ts";
import { quote } from "../escape.ts";
import { replyIn } from "../reply.ts";

const SET_UP = "sallyport bootstrap-cluster-sudo";

export function judgeShown(shown: Examined): Finding[] {
  const { uid, listing: listed } = shown;
  const listing = listed === "" ? null : readListing(listed);
  const version = readReply(shown.version);
  return [
    shown.noNewPrivs
      ? finding("no_new_privs", "fail", "set for those who log in: sudo cannot work")
      : finding("no_new_privs", "ok", "not set: sudo can work"),
    shown.systemd
      ? finding("systemd", "ok", "running")
      : finding("systemd", "warn", "not running: service requests are unavailable"),
    ...helperFindings(shown),
    version === null
      ? finding(`rule of uid ${uid}`, "fail", refusedText(shown), SET_UP)
      : versionReplyFinding(`rule of uid ${uid}`, version),
    gateFinding(uid, shown.gateOpen),
    others(uid, listing, HELPER_PATHS),
    ...sudoFindings(shown, listing?.defaults ?? null),
    policyFinding(shown),
    shown.logReadable
      ? finding("audit log", "ok", "this user can read it: sallyport audit verify --on")
      : finding("audit log", "unknown", "this user cannot read it"),
  ];
}

function helperFindings({ helper }: Examined): Finding[] {
  if (helper === null) return [finding("helper", "fail", "it is not installed", SET_UP)];
  const { place, sha256, owners } = helper;
  const flaw = owners.map(ownerFlaw).find((found) => found !== null);
  const seen = owners[0]?.path === place && owners.at(-1)?.path === "/";
  return [
    !seen
      ? finding("helper owner", "unknown", "what is above it cannot be seen")
      : flaw === undefined
        ? finding("helper owner", "ok", `${place} and every directory above it are root's alone`)
        : finding("helper owner", "fail", flaw, SET_UP),
    buildFinding(place, sha256),
  ];
}

function ownerFlaw({
  path,
  uid,
  mode,
}: {
  path: string;
  uid: number;
  mode: number;
}): string | null {
  if ((mode & 0o170000) === 0o120000) return `${path} is a symbolic link`;
  if (uid !== 0) return `${path} belongs to uid ${uid}`;
  if ((mode & 0o022) === 0) return null;
  return `${path} is writable by others (mode ${(mode & 0o7777).toString(8)})`;
}

function buildFinding(place: string, sha256: string | null): Finding {
  const check = "helper build";
  const { helperSha256 } = BUILD;
  if (helperSha256 === null)
    return finding(check, "unknown", "this sallyport was not built together with a helper");
  if (sha256 === null) return finding(check, "unknown", `${place} cannot be read by this user`);
  return sha256 === helperSha256
    ? finding(check, "ok", `SHA-256 ${helperSha256.slice(0, 16)}… is this build's`)
    : finding(check, "fail", `${place} is not of this build`, SET_UP);
}

function sudoFindings({ sudo }: Examined, defaults: string[] | null): Finding[] {
  if (sudo === null) return [finding("sudo version", "fail", "there is no sudo")];
  const version = readSudoVersion(sudo);
  if (version === null)
    return [finding("sudo version", "unknown", `not understood: ${quote(sudo.slice(0, 200))}`)];
  // Which fixes a distribution has brought back cannot be seen from here.
  return [
    versionFinding(version, []),
    tickets(version, defaults, ""),
    terminals(version, defaults, ""),
  ];
}

function policyFinding({ policy }: Examined): Finding {
  const reply = readReply(policy);
  if (reply === null) return finding("policy", "unknown", "the helper did not tell it");
  if (reply.error !== null)
    return finding("policy", "fail", reply.error.message, "sudo sallyport audit tail -n 1");
  return reply.data?.kind === "policy"
    ? finding("policy", "ok", `in force: ${reply.data.policyHash.slice(0, 16)}…`)
    : finding("policy", "fail", "it did not answer with a policy");
}

function refusedText({ version, refused, helper }: Examined): string {
  if (helper === null) return "there is no helper to run";
  if (version !== "") return "what ran is no helper of sallyport";
  return refused === "" ? "sudo did not run it" : `sudo refused: ${quote(refused)}`;
}

/** Null where it is none; its exit status did not come with it. */
function readReply(line: string): Reply | null {
  try {
    const read = replyIn(JSON.parse(line));
    return "reply" in read ? read.reply : null;
  } catch {
    return null;
  }
}
