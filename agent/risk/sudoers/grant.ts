/** What a sudoers file gives: one command to some users. */
export type Grant = {
  /** As sudoers names them: `bob`, `%wheel`, `#1000`, `ALL`. */
  users: string[];
  /** Of the program, with folder; `ALL`, `sudoedit`, or a folder that ends in a slash. */
  command: string;
  /** As written; null where any are allowed, `""` where none are. */
  args: string | null;
  /** As whom: `root` where nothing is said. */
  runas: string[];
  /** `!command`: taken away from what was given before. */
  negated: boolean;
  withoutPassword: boolean;
  /** The caller may set any variable. */
  setenv: boolean;
};

/** `defaults`: entries such as `!env_reset` and `env_keep+=LD_PRELOAD`. */
export type SudoersFile = { grants: Grant[]; defaults: string[] };

/** A command as sudoers writes it, taken apart. */
export function commandOf(written: string): Pick<Grant, "command" | "args"> {
  const text = written.replace(/^sha\d+:\S+(?:\s*,\s*sha\d+:\S+)*\s+/, "").trim();
  const [, command = text, rest] = /^((?:[^\s\\]|\\.)+)(?:\s+([\s\S]+))?$/.exec(text) ?? [];
  const args = rest === undefined ? null : rest === '""' ? "" : rest.replace(/\\([,:=\\])/g, "$1");
  return { command: command.replace(/\\(.)/g, "$1"), args };
}
