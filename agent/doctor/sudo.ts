/** The sudo of this host: its file, its version, and how it keeps terminals apart. */
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { quote } from "../escape.ts";
import type { Host } from "../host.ts";
import { runProgram } from "../run-program.ts";
import { finding, type Finding } from "./finding.ts";
import { readListing } from "./listing.ts";
import { ownershipFlaw } from "./ownership.ts";
import { knownFailures, readSudoVersion, type SudoVersion } from "./sudo-version.ts";
import type { Subject } from "./subject.ts";

export async function examineSudo(host: Host, subjects: readonly Subject[]): Promise<Finding[]> {
  const end = await runProgram(host.sudo, ["-V"], 60);
  const told = end.kind === "ended" ? `${end.stdout}\n${end.stderr}` : "";
  const version = readSudoVersion(told);
  const listed = await subjects[0]?.sudo(["-n", "-l"]);
  const listing =
    listed?.kind === "ended" && listed.status === 0 ? readListing(listed.stdout) : null;
  const defaults = listing?.defaults ?? null;
  return [
    file(host),
    versionOf(version, told),
    tickets(version, defaults, told),
    terminals(version, defaults, told),
  ];
}

function file({ sudo }: Host): Finding {
  // Alternatives make /usr/bin/sudo a link on some distributions; what it leads to counts.
  const path = realpathSync(sudo);
  const flaw = ownershipFlaw(path);
  if (flaw !== null) return finding("sudo file", "fail", flaw);
  return (lstatSync(path).mode & 0o4000) === 0
    ? finding("sudo file", "fail", `${path} is not set-user-ID`)
    : finding("sudo file", "ok", `${path} is root's alone and set-user-ID`);
}

function versionOf(version: SudoVersion | null, told: string): Finding {
  const check = "sudo version";
  if (version === null)
    return finding(check, "unknown", `not understood: ${quote(told.trim().slice(0, 200))}`);
  return versionFinding(version, fixedByDebian(knownFailures(version).map(({ id }) => id)));
}

/** `fixes`: ids that the distribution's own changelog names; none where it cannot be seen. */
export function versionFinding(version: SudoVersion, fixes: readonly string[]): Finding {
  const check = "sudo version";
  const name = `${version.flavour} ${version.text}`;
  const open = knownFailures(version);
  const left = open.filter(({ id }) => !fixes.includes(id));
  const backported = fixes.length === 0 ? "" : `; ${fixes.join(", ")} fixed by the distribution`;
  if (left.length === 0)
    return finding(check, "ok", `${name} has no failure known here${backported}`);
  const list = left.map(({ id, what }) => `${id} (${what})`).join(", ");
  return finding(
    check,
    "warn",
    `${name} by its number has ${list}${backported}; distributions backport fixes without a new number`,
    version.flavour === "sudo" ? "apt-get changelog sudo" : "apt-get changelog sudo-rs",
  );
}

/** Those ids that the installed package's own changelog names. */
function fixedByDebian(ids: readonly string[]): string[] {
  try {
    const changelog = gunzipSync(readFileSync("/usr/share/doc/sudo/changelog.Debian.gz"), {
      maxOutputLength: 1 << 24,
    }).toString();
    return ids.filter((id) => changelog.includes(id));
  } catch {
    return [];
  }
}

/** sudoers(5), timestamp_type: a ticket of one terminal must be worth nothing in another. */
export function tickets(
  version: SudoVersion | null,
  defaults: string[] | null,
  told: string,
): Finding {
  const check = "timestamp_type";
  const set = defaults?.findLast((entry) => entry.startsWith("timestamp_type="))?.slice(15);
  // Only to root does `sudo -V` tell what is in force.
  const inForce = /^Type of authentication timestamp record: (\w+)$/m.exec(told)?.[1];
  const type = set ?? inForce;
  if (type === "tty") return finding(check, "ok", "tty: each terminal has its own tickets");
  if (type !== undefined) {
    return finding(
      check,
      "warn",
      `${type}: one terminal's password opens sudo in others`,
      "sudo visudo",
    );
  }
  return version?.flavour === "sudo-rs"
    ? finding(check, "unknown", "sudo-rs does not tell; it has tickets per terminal only")
    : finding(
        check,
        "unknown",
        "not set where it can be seen; sudo's own default is tty",
        "sudo sallyport doctor",
      );
}

/** sudoers(5), use_pty: without it a program can type into the terminal it was started from (CVE-2005-4890). */
export function terminals(
  version: SudoVersion | null,
  defaults: string[] | null,
  told: string,
): Finding {
  const check = "use_pty";
  const inForce = /^Always run commands in a pseudo-tty$/m.test(told) ? "use_pty" : undefined;
  const set = defaults?.findLast((entry) => /^!?use_pty$/.test(entry)) ?? inForce;
  if (set === "use_pty") return finding(check, "ok", "programs get a terminal of their own");
  if (set === "!use_pty") {
    return finding(
      check,
      "warn",
      "programs get the caller's terminal and can type into it",
      "sudo visudo",
    );
  }
  const known = version === null ? "" : `; ${version.flavour} ${version.text} decides`;
  return finding(check, "unknown", `not set where it can be seen${known}`);
}
