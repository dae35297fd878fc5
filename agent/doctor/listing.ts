/** What `sudo -n -l` prints: defaults (sudo only, not sudo-rs) and commands. */
export type Listing = {
  /** Entries as in sudoers(5), last one wins; null where none are printed. */
  defaults: string[] | null;
  /** Commands that need no password, as listed. */
  withoutPassword: string[];
};

export function readListing(text: string): Listing {
  const [, defaults] = /^Matching Defaults entries for .*:\n((?: {4}.*\n)+)/m.exec(text) ?? [];
  const [, commands = ""] = /may run the following commands.*:\n([\s\S]*)$/.exec(text) ?? [];
  return {
    defaults: defaults === undefined ? null : entriesOf(defaults.replaceAll(/\s*\n\s*/g, " ")),
    // A long line goes on in the next one, which is indented further.
    withoutPassword: commands
      .replaceAll(/\n {8,}/g, " ")
      .split("\n")
      .flatMap(commandsWithoutPassword),
  };
}

const MODIFIER = /^([A-Z_]+:|(CWD|CHROOT|TIMEOUT|ROLE|TYPE|NOTBEFORE|NOTAFTER)=.*)$/;

/** `(root) CWD=/ NOPASSWD: NOSETENV: /a, PASSWD: /b`: a tag holds until its opposite. */
function commandsWithoutPassword(line: string): string[] {
  const [, specification] = /^\s*\([^)]*\)\s*(.*)$/.exec(line) ?? [];
  if (specification === undefined) return [];
  const commands: string[] = [];
  let free = false;
  for (const entry of entriesOf(specification)) {
    const words = entry.split(" ");
    if (words.includes("NOPASSWD:")) free = true;
    if (words.includes("PASSWD:")) free = false;
    if (free) commands.push(words.filter((word) => !MODIFIER.test(word)).join(" "));
  }
  return commands;
}

/** Separated by commas; a comma that is meant is escaped. */
function entriesOf(text: string): string[] {
  return text
    .split(/(?<!\\),\s*/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
