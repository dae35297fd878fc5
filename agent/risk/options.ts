/**
 * Options as getopt reads them, from one line of text:
 *
 *   -ab      switches            -n:   takes a value           -c?   may have one attached
 *   --all    a switch            --in= takes a value           --in? may have one after `=`
 *   _json    `-json`             _out= `-out FILE`             -#    `-10`
 *   *2       two operands at most      @get|list  the first operand is one of these (@|get: or none)
 *   ^-l|-t   one of these options must be there, for the program does something else without
 *   !        no option of the program does harm, so words that only running tells may be options
 *   ~        options end where the first operand stands
 */
import { UNKNOWN, type Word } from "./word.ts";

type Kind = "none" | "value" | "optional";

export type Options = {
  short: Map<string, Kind>;
  long: Map<string, Kind>;
  /** With one dash: `-name`. */
  single: Map<string, Kind>;
  digits: boolean;
  mostOperands: number;
  first: Set<string> | null;
  needed: Set<string> | null;
  harmless: boolean;
  leading: boolean;
};

const compiled = new Map<string, Options>();

export function optionsFrom(spec: string): Options {
  const known = compiled.get(spec);
  if (known !== undefined) return known;
  const options: Options = {
    short: new Map(),
    long: new Map(),
    single: new Map(),
    digits: false,
    mostOperands: Infinity,
    first: null,
    needed: null,
    harmless: false,
    leading: false,
  };
  for (const item of spec.split(/\s+/)) addItem(options, item);
  compiled.set(spec, options);
  return options;
}

function addItem(options: Options, item: string): void {
  const last = item.at(-1) ?? "";
  const kind: Kind = last === "=" || last === ":" ? "value" : last === "?" ? "optional" : "none";
  const name = kind === "none" ? item : item.slice(0, -1);
  if (item === "") return;
  if (item === "!") options.harmless = true;
  else if (item === "~") options.leading = true;
  else if (item === "-#") options.digits = true;
  else if (item.startsWith("*")) options.mostOperands = Number(item.slice(1));
  else if (item.startsWith("@")) options.first = new Set(item.slice(1).split("|"));
  else if (item.startsWith("^")) options.needed = new Set(item.slice(1).split("|"));
  else if (item.startsWith("--")) options.long.set(name, kind);
  else if (item.startsWith("_")) options.single.set(`-${name.slice(1)}`, kind);
  else if (item.startsWith("-")) for (const unit of name.slice(1)) options.short.set(unit, kind);
  else throw new Error(`no option is written ${item}`);
}

/** Options and operands of a program. `unknown`: the first word that is no known option. */
export type Parsed = {
  operands: Word[];
  /** Where the operands begin among the words, for options that end there. */
  rest: number;
  /** Each option with its value. */
  given: { name: string; value: Word | null }[];
  unknown: Word | null;
};

export function parseOptions(words: readonly Word[], options: Options): Parsed {
  const parsed: Parsed = { operands: [], rest: words.length, given: [], unknown: null };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === undefined) break;
    const { text } = word;
    if (text === "--") {
      parsed.operands.push(...words.slice(at + 1));
      parsed.rest = at + 1;
      return parsed;
    }
    if (mayBeOption(word) && !options.harmless) parsed.unknown ??= word;
    if (!text.startsWith("-") || text === "-") {
      if (options.leading) {
        parsed.operands.push(...words.slice(at));
        parsed.rest = at;
        return parsed;
      }
      parsed.operands.push(word);
      continue;
    }
    at += option(word, words[at + 1], options, parsed) ? 1 : 0;
  }
  return parsed;
}

/** What it becomes is known only when it runs, and that may begin with a dash. */
function mayBeOption({ text, dynamic, glob, brace }: Word): boolean {
  if (brace) return true;
  if (glob && /^[*?[]/.test(text)) return true;
  return dynamic && (text.startsWith(UNKNOWN) || !/^[^-]/.test(text));
}

/** Whether the next word was its value. */
function option(word: Word, next: Word | undefined, options: Options, parsed: Parsed): boolean {
  const { text } = word;
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  const attached = equals === -1 ? null : { ...word, text: text.slice(equals + 1) };
  const kind = text.startsWith("--") ? options.long.get(name) : options.single.get(name);
  if (kind !== undefined) {
    if (kind === "none" && attached !== null) parsed.unknown ??= word;
    const separate = kind === "value" && attached === null;
    parsed.given.push({ name, value: separate ? (next ?? null) : attached });
    if (separate && next === undefined) parsed.unknown ??= word;
    return separate && next !== undefined;
  }
  if (text.startsWith("--")) {
    parsed.unknown ??= word;
    parsed.given.push({ name, value: attached });
    return false;
  }
  if (options.digits && /^-\d+$/.test(text)) return false;
  return cluster(word, next, options, parsed);
}

function cluster(word: Word, next: Word | undefined, options: Options, parsed: Parsed): boolean {
  const { text } = word;
  for (let at = 1; at < text.length; at += 1) {
    const unit = text[at] ?? "";
    const kind = options.short.get(unit);
    if (kind === undefined) {
      parsed.unknown ??= word;
      parsed.given.push({ name: `-${unit}`, value: null });
      continue;
    }
    const rest = text.slice(at + 1);
    if (kind === "none") {
      parsed.given.push({ name: `-${unit}`, value: null });
      continue;
    }
    const attached = rest === "" ? null : { ...word, text: rest };
    const separate = kind === "value" && attached === null;
    parsed.given.push({ name: `-${unit}`, value: separate ? (next ?? null) : attached });
    if (separate && next === undefined) parsed.unknown ??= word;
    return separate && next !== undefined;
  }
  return false;
}

/** Whether words are a use that a line describes: every option known, operands as allowed. */
export function isUse(words: readonly Word[], options: Options): boolean {
  if (words.some(({ opaque }) => opaque)) return false;
  const { operands, given, unknown } = parseOptions(words, options);
  if (options.needed !== null && !given.some(({ name }) => options.needed?.has(name) === true))
    return false;
  if (unknown !== null || operands.length > options.mostOperands) return false;
  const [first] = operands;
  return options.first === null || options.first.has(first?.text ?? "");
}
