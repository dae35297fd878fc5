/** For what the grammar could not read: every run of words in it is judged as if it were a command. */
import { NO_INPUT, type Context } from "./context.ts";
import { isDangerous } from "./rules.ts";
import { isShell } from "./shells.ts";
import { staticWord, type Word } from "./word.ts";
import { wrapperOf } from "./wrappers.ts";

/** More than any command has; a longer run is judged in parts. */
const MOST_WORDS = 50;
const MOST_TRIES = 60;

export function scanText(text: string, context: Context): void {
  let tries = 0;
  // Braces make several words of one: `{rm,-rf,/}`.
  const spread = /\{[^{}]*,/.test(text) ? runsOf(text.replace(/[{},]/g, " ")) : [];
  for (const run of [...runsOf(text), ...spread]) {
    for (const [at, word] of run.entries()) {
      const name = word.text.slice(word.text.lastIndexOf("/") + 1).toLowerCase();
      const known =
        isDangerous(name) ||
        isShell(name) ||
        wrapperOf(name, []) !== null ||
        /^\w+=/.test(word.text);
      if (at > 0 && !known) continue;
      tries += 1;
      if (tries > MOST_TRIES) return;
      context.command({ words: run.slice(at, at + MOST_WORDS), assignments: [], input: NO_INPUT });
    }
  }
}

/** Words between whatever may separate commands, without quotes and backslashes. */
function runsOf(text: string): Word[][] {
  const runs: Word[][] = [];
  const expression = /[^;&|\n()`<>{}]+/g;
  for (const { 0: part, index } of text.matchAll(expression)) {
    const words: Word[] = [];
    for (const { 0: raw, index: within } of part.matchAll(/\S+/g)) {
      const start = index + within;
      const bare = raw.replace(/["'\\$]/g, "");
      if (bare !== "") words.push(staticWord(bare, start, start + raw.length));
    }
    if (words.length > 0) runs.push(words);
  }
  return runs;
}
