/** From a text to its level: read, walked, judged; what cannot be read is never SAFE. */
import { NO_INPUT, type Context, type Input } from "./context.ts";
import { judgeCommand } from "./command.ts";
import { findings, type Findings, type Span } from "./findings.ts";
import type { Parse } from "./grammar.ts";
import type { Risk } from "./level.ts";
import { scanText } from "./raw-scan.ts";
import { walkScript } from "./script.ts";
import { functionsOf } from "./static-text.ts";
import { staticWord } from "./word.ts";

/** UTF-16 units that are read; what a person is asked about must fit on a few screens. */
export const LONGEST_COMMAND = 12_288;
/** Of all texts within texts together. */
const LONGEST_IN_ALL = 4 * LONGEST_COMMAND;
/** Commands within commands: `sudo sudo sudo …`. */
const DEEPEST = 40;
/** What more than that does nobody reads either. */
const MOST_COMMANDS = 300;
/** Of all commands together, one in the other counted again. */
const MOST_WORDS = 12_000;

const TOO_LONG = {
  rule: "syntax.too-long",
  level: "CRITICAL",
  text: "longer than anybody would read, so nothing says that it is harmless. Put it into a file and read that",
} as const;
const TOO_DEEP = {
  rule: "syntax.too-deep",
  level: "CRITICAL",
  text: "commands within commands within commands, deeper than anybody would read",
} as const;
const BROKEN = {
  rule: "syntax.broken",
  level: "CAUTION",
  text: "not what bash could read without doubt, so parts may mean something else",
} as const;
const INVISIBLE = {
  rule: "obfuscation.invisible",
  level: "CRITICAL",
  text: "has characters that cannot be seen or that change the order of others",
} as const;

/** What is drawn as nothing or moves what is drawn; spaces that bash does not take for spaces. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\uFFFF]/gu;
const SEEN = new Set([" ", "\t", "\n"]);
/** Joins parts of one picture; bash and eyes see one emoji. */
const EMOJI_JOINS = /(?<=\p{Extended_Pictographic})(?:\u200D|\uFE0F)/gu;

function hides(text: string): boolean {
  const found = text.replace(EMOJI_JOINS, "").match(HIDDEN) ?? [];
  return found.some((character) => !SEEN.has(character));
}

/** All that one text may cost. */
type Budget = { units: number; commands: number; words: number };

export function judgeText(command: string, parse: Parse): Risk {
  const found = findings();
  const whole: Span = [0, command.length];
  if (hides(command)) found.add(INVISIBLE, whole);
  if (command.length > LONGEST_COMMAND) found.add(TOO_LONG, whole);
  else
    run(command, null, NO_INPUT, {
      parse,
      found,
      depth: 0,
      budget: { units: LONGEST_IN_ALL, commands: MOST_COMMANDS, words: MOST_WORDS },
      folder: { path: null },
    });
  return found.risk();
}

/** The same for a command that no shell will see. Positions are those of the words joined by spaces. */
export function judgeWords(argv: readonly string[], parse: Parse): Risk {
  const found = findings();
  let at = 0;
  const words = argv.map((text) => {
    const word = staticWord(text, at, at + text.length);
    at += text.length + 1;
    return word;
  });
  const whole: Span = [0, Math.max(0, at - 1)];
  if (argv.some(hides)) found.add(INVISIBLE, whole);
  if (at > LONGEST_COMMAND) found.add(TOO_LONG, whole);
  else {
    const state = {
      parse,
      found,
      depth: 0,
      budget: { units: LONGEST_IN_ALL, commands: MOST_COMMANDS, words: MOST_WORDS },
      folder: { path: null },
    };
    contextOf(state, null, new Set()).command({ words, assignments: [], input: NO_INPUT });
  }
  return found.risk();
}

/**
 * The grammar takes a line that begins with a backslash for more of the line before: `ls`, then `\rm x`,
 * would be arguments of `ls`. Before a name the backslash only means "no alias", so a space may stand there.
 */
function plainLineStarts(text: string): string {
  return text.replace(/\n([ \t]*)\\(?=[\w./~-])/g, "\n$1 ");
}
const ODD_LINE_START = /\n[ \t]*\\[^\n\w./~-]/;

type State = {
  parse: Parse;
  found: Findings;
  depth: number;
  budget: Budget;
  folder: Context["folder"];
};

/** `place`: where a text within the text stands, for what is found in it. */
function run(text: string, place: Span | null, _input: Input, state: State): void {
  const span: Span = place ?? [0, text.length];
  state.budget.units -= text.length;
  if (state.budget.units < 0) return state.found.add(TOO_LONG, span);
  if (state.depth > DEEPEST) return state.found.add(TOO_DEEP, span);
  const read = state.parse(plainLineStarts(text));
  if (read === null) {
    state.found.add(TOO_DEEP, span);
    return scanText(text, contextOf(state, span, new Set()));
  }
  const functions = functionsOf(read.root, text);
  const context = contextOf(state, place, functions);
  walkScript(read.root, plainLineStarts(text), context);
  if (!read.broken && !ODD_LINE_START.test(text)) return;
  state.found.add(BROKEN, span);
  scanText(text, context);
}

function contextOf(state: State, place: Span | null, functions: ReadonlySet<string>): Context {
  const { found, budget } = state;
  const context: Context = {
    functions,
    folder: state.folder,
    add: (finding, span) => found.add(finding, place ?? span),
    script(text, span, input) {
      run(text, place ?? span, input, { ...state, depth: state.depth + 1 });
    },
    command(command) {
      budget.commands -= 1;
      budget.words -= command.words.length;
      const span: Span = place ?? [command.words[0]?.start ?? 0, command.words.at(-1)?.end ?? 0];
      if (budget.commands < 0 || budget.words < 0 || state.depth > DEEPEST)
        return found.add(TOO_DEEP, span);
      state.depth += 1;
      judgeCommand(command, context);
      state.depth -= 1;
    },
  };
  return context;
}
