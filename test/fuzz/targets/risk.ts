/** Commands: the judge never throws, is never slow, and nothing put around an unsafe command makes it look better. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { LEVELS, type Level } from "../../../agent/risk/level.ts";
import { openRisk } from "../../../agent/risk/open.ts";
import { AROUND, BEHIND, HARMLESS, UNSAFE } from "../../agent/risk/commands.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const judge = await openRisk();
const rank = (level: Level): number => LEVELS.indexOf(level);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const escaped = (text: string): string => `"${text.replace(/["$`\\]/g, "\\$&")}"`;

/** Shells that are given a text; whatever is in it is quoted as a shell wants it. */
const SHELLS: readonly ((text: string) => string)[] = [
  (c) => `sh -c ${quoted(c)}`,
  (c) => `bash -xec ${quoted(c)} name arg`,
  (c) => `bash -c ${escaped(c)}`,
  (c) => `sudo -u root sh -c ${quoted(c)}`,
  (c) => `env A=b bash -c ${quoted(c)}`,
  (c) => `su root -c ${quoted(c)}`,
  (c) => `eval ${quoted(c)}`,
  (c) => `echo ${quoted(c)} | bash`,
  (c) => `bash <<< ${quoted(c)}`,
  (c) => `timeout 5 xargs -I{} sh -c ${quoted(c)}`,
  (c) => `ssh host ${quoted(c)}`,
  (c) => `trap ${quoted(c)} EXIT`,
  (c) => `watch ${quoted(c)}`,
  (c) => `docker exec box sh -c ${quoted(c)}`,
  (c) => `nsenter -t 1 -m sh -c ${quoted(c)}`,
];
/** One command of plain words: only that can stand behind `sudo`, or within somebody's quotes. */
const isSimple = (text: string): boolean =>
  /^[\w ./=:@%,+~-]+$/.test(text) && !/^(?:coproc|time|function) /.test(text);

type Layer = { kind: "around" | "shell" | "behind"; which: number; before: number };
const layer: fc.Arbitrary<Layer> = fc.record({
  kind: fc.constantFrom("around", "shell", "behind"),
  which: fc.nat(999),
  before: fc.nat(999),
});

const at = <T>(from: readonly T[], which: number): T => {
  const one = from[which % from.length];
  assert(one !== undefined);
  return one;
};

function within(text: string, { kind, which, before }: Layer): string {
  if (kind === "around" && isSimple(text)) return at(AROUND, which)(text);
  if (kind === "behind") {
    const behind = at(BEHIND, which)(at(HARMLESS, before), text);
    // A here document must end with its line, and `$((` is arithmetic.
    if (behind.endsWith(text) || !/EOF|^\(/.test(text)) return behind;
  }
  return at(SHELLS, which)(text);
}

const PIECES = [
  ..."$ ( ) { } [ ] < > | & ; ` ' \" \\ # ! * ? ~ =".split(" "),
  "\n",
  "$(",
  "${",
  "<<EOF\n",
  "EOF\n",
  "if ",
  "do ",
  "$'\\x",
];
const WORDS = [
  ...UNSAFE,
  ...HARMLESS,
  "sudo",
  "env",
  "xargs",
  "bash -c",
  "find . -exec",
  "--",
  "-n",
];

type Input =
  | { kind: "wrapped"; command: string; layers: Layer[] }
  | { kind: "text"; text: string }
  | { kind: "argv"; argv: string[] };

export const risk = target<Input>({
  input: fc.oneof(
    fc.record({
      kind: fc.constant("wrapped"),
      command: fc.constantFrom(...UNSAFE),
      layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant("text"),
      text: fc
        .tuple(fc.array(oddText([...WORDS, ...PIECES]), { maxLength: 12 }), edits(PIECES))
        .map(([words, changes]) => edited(words.join(" "), changes)),
    }),
    fc.record({ kind: fc.constant("argv"), argv: fc.array(oddText(WORDS), { maxLength: 8 }) }),
  ),
  holds(input) {
    const began = performance.now();
    const level = levelOf(input);
    assert(performance.now() - began < 5000, "it takes too long");
    if (input.kind === "wrapped")
      assert(
        rank(level) >= rank(judge.riskOf(input.command).level),
        `${level}: ${JSON.stringify(input.layers.reduce(within, input.command))}`,
      );
  },
});

function levelOf(input: Input): Level {
  const judged =
    input.kind === "argv"
      ? judge.riskOfArgv(input.argv)
      : judge.riskOf(
          input.kind === "text" ? input.text : input.layers.reduce(within, input.command),
        );
  assert(LEVELS.includes(judged.level));
  // A level comes with its reason, unless it is the best.
  if (judged.level !== "SAFE") assert(judged.reasons.length > 0);
  return judged.level;
}
