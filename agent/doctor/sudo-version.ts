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

export type KnownFailure = {
  /** CVE or GHSA. */
  id: string;
  flavour: SudoVersion["flavour"];
  /** First version that has it; null where it was always there. */
  since: string | null;
  /** First version without it. */
  fixed: string;
  what: string;
};

/** https://www.sudo.ws/security/advisories/ and sudo-rs CHANGELOG.md; rows V01-V13 of the table in SECURITY.md. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  { id: "CVE-2019-14287", flavour: "sudo", since: null, fixed: "1.8.28", what: "-u#-1 is root" },
  {
    id: "CVE-2019-18634",
    flavour: "sudo",
    since: "1.7.1",
    fixed: "1.8.31",
    what: "pwfeedback overflow",
  },
  {
    id: "CVE-2021-3156",
    flavour: "sudo",
    since: "1.8.2",
    fixed: "1.9.5p2",
    what: "heap overflow, root for everybody",
  },
  {
    id: "CVE-2021-23239",
    flavour: "sudo",
    since: null,
    fixed: "1.9.5",
    what: "sudoedit symlink race",
  },
  {
    id: "CVE-2021-23240",
    flavour: "sudo",
    since: null,
    fixed: "1.9.5",
    what: "sudoedit symlink race under SELinux",
  },
  {
    id: "CVE-2023-22809",
    flavour: "sudo",
    since: "1.8.0",
    fixed: "1.9.12p2",
    what: "sudoedit edits any file",
  },
  {
    id: "CVE-2023-28486",
    flavour: "sudo",
    since: null,
    fixed: "1.9.13",
    what: "control characters in logs",
  },
  {
    id: "CVE-2023-42465",
    flavour: "sudo",
    since: null,
    fixed: "1.9.15",
    what: "one flipped bit authenticates",
  },
  {
    id: "CVE-2025-32462",
    flavour: "sudo",
    since: "1.8.8",
    fixed: "1.9.17p1",
    what: "-h honours rules of other hosts",
  },
  {
    id: "CVE-2025-32463",
    flavour: "sudo",
    since: "1.9.14",
    fixed: "1.9.17p1",
    what: "-R loads the caller's libraries as root",
  },
  {
    id: "CVE-2023-42456",
    flavour: "sudo-rs",
    since: null,
    fixed: "0.2.1",
    what: "user name as path of tickets",
  },
  {
    id: "CVE-2025-46717",
    flavour: "sudo-rs",
    since: null,
    fixed: "0.2.6",
    what: "-l tells of files one may not see",
  },
  {
    id: "CVE-2025-46718",
    flavour: "sudo-rs",
    since: null,
    fixed: "0.2.6",
    what: "-l tells of other users' rights",
  },
  {
    id: "GHSA-q428-6v73-fc4q",
    flavour: "sudo-rs",
    since: "0.2.7",
    fixed: "0.2.10",
    what: "half a password echoed at timeout",
  },
  {
    id: "GHSA-c978-wq47-pvvw",
    flavour: "sudo-rs",
    since: "0.2.5",
    fixed: "0.2.10",
    what: "tickets ignore targetpw and rootpw",
  },
];

export function knownFailures({ flavour, text }: SudoVersion): KnownFailure[] {
  return KNOWN_FAILURES.filter(
    (failure) =>
      failure.flavour === flavour &&
      isBefore(text, failure.fixed) &&
      (failure.since === null || !isBefore(text, failure.since)),
  );
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
