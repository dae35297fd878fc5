/** One command: what its name really is, what it starts, which rules speak of it, whether it only reads. */
import { NO_INPUT, spanOf, type Command, type Context } from "./context.ts";
import { judgeBehind } from "./behind.ts";
import { judgeRules } from "./dangers.ts";
import { effectOf } from "./effects.ts";
import { judgeAssignments } from "./environment.ts";
import type { Finding, Span } from "./findings.ts";
import { withoutGlobals } from "./globals.ts";
import { interpreterOf, judgeInterpreter } from "./inline-code.ts";
import { looksLike } from "./look-alike.ts";
import { programOf } from "./program-name.ts";
import { isDangerous } from "./rules.ts";
import { isListed, readOnlyUse } from "./read-only.ts";
import { judgeSecrets } from "./secrets.ts";
import { isShell, judgeEval, judgeShell, judgeSource } from "./shells.ts";
import { judgeFind, judgeParallel, judgeXargs } from "./starters.ts";
import { UNKNOWN, type Word } from "./word.ts";
import { judgeWrapper } from "./wrapped.ts";
import { wrapperOf } from "./wrappers.ts";

/** Only what is there is root's; anywhere else a file may be called `ls`. */
const TRUSTED = /^\/(?:usr\/)?s?bin\/[^/]+$/;
/** Where words before `--help` are a subcommand, and not what it acts on. */
const SUBCOMMANDS = new Set(
  "git docker podman helm npm pip apt apt-get systemctl aws gcloud az terraform".split(" "),
);
/** Where `-v` alone means the version. */
const SHORT_VERSION = new Set(
  "git node npm npx yarn pnpm perl ruby php docker make gcc go nginx helm terraform bundle gem lua".split(
    " ",
  ),
);
/** They run nothing and read no variables but their own. */
const BUILTINS = new Set(
  "echo printf test [ [[ true false : let export declare local readonly typeset unset set shift return exit break continue read type hash wait pwd cd".split(
    " ",
  ),
);
/** What they print is text, not a file. */
const TEXT_ONLY = new Set([
  "echo",
  "printf",
  "test",
  "[",
  "[[",
  ":",
  "true",
  "false",
  "lsblk",
  "smartctl",
  "fdisk",
  "sfdisk",
  "parted",
  "sgdisk",
  "hdparm",
  "nvme",
  "mdadm",
  "blkid",
  "findmnt",
  "df",
]);

/** Where one of these is a program's name, the text is not what it seems. */
const RESERVED = new Set(
  "if then elif else fi do done case esac for while until select in function { } ]] ((".split(" "),
);
const MISPLACED: Finding = {
  rule: "syntax.misplaced",
  level: "CAUTION",
  text: "a word of the shell where it means nothing, so parts may mean something else",
};
const ODD_ASSIGNMENT: Finding = {
  rule: "environment.odd-place",
  level: "CAUTION",
  text: "sets a variable where a program's name is expected",
};

export function judgeCommand(command: Command, context: Context): void {
  const [name, ...args] = command.words;
  if (name === undefined) {
    judgeAssignments(command.assignments, "nothing", context);
    const text = "sets a variable of this shell";
    if (command.assignments.length > 0)
      context.add({ rule: "shell.variable", level: "SAFE", text }, assignedAt(command));
    return;
  }
  if (RESERVED.has(name.text) && !name.patchwork) {
    context.add(MISPLACED, [name.start, name.end]);
    const next = command.words.findIndex(({ text }) => !RESERVED.has(text));
    if (next === -1) return;
    return judgeCommand({ ...command, words: command.words.slice(next) }, context);
  }
  const [, variable, value = ""] = /^(\w+)=([\s\S]*)$/.exec(name.text) ?? [];
  if (variable !== undefined) {
    // After `time` or `nice` it is the shell's word or a program's name, and looks like neither.
    const { start, end } = name;
    const assignment = { name: variable, value: { ...name, text: value }, start, end };
    const assignments = [...command.assignments, assignment];
    context.add(ODD_ASSIGNMENT, [start, end]);
    return judgeCommand({ ...command, words: args, assignments }, context);
  }
  const span = spanOf(command.words);
  if (!judgeName(name, args, command, context)) return;
  const path = name.text;
  const program = programOf(path);
  const known = !path.includes("/") || TRUSTED.test(path);
  const before = BUILTINS.has(program)
    ? /^(?:export|declare|typeset)$/.test(program)
      ? "export"
      : "builtin"
    : "program";
  judgeAssignments(command.assignments, before, context);
  if (!TEXT_ONLY.has(program)) judgeSecrets(args, context);
  if (program === "cd" || program === "pushd") goTo(args, context);
  if (BUILTINS.has(program)) judgeEvaluated(program, args, context);
  if (!known) {
    const text =
      "a program that is not where the system's programs are: anybody may have written it";
    context.add({ rule: "programs.elsewhere", level: "CAUTION", text }, [name.start, name.end]);
  }
  if (context.functions.has(path)) {
    return context.add(
      { rule: "shell.call", level: "SAFE", text: "calls a function of this script" },
      span,
    );
  }
  judgeProgram(program, args, { ...command, words: command.words }, context);
}

/** Whether the name is known well enough to go on with it. */
function judgeName(name: Word, args: readonly Word[], command: Command, context: Context): boolean {
  const at: Span = [name.start, name.end];
  const hidden = (rule: string, text: string, level: Finding["level"] = "CRITICAL"): void =>
    context.add({ rule: `obfuscation.${rule}`, level, text }, at);
  if (name.brace) {
    hidden("braces", "braces that become a program and its arguments");
    const words = name.text.replace(/[{}]/g, "").split(",").filter(Boolean);
    if (words.length > 0 && words.join() !== name.text)
      context.command({
        ...command,
        words: [...words.map((text) => ({ ...name, text, brace: false, dynamic: false })), ...args],
      });
    return false;
  }
  if (name.text === "" && args.length === 0) return false;
  const lookAlike = looksLike(name.text);
  if (lookAlike !== null) {
    hidden("look-alike", "a program's name with letters that only look like those of another");
    context.command({ ...command, words: [{ ...name, text: lookAlike }, ...args] });
    return false;
  }
  if (name.patchwork)
    hidden("quotes", "a program's name in pieces, put together by quotes", "CAUTION");
  if (name.glob && name.text !== "[" && name.text !== "[[")
    hidden("pattern", "a pattern instead of a program's name: what it finds is run");
  if (!name.dynamic && !name.opaque) return !name.glob || name.text === "[" || name.text === "[[";
  // A name from a variable is common; one from what a program prints, or from a trick, is not.
  const plain = name.text === UNKNOWN && !name.opaque;
  hidden("computed-name", "which program runs is known only when it runs", "CAUTION");
  judgeSecrets(args, context);
  if (
    args.some(({ text }) => /^-[a-zA-Z]*(?:rf|fr|Rf|fR)/.test(text)) ||
    args.some(({ text }) => text === "--no-preserve-root")
  )
    hidden(
      "computed-removal",
      "a program that cannot be known, with the options of one that deletes",
    );
  if (!plain && !name.text.includes(UNKNOWN)) {
    // What it probably is can only make it worse.
    const words = name.text
      .split(/[\s,;|]+/)
      .filter(Boolean)
      .map((text) => ({ ...name, text, dynamic: false, opaque: false, patchwork: false }));
    if (words.length > 0) context.command({ ...command, words: [...words, ...args] });
  }
  judgeBehind(args, command, context);
  return false;
}

function assignedAt({ assignments }: Command): Span {
  return [assignments[0]?.start ?? 0, assignments.at(-1)?.end ?? 0];
}

function goTo(args: readonly Word[], { folder }: Context): void {
  const to = args.find(({ text }) => !text.startsWith("-"));
  if (to === undefined || to.dynamic) folder.path = null;
  else if (/^[/~]/.test(to.text) || folder.path === null) folder.path = to.text;
  else folder.path = `${folder.path}/${to.text}`;
}

/** Bash evaluates what it takes for an index or a number: `test -v 'a[$(rm x)]'`. */
function judgeEvaluated(program: string, args: readonly Word[], context: Context): void {
  if (program === "echo" || (program === "printf" && args[0]?.text.startsWith("-v") !== true))
    return;
  for (const { text, start, end } of args) {
    if (/\$\(|`/.test(text)) context.script(text, [start, end], NO_INPUT);
  }
  // `set -- rm x; "$@"`.
  if (program === "set")
    judgeBehind(args, { words: args, assignments: [], input: NO_INPUT }, context);
}

function judgeProgram(
  program: string,
  allArgs: readonly Word[],
  command: Command,
  context: Context,
): void {
  const span = spanOf(command.words);
  const lower = program.toLowerCase();
  const { args, strange } = withoutGlobals(program, allArgs, context);
  if (!strange && asksForHelp(lower, args)) {
    const text = "only prints its help or version";
    return context.add({ rule: "read-only", level: "SAFE", text }, span);
  }
  if (isShell(lower)) return judgeShell(lower, args, command.input, span, context);
  if (lower === "eval") return judgeEval(args, context);
  if (lower === "source" || lower === ".") return judgeSource(args, span, context);
  if (lower === "find" || lower === "gfind") {
    judgeRules("find", args, span, context);
    return judgeFind(args, span, context);
  }
  if (lower === "xargs" || lower === "gxargs") return judgeXargs(command, span, context);
  if (lower === "parallel") return judgeParallel(command, span, context);
  const wrapper = wrapperOf(lower, args);
  if (wrapper !== null && !(lower === "command" && /^-[vV]$/.test(args[0]?.text ?? "")))
    return judgeWrapper(
      wrapper[0],
      args.slice(wrapper[1]),
      { program: lower, command, span },
      context,
    );
  const interpreter = interpreterOf(program);
  let found = judgeRules(lower, args, span, context);
  found ||= strange;
  if (interpreter !== null && judgeInterpreter(interpreter, args, command.input, context)) return;
  if (found) return;
  const use = strange ? null : readOnlyUse(program, args);
  if (use !== null)
    return context.add({ rule: "read-only", level: "SAFE", text: "only reads and prints" }, span);
  const effect = effectOf(lower);
  if (effect !== null) return context.add(effect, span);
  const text = "a use of a program that is not known here to be harmless";
  context.add({ rule: "programs.unknown", level: "CAUTION", text }, span);
  if (!isListed(program)) judgeBehind(args, command, context);
}

/** `rm --help`, `git push --help`: of programs that are known; a stranger may do anything. */
function asksForHelp(program: string, args: readonly Word[]): boolean {
  const last = args.at(-1);
  if (last === undefined || !/^(?:--(?:help|version)|-V)$/.test(last.text)) {
    return args.length === 1 && last?.text === "-v" && SHORT_VERSION.has(program);
  }
  const plain = args.every(
    ({ text, dynamic }) => !dynamic && /^(?:[a-z][a-z0-9-]*|--help|--version|-V)$/.test(text),
  );
  const own = isDangerous(program) || isListed(program) || effectOf(program) !== null;
  return plain && own && args.length <= (SUBCOMMANDS.has(program) ? 3 : 1);
}
