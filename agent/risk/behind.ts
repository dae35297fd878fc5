/** What stands behind a program that nothing is known of. */
import type { Command, Context } from "./context.ts";
import { programOf } from "./program-name.ts";
import { isDangerous } from "./rules.ts";
import { isShell, judgeShellText } from "./shells.ts";
import type { Word } from "./word.ts";

/** A program that is not known may start another one: what stands behind is judged too. */
export function judgeBehind(args: readonly Word[], command: Command, context: Context): void {
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
