/** What a wrapper starts is judged as if it stood alone; the wrapper can only make it worse. */
import { spanOf, type Command, type Context } from "./context.ts";
import { judgeBehind } from "./behind.ts";
import { judgeRules } from "./dangers.ts";
import { judgeAssignments } from "./environment.ts";
import type { Span } from "./findings.ts";
import { optionsFrom, parseOptions } from "./options.ts";
import { judgeShellText } from "./shells.ts";
import { UNKNOWN, type Word } from "./word.ts";
import type { Wrapper } from "./wrapper.ts";

type Wrapped = { program: string; command: Command; span: Span };

export function judgeWrapper(
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
  judgeValues(wrapper, parsed.given, context);
  const folder = parsed.given.find(({ name }) => name === "--chdir" || name === "-C")?.value;
  if (folder !== undefined && folder !== null && wrapper.assignments === true)
    context.folder.path = folder.text;
  if (program === "env") judgeSplit(parsed.given, args, command, context);
  let rest: readonly Word[] = args.slice(parsed.rest);
  if (wrapper.assignments === true) rest = assigned(rest, context);
  if (wrapper.skip === 99)
    return judgeScripts(wrapper, rest, options, { command, program }, context);
  rest = rest.slice(wrapper.skip ?? 0);
  // Options may also stand behind the name of a container or host.
  if ((wrapper.skip ?? 0) > 0) {
    const later = parseOptions(rest, options);
    judgeValues(wrapper, later.given, context);
    rest = rest.slice(later.rest);
  }
  if (rest.length === 0) return alone(wrapper, { program, command, span }, context);
  if (wrapper.shell === true) {
    const at = { start: rest[0]?.start ?? 0, end: rest.at(-1)?.end ?? 0 };
    return judgeShellText(rest.map(({ text }) => text).join(" "), at, context);
  }
  context.command({ words: rest, assignments: [], input: command.input });
  if (parsed.unknown !== null) judgeBehind(rest, command, context);
}

/** Options whose value a shell will run. */
function judgeValues(
  { scripts }: Wrapper,
  given: readonly { name: string; value: Word | null }[],
  context: Context,
): void {
  for (const { name, value } of given) {
    if (value !== null && scripts?.includes(name) === true)
      judgeShellText(value.text, value, context);
  }
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
  judgeValues(wrapper, later.given, context);
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
