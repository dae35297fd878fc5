/** Which rules speak of a command, and where it writes. */
import type { Context } from "./context.ts";
import type { Span } from "./findings.ts";
import { callOf } from "./pattern.ts";
import { dangersOf } from "./rules.ts";
import { isSecretName } from "./secrets.ts";
import { staticWord, type Word } from "./word.ts";
import { judgeWriting } from "./writing.ts";

/** Rules of the program, and what it is told to write. */
export function judgeRules(
  program: string,
  args: readonly Word[],
  span: Span,
  context: Context,
): boolean {
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
      judgeWriting(staticWord(target, start, end), context, "overwrite");
    }
  }
}
