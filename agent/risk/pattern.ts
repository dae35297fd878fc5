/**
 * When a rule applies, from one line of text:
 *
 *   git|hub reset            program, then operands next to each other, not far from the first
 *   --hard|-f                one of these options is there; short ones also in a cluster, long ones shortened
 *   @/regex/                 some operand matches;  %/regex/ some word matches, options included
 *   #0                       no operand at all;  #3 at least three
 *
 * Within a regular expression a space is written `\s`.
 */
import type { Word } from "./word.ts";

type Test = (call: Call) => boolean;
export type Pattern = { programs: readonly string[]; holds: Test };

/** A program with its words, sorted once for all rules that look at it. */
export type Call = {
  program: string;
  words: readonly Word[];
  operands: readonly string[];
  options: readonly string[];
  /** With a dash there may be a whole word behind: `find -delete`. */
  oneDash: boolean;
  /** How many operands may stand before the subcommand. */
  mostBefore: number;
};

/** Of these, `-rf` is one option and not two. */
const ONE_DASH = new Set([
  "find",
  "openssl",
  "terraform",
  "tofu",
  "java",
  "ffmpeg",
  "convert",
  "magick",
  "mogrify",
  "consul",
  "nomad",
  "packer",
  "gcc",
  "g++",
  "clang",
  "ld",
  "xset",
  "xterm",
]);

/** Values of options that stand before a subcommand are operands here, as nobody knows all options. */
const MOST_BEFORE = 3;

export function callOf(program: string, words: readonly Word[]): Call {
  const operands: string[] = [];
  const options: string[] = [];
  let over = false;
  for (const { text } of words) {
    if (!over && text === "--") over = true;
    else if (!over && text.length > 1 && text.startsWith("-")) options.push(text);
    else operands.push(text);
  }
  // Git's own options were taken off before, so that its subcommand is the first word.
  const plain = program === "git" && words[0]?.text.startsWith("-") === false;
  const mostBefore = plain ? 0 : MOST_BEFORE;
  return { program, words, operands, options, oneDash: ONE_DASH.has(program), mostBefore };
}

/** `exact`: options count only as they are written, for what takes a danger away. */
export function patternFrom(line: string, exact: boolean): Pattern {
  const [programs = "", ...items] = line.split(" ");
  const subcommands: Set<string>[] = [];
  const tests: Test[] = [];
  for (const item of items) {
    const regex = /^([@%])\/(.*)\/$/.exec(item);
    if (regex?.[2] !== undefined) {
      const wanted = new RegExp(regex[2], "i");
      if (regex[1] === "@")
        tests.push(({ operands }) => operands.some((word) => wanted.test(word)));
      else tests.push(({ words }) => words.some(({ text }) => wanted.test(text)));
    } else if (item === "#0") tests.push(({ operands }) => operands.length === 0);
    else if (/^#\d$/.test(item)) tests.push(({ operands }) => operands.length >= Number(item[1]));
    else if (item.startsWith("-")) {
      const flags = item.split("|");
      tests.push((call) => flags.some((flag) => hasOption(call, flag, exact)));
    } else subcommands.push(new Set(item.split("|")));
  }
  if (subcommands.length > 0) tests.unshift((call) => follows(call, subcommands));
  return { programs: programs.split("|"), holds: (call) => tests.every((test) => test(call)) };
}

function follows({ operands, mostBefore }: Call, wanted: readonly Set<string>[]): boolean {
  for (let first = 0; first <= mostBefore; first += 1) {
    if (wanted.every((words, at) => words.has(operands[first + at]?.toLowerCase() ?? "")))
      return true;
  }
  return false;
}

/** `flag`: `-f`, `--force`, or `-name` of a program whose options have one dash. */
function hasOption({ options, oneDash }: Call, flag: string, exact: boolean): boolean {
  if (flag.startsWith("--")) {
    return options.some((option) => {
      const [name = ""] = option.split("=", 1);
      return name === flag || (!exact && name.length > 3 && flag.startsWith(name));
    });
  }
  if (flag.length > 2)
    return options.some((option) => option === flag || option.startsWith(`${flag}=`));
  const unit = flag.slice(1);
  return options.some((option) => {
    if (option.startsWith("--")) return false;
    if (option === flag) return true;
    return !oneDash && option.slice(1).split("=", 1)[0]?.includes(unit) === true;
  });
}
