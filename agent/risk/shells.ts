/** Shells, `eval` and sourced text: what a shell is given is judged as a script, if it is there to be read. */
import { NO_INPUT, spanOf, type Context, type Input } from "./context.ts";
import type { Finding, Span } from "./findings.ts";
import { UNKNOWN, type Word } from "./word.ts";

const SHELL =
  /^(?:r?bash|dash|a?sh|zsh|r?ksh(?:93)?|mksh|lksh|pdksh|yash|fish|csh|tcsh|elvish|posh|busybox-sh|pwsh|powershell)\d*$/;

export function isShell(program: string): boolean {
  return SHELL.test(program);
}

const UNREAD: Finding = {
  rule: "shell.unread-text",
  level: "CRITICAL",
  text: "a shell runs whatever comes from there, and nobody has read it. Save it, read it, then run it",
};
const PARTLY: Finding = {
  rule: "shell.dynamic-text",
  level: "CAUTION",
  text: "parts of what the shell runs are known only when it runs",
};
const FILE: Finding = {
  rule: "shell.script-file",
  level: "CAUTION",
  text: "runs a script from a file, which was not read here",
};

/** What they are given is read here as bash would read it. */
const OTHER_LANGUAGE = /^(?:fish|t?csh|elvish|pwsh|powershell)$/;
const FOREIGN: Finding = {
  rule: "shell.other-language",
  level: "CAUTION",
  text: "a shell with a language of its own, which is not known here",
};

const RUNS_WORDS =
  /(?:^|[;&|({]|\b(?:do|then|else|exec|eval|command|sudo|env))\s*"?\$(?:[@*\d]|\{[@*\d])/;

/** Of bash and zsh, those that take a value: `-o pipefail`, `--rcfile FILE`. */
const VALUED = new Set(["-o", "+o", "-O", "+O", "--rcfile", "--init-file"]);
const KNOWN =
  /^(?:[-+][acefhiklmnprstuvxBCEHPTDlob]+|--(?:login|norc|noprofile|posix|restricted|verbose|noediting))$/;

export function judgeShell(
  program: string,
  args: readonly Word[],
  input: Input,
  span: Span,
  context: Context,
): void {
  let [at, code] = [0, false];
  if (OTHER_LANGUAGE.test(program)) context.add(FOREIGN, span);
  for (; at < args.length; at += 1) {
    const text = args[at]?.text ?? "";
    if (text === "--" || text === "-") {
      at += 1;
      break;
    }
    if (!/^[-+]./.test(text)) break;
    if (VALUED.has(text)) {
      if (text.startsWith("--")) context.add(FILE, span);
      at += 1;
      continue;
    }
    // PowerShell spells it out, and encodes it.
    if (/^-(?:Command|EncodedCommand|enc?)$/i.test(text) || /^-[a-zA-Z]*c[a-zA-Z]*$/.test(text))
      code = true;
    if (/^-e(?:nc\w*)$/i.test(text)) context.add(UNREAD, span);
    if (!KNOWN.test(text)) {
      const finding = {
        rule: "shell.option",
        level: "CAUTION",
        text: "an option of the shell that is not known here",
      } as const;
      context.add(finding, span);
    }
    // An interactive shell first runs the user's files.
    if (/^-[a-z]*i/.test(text)) context.add(FILE, span);
  }
  const [word] = args.slice(at);
  if (code) {
    if (word === undefined) return context.add(UNREAD, span);
    // `bash -c '"$@"' _ rm x`: what stands behind is run.
    if (RUNS_WORDS.test(word.text)) {
      for (const from of [1, 2])
        context.command({ words: args.slice(at + from), assignments: [], input: NO_INPUT });
    }
    return judgeShellText(word.text, word, context);
  }
  if (word !== undefined && !args.some(({ text }) => /^-[a-z]*s[a-z]*$/.test(text))) {
    const piped = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/self\/fd\/\d+)$/.test(word.text);
    return context.add(piped ? UNREAD : FILE, [word.start, word.end]);
  }
  judgeShellInput(input, span, context);
}

/** What a shell without a script reads. */
function judgeShellInput(input: Input, span: Span, context: Context): void {
  if (input.kind === "text") return context.script(input.text, span, NO_INPUT);
  if (input.kind === "unknown") return context.add(UNREAD, span);
  const text = "a shell waits for commands, and takes any";
  context.add({ rule: "shell.interactive", level: "CAUTION", text }, span);
}

/** A text that becomes a script, with what is unknown in it. */
export function judgeShellText(
  text: string,
  { start, end }: { start: number; end: number },
  context: Context,
): void {
  const span = [start, end] as const;
  if (text.trimStart().startsWith(UNKNOWN)) context.add(UNREAD, span);
  else if (text.includes(UNKNOWN)) context.add(PARTLY, span);
  context.script(text, span, NO_INPUT);
}

/** `eval` makes one text of its words and runs it. */
export function judgeEval(args: readonly Word[], context: Context): void {
  const [start, end] = spanOf(args);
  const text = "runs text as a command, after it was put together";
  context.add({ rule: "shell.eval", level: "CAUTION", text }, [start, end]);
  judgeShellText(args.map((word) => word.text).join(" "), { start, end }, context);
}

export function judgeSource(args: readonly Word[], span: Span, context: Context): void {
  const [file] = args;
  const unread = file === undefined || file.dynamic || /^\/dev\/|^\/proc\//.test(file.text);
  const text = "runs a file's text in this shell, which was not read here";
  context.add(unread ? UNREAD : { rule: "shell.source", level: "CAUTION", text }, span);
}
