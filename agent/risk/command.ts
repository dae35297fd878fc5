/** One command: what its name really is, what it starts, which rules speak of it, whether it only reads. */
import { spanOf, type Command, type Context } from "./context.ts";
import { effectOf } from "./effects.ts";
import { judgeAssignments } from "./environment.ts";
import type { Finding, Span } from "./findings.ts";
import { withoutGlobals } from "./globals.ts";
import { interpreterOf, judgeInterpreter } from "./inline-code.ts";
import { looksLike } from "./look-alike.ts";
import { optionsFrom, parseOptions } from "./options.ts";
import { callOf } from "./pattern.ts";
import { isListed, readOnlyUse } from "./read-only.ts";
import { dangersOf, isDangerous } from "./rules.ts";
import { judgeSecrets, isSecretName } from "./secrets.ts";
import { isShell, judgeEval, judgeShell, judgeShellText, judgeSource } from "./shells.ts";
import { judgeFind, judgeParallel, judgeXargs } from "./starters.ts";
import { UNKNOWN, type Word } from "./word.ts";
import { judgeWriting } from "./writing.ts";
import { wrapperOf, type Wrapper } from "./wrappers.ts";

/** Only what is there is root's; anywhere else a file may be called `ls`. */
const TRUSTED = /^\/(?:usr\/)?s?bin\/[^/]+$/;
/** Where words before `--help` are a subcommand, and not what it acts on. */
const SUBCOMMANDS = new Set(
  "git docker podman kubectl helm cargo npm yarn pnpm go pip apt apt-get systemctl gh aws gcloud az terraform brew dotnet rustup poetry uv".split(
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
  "blkid",
  "findmnt",
  "df",
]);

export function judgeCommand(command: Command, context: Context): void {
  const [name, ...args] = command.words;
  if (name === undefined) {
    judgeAssignments(command.assignments, "nothing", context);
    const text = "sets a variable of this shell";
    if (command.assignments.length > 0)
      context.add({ rule: "shell.variable", level: "SAFE", text }, assignedAt(command));
    return;
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
      .split(/\s+/)
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

/** Without its folder and version: `/usr/bin/python3.11` is python. */
function programOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return /^(?:python|pypy|perl|lua|ruby|php|pip|node|tclsh|wish|guile)[\d.]+$/.test(base)
    ? base.replace(/[\d.]+$/, "")
    : base;
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
  if (isShell(lower)) return judgeShell(args, command.input, span, context);
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
  if (asksForHelp(lower, args)) {
    return context.add(
      { rule: "read-only", level: "SAFE", text: "only prints its help or version" },
      span,
    );
  }
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
  if (last === undefined || !/^--(?:help|version)$/.test(last.text)) return false;
  const plain = args.every(
    ({ text, dynamic }) => !dynamic && /^(?:[a-z][a-z0-9-]*|--help|--version)$/.test(text),
  );
  const own = isDangerous(program) || isListed(program) || effectOf(program) !== null;
  return plain && own && args.length <= (SUBCOMMANDS.has(program) ? 3 : 1);
}

/** Rules of the program, and what it is told to write. */
function judgeRules(program: string, args: readonly Word[], span: Span, context: Context): boolean {
  const call = callOf(program, args);
  let found = false;
  for (const rule of dangersOf(call)) {
    const text = rule.safer === undefined ? rule.text : `${rule.text}. Safer: ${rule.safer}`;
    context.add({ rule: rule.id, level: rule.level, axes: rule.axes, text }, span);
    if (rule.writes === true) writtenBy(program, args, context);
    found = true;
  }
  for (const { text, start, end } of args) {
    const variable = /^\$?\{?(\w+)/.exec(text)?.[1];
    if (program === "printenv" && variable !== undefined && isSecretName(variable)) {
      const shown = "prints a variable that by its name is a secret";
      context.add(
        { rule: "environment.secret", level: "CAUTION", axes: ["exfiltration"], text: shown },
        [start, end],
      );
      found = true;
    }
  }
  return found;
}

/** `cp a b`: the last operand; `tee a b`: all of them. */
function writtenBy(program: string, args: readonly Word[], context: Context): void {
  const operands = args.filter(({ text }) => !text.startsWith("-") || text === "-");
  const last = /^(?:cp|mv|install|ln|rsync|scp|gcp|gmv)$/.test(program);
  for (const word of last ? operands.slice(-1) : operands) judgeWriting(word, context, "overwrite");
  for (const { text, start, end } of args) {
    const target = /^(?:--target-directory|of|-t|--output|-o)=?(.+)$/.exec(text)?.[1];
    if (target !== undefined) {
      judgeWriting(
        {
          text: target,
          start,
          end,
          dynamic: false,
          glob: false,
          brace: false,
          patchwork: false,
          opaque: false,
        },
        context,
        "overwrite",
      );
    }
  }
}

type Wrapped = { program: string; command: Command; span: Span };

function judgeWrapper(
  wrapper: Wrapper,
  args: readonly Word[],
  { program, command, span }: Wrapped,
  context: Context,
): void {
  const options = optionsFrom(`~ ${wrapper.options}`);
  const parsed = parseOptions(args, options);
  if (wrapper.effect !== undefined) context.add(wrapper.effect, span);
  judgeRules(program, args, span, context);
  if (parsed.unknown !== null) {
    const text = "an option that is not known here, in front of another program";
    context.add({ rule: "programs.wrapper-option", level: "CAUTION", text }, span);
  }
  for (const { name, value } of parsed.given) {
    if (value !== null && wrapper.scripts?.includes(name) === true)
      judgeShellText(value.text, value, context);
  }
  if (program === "env") judgeSplit(parsed.given, args, command, context);
  let rest: readonly Word[] = args.slice(parsed.rest);
  if (wrapper.assignments === true) rest = assigned(rest, context);
  if (wrapper.skip === 99)
    return judgeScripts(wrapper, rest, options, { command, program }, context);
  rest = rest.slice(wrapper.skip ?? 0);
  // Options may also stand behind the name of a container or host.
  if ((wrapper.skip ?? 0) > 0) rest = rest.slice(parseOptions(rest, options).rest);
  if (rest.length === 0) return alone(wrapper, { program, command, span }, context);
  if (wrapper.shell === true) {
    const at = { start: rest[0]?.start ?? 0, end: rest.at(-1)?.end ?? 0 };
    return judgeShellText(rest.map(({ text }) => text).join(" "), at, context);
  }
  context.command({ words: rest, assignments: [], input: command.input });
  if (parsed.unknown !== null) judgeBehind(rest, command, context);
}

function alone(wrapper: Wrapper, { program, command, span }: Wrapped, context: Context): void {
  const text = "starts another program, or a shell where none is named";
  context.add(wrapper.alone ?? { rule: "programs.wrapper", level: "CAUTION", text }, span);
  // `echo rm x | ssh host`, `| sudo sh`: what is piped is run.
  if (/^(?:ssh|su|runuser|chroot|nsenter|unshare|at|batch|screen)$/.test(program))
    judgePiped(command, span, context);
}

function judgePiped({ input }: Command, span: Span, context: Context): void {
  if (input.kind === "text") judgeShellText(input.text, { start: span[0], end: span[1] }, context);
  else if (input.kind === "unknown")
    judgeShellText(UNKNOWN, { start: span[0], end: span[1] }, context);
}

/** Where options may also follow: `su root -c CMD`, `script file -c CMD`, `trap CMD EXIT`. */
function judgeScripts(
  wrapper: Wrapper,
  rest: readonly Word[],
  options: ReturnType<typeof optionsFrom>,
  { command, program }: { command: Command; program: string },
  context: Context,
): void {
  const [first] = rest;
  if (program === "trap" && first !== undefined) judgeShellText(first.text, first, context);
  const later = parseOptions(rest, { ...options, leading: false });
  for (const { name, value } of later.given) {
    if (value !== null && wrapper.scripts?.includes(name) === true)
      judgeShellText(value.text, value, context);
  }
  const dashes = rest.findIndex(({ text }) => text === "--");
  if (dashes !== -1) {
    const words = rest.slice(dashes + 1);
    const code = words.findIndex(({ text }) => text === "-c");
    if (code !== -1 && words[code + 1] !== undefined)
      judgeShellText(words[code + 1]?.text ?? "", words[code + 1] ?? { start: 0, end: 0 }, context);
    if (words.length > 0) context.command({ words, assignments: [], input: command.input });
  }
  judgePiped(command, spanOf(command.words), context);
}

/** `env -S 'A=b prog arg'`: one text that env takes apart. */
function judgeSplit(
  given: readonly { name: string; value: Word | null }[],
  args: readonly Word[],
  command: Command,
  context: Context,
): void {
  if (!given.some(({ name }) => name === "-S" || name === "--split-string")) return;
  const at = args.findIndex(({ text }) => /^(?:-[a-zA-Z]*S|--split-string)/.test(text));
  const word = args[at];
  if (word === undefined) return;
  const attached = word.text.replace(/^(?:-[a-zA-Z]*S|--split-string)=?/, "");
  const text = attached === "" ? (args[at + 1]?.text ?? "") : attached;
  const words = text
    .split(/\s+/)
    .filter(Boolean)
    .map((part) => ({ ...word, text: part.replace(/["'\\]/g, "") }));
  const rest = args.slice(attached === "" ? at + 2 : at + 1);
  const whole = assigned([...words, ...rest], context);
  context.add(
    { rule: "environment.split", level: "CAUTION", text: "env takes a text apart and runs it" },
    [word.start, word.end],
  );
  if (whole.length > 0) context.command({ ...command, words: whole, assignments: [] });
}

function assigned(words: readonly Word[], context: Context): readonly Word[] {
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at];
    const [, name, value] = /^(\w+)=([\s\S]*)$/.exec(word?.text ?? "") ?? [];
    if (word === undefined || name === undefined) break;
    const { start, end } = word;
    judgeAssignments(
      [{ name, value: { ...word, text: value ?? "" }, start, end }],
      "program",
      context,
    );
  }
  return words.slice(at);
}

/** A program that is not known may start another one: what stands behind is judged too. */
function judgeBehind(args: readonly Word[], command: Command, context: Context): void {
  let tried = 0;
  for (const [at, word] of args.entries()) {
    if (/^(?:-c|-e|--command|--exec|--cmd|--run|--eval|-x)$/.test(word.text)) {
      const next = args[at + 1];
      if (next !== undefined && /\s/.test(next.text)) judgeShellText(next.text, next, context);
    }
    const program = programOf(word.text);
    if (!isShell(program) && !isDangerous(program)) continue;
    tried += 1;
    if (tried > 3) return;
    context.command({ ...command, words: args.slice(at), assignments: [] });
  }
}
