/** Which grants of a sudoers file amount to root, and why. */
import { ownershipFlaw } from "../../doctor/ownership.ts";
import type { Level } from "../level.ts";
import type { Grant, SudoersFile } from "./grant.ts";
import { dangerOf } from "./programs.ts";

export type LintFinding = {
  rule: string;
  /** CRITICAL: as good as root. CAUTION: more than it looks like. */
  level: Exclude<Level, "SAFE">;
  users: string[];
  /** The grant as it can be recognised in the file; null where a Defaults entry is meant. */
  grant: string | null;
  text: string;
};

type Fault = Pick<LintFinding, "rule" | "level" | "text">;

/** `flaw`: what is wrong with who can write a path, or null; on the host itself that is `ownershipFlaw`. */
export function lint({ grants, defaults }: SudoersFile, flaw = ownershipFlaw): LintFinding[] {
  const given = grants.filter((grant) => !grant.negated && asRoot(grant) && !isRoot(grant));
  return [
    ...defaults.flatMap((entry) =>
      faultsOfDefault(entry).map((fault) => ({ ...fault, users: [], grant: `Defaults ${entry}` })),
    ),
    ...given.flatMap((grant) => {
      const written = [grant.command, grant.args === "" ? '""' : grant.args]
        .filter((part) => part !== null)
        .join(" ");
      return [...faultsOf(grant, flaw), ...faultOfExceptions(grant, grants)].map((fault) => ({
        ...fault,
        users: grant.users,
        grant: written,
      }));
    }),
  ];
}

function asRoot({ runas }: Grant): boolean {
  return runas.some((name) => /^(?:root|#0|ALL|%|!)/.test(name));
}

/** Root may do what root can do anyway. */
function isRoot({ users }: Grant): boolean {
  return users.every((user) => user === "root" || user === "#0");
}

function faultsOf(grant: Grant, flaw: (path: string) => string | null): Fault[] {
  const { command, args, setenv } = grant;
  const critical = (rule: string, text: string): Fault => ({
    rule: `sudoers.${rule}`,
    level: "CRITICAL",
    text,
  });
  const caution = (rule: string, text: string): Fault => ({
    rule: `sudoers.${rule}`,
    level: "CAUTION",
    text,
  });
  if (command === "ALL") return [critical("all", "every program, as root")];
  if (command === "sudoedit" || command.endsWith("/sudoedit")) return editing(args);
  if (command === "list") return [];
  const faults: Fault[] = [];
  if (command.startsWith("^") || args?.startsWith("^") === true)
    faults.push(
      caution(
        "regex",
        "a regular expression decides, and one that forgets something lets it through",
      ),
    );
  if (/[*?[]/.test(command) && !command.startsWith("^"))
    faults.push(
      critical(
        "wildcard-program",
        "a pattern instead of a program: it also fits what others put there",
      ),
    );
  if (command.endsWith("/"))
    faults.push(critical("folder", "every program in a folder, also those that are added later"));
  if (!/^[/^*]/.test(command)) faults.push(caution("relative", "a program without its folder"));
  if (setenv)
    faults.push(critical("setenv", "the caller may set any variable, LD_PRELOAD among them"));
  const path = command.replace(/\/$/, "");
  const wrong = /^\/[^*?[^]+$/.test(path) ? flaw(path) : null;
  // /bin is a symbolic link on most systems, and one that only root can change.
  if (wrong !== null && !/is a symbolic link$|cannot be examined/.test(wrong))
    faults.push(critical("writable", `others than root can replace it: ${wrong}`));
  if (wrong !== null && /cannot be examined \(ENOENT\)/.test(wrong))
    faults.push(
      caution("missing", "the program is not there: whoever can put one there decides what runs"),
    );
  const danger = dangerOf(command);
  if (danger === null) return [...faults, ...wildcards(args, false)];
  if (args === null)
    return [...faults, critical(`any-${danger.kind}`, `${danger.text}. Write its arguments out`)];
  if (danger.fixed === "root")
    faults.push(critical(danger.kind, `${danger.text}, whatever its arguments are`));
  else if (danger.kind === "shell" && args === "") faults.push(critical("shell", danger.text));
  else if (danger.kind === "interpreter" && args === "")
    faults.push(critical("interpreter", danger.text));
  faults.push(...wildcards(args, true), ...scripts(args, danger.kind, flaw));
  return faults;
}

function wildcards(args: string | null, dangerous: boolean): Fault[] {
  if (args === null || args.startsWith("^") || !/(?<!\\)[*?[]/.test(args)) return [];
  const text =
    "a pattern among the arguments fits spaces and slashes too, so further arguments and other paths go through";
  return [{ rule: "sudoers.wildcard-arguments", level: dangerous ? "CRITICAL" : "CAUTION", text }];
}

/** `/bin/sh /opt/x.sh`: who can write the script is root. */
function scripts(args: string, kind: string, flaw: (path: string) => string | null): Fault[] {
  if (kind !== "shell" && kind !== "interpreter" && kind !== "starts") return [];
  return args.split(/\s+/).flatMap((word): Fault[] => {
    if (!/^\/[^*?[]+$/.test(word)) return [];
    const wrong = flaw(word);
    if (wrong === null || wrong.endsWith("is a symbolic link")) return [];
    const missing = /cannot be examined/.test(wrong);
    return [
      {
        rule: "sudoers.writable-script",
        level: missing ? "CAUTION" : "CRITICAL",
        text: `what it runs can be changed by others than root: ${wrong}`,
      },
    ];
  });
}

function editing(args: string | null): Fault[] {
  if (args === null)
    return [{ rule: "sudoers.edit-any", level: "CRITICAL", text: "edits any file as root" }];
  if (/[*?[]/.test(args))
    return [
      {
        rule: "sudoers.edit-pattern",
        level: "CRITICAL",
        text: "edits files by a pattern, which also fits links that others make",
      },
    ];
  if (/\/etc\/(?:sudoers|passwd|shadow|group|crontab|cron|ssh|profile|ld\.so|pam)/.test(args))
    return [
      {
        rule: "sudoers.edit-system",
        level: "CRITICAL",
        text: "edits a file by which one becomes root",
      },
    ];
  return [
    {
      rule: "sudoers.edit",
      level: "CAUTION",
      text: "edits a file as root: what reads it must not run it",
    },
  ];
}

/** `ALL, !/bin/sh`: the same program under another name is not taken away. */
function faultOfExceptions(grant: Grant, all: readonly Grant[]): Fault[] {
  if (
    grant.command !== "ALL" ||
    !all.some(({ negated, users }) => negated && users.join() === grant.users.join())
  )
    return [];
  const text =
    "exceptions from ALL stop nobody: a copy of the program has another name (sudoers(5))";
  return [{ rule: "sudoers.exceptions", level: "CRITICAL", text }];
}

function faultsOfDefault(entry: string): Fault[] {
  const fault = (rule: string, level: Fault["level"], text: string): Fault[] => [
    { rule: `sudoers.${rule}`, level, text },
  ];
  if (entry === "!env_reset" || entry === "setenv")
    return fault(
      "environment",
      "CRITICAL",
      "callers keep or set their variables, by which programs load code",
    );
  if (
    /^env_keep\+?=.*\b(?:LD_\w+|PYTHON\w*|PERL\w*|RUBY\w*|NODE_\w+|BASH_ENV|ENV|PATH|IFS|EDITOR|VISUAL|PAGER|GIT_\w+|HOME)\b/.test(
      entry,
    )
  )
    return fault(
      "environment",
      "CRITICAL",
      "keeps a variable by which programs load code or start others",
    );
  if (entry === "!authenticate")
    return fault("no-authentication", "CAUTION", "nobody is asked for a password");
  if (/^timestamp_timeout=(?:-|\d{3,})/.test(entry))
    return fault(
      "long-ticket",
      "CAUTION",
      "one password lasts for hours, for every program of the same terminal",
    );
  if (entry.startsWith("timestamp_type=global"))
    return fault("global-ticket", "CAUTION", "one password lasts for all terminals of a user");
  if (entry === "visiblepw" || entry === "!use_pty")
    return fault(
      "terminal",
      "CAUTION",
      "programs share the caller's terminal, or passwords show on it",
    );
  return [];
}
