/** Which sudo this is, and which known failures its version number says it has. */

export type SudoVersion = {
  flavour: "sudo" | "sudo-rs";
  /** As printed: `1.9.13p3`, `0.2.5`. */
  text: string;
};

/** From `sudo -V`, stdout and stderr together: sudo-rs 0.2.5 prints it on stderr. */
export function readSudoVersion(text: string): SudoVersion | null {
  const [, rust, version] = /^sudo(-rs| version) (\d+\.\d+\.\d+(?:p\d+)?)/im.exec(text) ?? [];
  if (rust === undefined || version === undefined) return null;
  return { flavour: rust === "-rs" ? "sudo-rs" : "sudo", text: version };
}

type Row = [
  /** CVE or GHSA. */
  id: string,
  flavour: SudoVersion["flavour"],
  /** First version that has it; null where it was always there. */
  since: string | null,
  /** First version without it. */
  fixed: string,
  what: string,
];

/** https://www.sudo.ws/security/advisories/ and sudo-rs CHANGELOG.md; rows V01-V13 of the table in SECURITY.md. */
const KNOWN_FAILURES: readonly Row[] = [
  ["CVE-2019-14287", "sudo", null, "1.8.28", "-u#-1 is root"],
  ["CVE-2019-18634", "sudo", "1.7.1", "1.8.31", "pwfeedback overflow"],
  ["CVE-2021-3156", "sudo", "1.8.2", "1.9.5p2", "heap overflow, root for everybody"],
  ["CVE-2021-23239", "sudo", null, "1.9.5", "sudoedit symlink race"],
  ["CVE-2021-23240", "sudo", null, "1.9.5", "sudoedit symlink race under SELinux"],
  ["CVE-2023-22809", "sudo", "1.8.0", "1.9.12p2", "sudoedit edits any file"],
  ["CVE-2023-28486", "sudo", null, "1.9.13", "control characters in logs"],
  ["CVE-2023-42465", "sudo", null, "1.9.15", "one flipped bit authenticates"],
  ["CVE-2025-32462", "sudo", "1.8.8", "1.9.17p1", "-h honours rules of other hosts"],
  ["CVE-2025-32463", "sudo", "1.9.14", "1.9.17p1", "-R loads the caller's libraries as root"],
  ["CVE-2023-42456", "sudo-rs", null, "0.2.1", "user name as path of tickets"],
  ["CVE-2025-46717", "sudo-rs", null, "0.2.6", "-l tells of files one may not see"],
  ["CVE-2025-46718", "sudo-rs", null, "0.2.6", "-l tells of other users' rights"],
  ["GHSA-q428-6v73-fc4q", "sudo-rs", "0.2.7", "0.2.10", "half a password echoed at timeout"],
  ["GHSA-c978-wq47-pvvw", "sudo-rs", "0.2.5", "0.2.10", "tickets ignore targetpw and rootpw"],
];

/** What a version has by its number; distributions mend without changing it. */
export function knownFailures({ flavour, text }: SudoVersion): { id: string; what: string }[] {
  return KNOWN_FAILURES.filter(
    ([, of, since, fixed]) =>
      of === flavour && isBefore(text, fixed) && (since === null || !isBefore(text, since)),
  ).map(([id, , , , what]) => ({ id, what }));
}

/** `1.9.5` is before `1.9.5p1` is before `1.9.17`. */
function isBefore(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split(/[.p]/).map(Number));
  for (let at = 0; at < 4; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
