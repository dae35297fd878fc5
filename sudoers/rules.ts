/** The text of one sudoers drop-in, in the subset that sudo 1.9.13 to 1.9.17 and sudo-rs 0.2.5 to 0.2.15 all accept. */

export type Rule = {
  kind: "rule";
  uid: number;
  /** Absolute path of the drop-in: root:root, mode 0440. */
  path: string;
  helper: string;
  text: string;
};

export type RuleRefusal =
  | { kind: "uid_is_root" }
  /** Not an integer, negative, or above the highest user id (2^32 - 1 is -1 to the kernel, CVE-2019-14287). */
  | { kind: "uid_is_no_user"; uid: number }
  /** Not absolute, not normalised, or with a character that means something in sudoers. */
  | { kind: "helper_is_no_path"; helper: string };

const HIGHEST_UID = 2 ** 32 - 2;

/** The rule that lets the user `uid` start `helper` (absolute path) as root, with any arguments. */
export function renderRule(uid: number, helper: string): Rule | RuleRefusal {
  if (uid === 0) return { kind: "uid_is_root" };
  if (!Number.isInteger(uid) || uid < 0 || uid > HIGHEST_UID)
    return { kind: "uid_is_no_user", uid };
  if (!isPlainPath(helper)) return { kind: "helper_is_no_path", helper };

  const path = rulePath(uid);
  const text = [
    `# ${path}: written by \`sallyport setup-sudo\`, removed by \`sallyport setup-sudo --uninstall\``,
    `Defaults!${helper} env_reset`,
    `Defaults!${helper} !env_keep`,
    `Defaults!${helper} !env_check`,
    `Defaults!${helper} secure_path="/usr/sbin:/usr/bin:/sbin:/bin"`,
    `#${uid} ALL=(root) CWD=/ NOPASSWD: NOSETENV: ${helper}`,
    // sudo-rs demands the final line feed.
    "",
  ].join("\n");
  return { kind: "rule", uid, path, helper, text };
}

/** Named by number: sudo ignores names with a dot, and a name may hold a slash (CVE-2023-42456). `zz-`: read last. */
function rulePath(uid: number): string {
  return `/etc/sudoers.d/zz-sallyport-uid${uid}`;
}

/** A space would grant everything that begins with what stands before it; wildcards and quotes mean more than themselves. */
function isPlainPath(path: string): boolean {
  if (!/^(\/[A-Za-z0-9_.-]+){2,}$/.test(path) || path.endsWith("\n")) return false;
  const parts = path.split("/");
  // To sudo that is a word of its own, and an error behind a folder.
  if (parts.at(-1) === "sudoedit") return false;
  return parts.every((part) => part !== "." && part !== "..");
}
