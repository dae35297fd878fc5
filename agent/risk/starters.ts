/** `find`, `xargs` and `parallel`: they start another program with words that they find or read. */
import { NO_INPUT, UNKNOWN_INPUT, type Command, type Context } from "./context.ts";
import type { Finding, Span } from "./findings.ts";
import { optionsFrom, parseOptions } from "./options.ts";
import { judgeShellText } from "./shells.ts";
import { staticWord, UNKNOWN, type Word } from "./word.ts";

const TESTS = new Set(
  "amin anewer atime cmin cnewer ctime fstype gid group ilname iname inum ipath iregex iwholename links lname maxdepth mindepth mmin mtime name newer path perm regex regextype samefile size type uid used user wholename xtype context printf newermt newerat newerct newermm D".split(
    " ",
  ),
);
const SWITCHES = new Set(
  "and a o or not daystart depth d empty executable false follow help ignore_readdir_race ls mount xdev nogroup noignore_readdir_race noleaf nouser nowarn print print0 prune quit readable true version warn writable xautofs H L P E X s x O1 O2 O3 n files0-from".split(
    " ",
  ),
);
const STARTS = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

const FIND_OTHER: Finding = {
  rule: "files.find-action",
  level: "CAUTION",
  text: "find does more here than to look and print",
};
const FIND_DYNAMIC: Finding = {
  rule: "files.find-dynamic",
  level: "CAUTION",
  text: "what find is told is known only when it runs, and it can delete and start programs",
};
const LOOKS: Finding = { rule: "read-only", level: "SAFE", text: "only looks and prints" };

export function judgeFind(args: readonly Word[], span: Span, context: Context): void {
  let known = true;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined) break;
    const { text } = word;
    if (STARTS.has(text)) {
      const rest = args.slice(at + 1);
      // Who forgets the backslash gives `find` an end that a shell would have taken.
      const length = rest.findIndex(
        (end, index) =>
          end.text === ";" || (end.text === "+" && rest[index - 1]?.text.includes("{}")),
      );
      const command = (length === -1 ? rest : rest.slice(0, length)).map(filled);
      if (command.length > 0) context.command({ words: command, assignments: [], input: NO_INPUT });
      at += length === -1 ? rest.length : length + 1;
    } else if (/^[-]./.test(text)) {
      if (TESTS.has(text.slice(1))) at += 1;
      else if (!SWITCHES.has(text.slice(1))) known = false;
    } else if (
      (word.dynamic && !/^[^-]/.test(text.replace(UNKNOWN, "-"))) ||
      word.brace ||
      word.opaque
    ) {
      context.add(FIND_DYNAMIC, [word.start, word.end]);
    }
  }
  context.add(known ? LOOKS : FIND_OTHER, span);
}

/** `{}` becomes a name that is known only when it runs. */
function filled(word: Word): Word {
  return fill(word, "{}");
}

function fill(word: Word, mark: string): Word {
  if (mark === "" || !word.text.includes(mark)) return word;
  // A path that find or a reader of lines gives may begin with a dash only where it is the whole word.
  return { ...word, text: word.text.replaceAll(mark, UNKNOWN), dynamic: true, brace: false };
}

const XARGS = optionsFrom(
  "~ -0oprtx -a: -d: -E: -I: -J: -L: -n: -P: -R: -S: -s: -e? -i? -l? --null --open-tty --interactive --no-run-if-empty --verbose --exit --show-limits --process-slot-var= --arg-file= --delimiter= --eof? --replace? --max-lines? --max-args= --max-procs= --max-chars= --version --help",
);

export function judgeXargs({ words, input }: Command, span: Span, context: Context): void {
  const args = words.slice(1);
  const parsed = parseOptions(args, XARGS);
  if (parsed.unknown !== null) {
    const text = "an option of xargs that is not known here";
    context.add({ rule: "processes.xargs", level: "CAUTION", text }, span);
  }
  const replace = parsed.given.find(({ name }) => /^(?:-[IiJ]|--replace)$/.test(name));
  const mark = replace === undefined ? "" : replace.value?.text || "{}";
  const rest = args.slice(parsed.rest);
  // Without a program it is echo.
  if (rest.length === 0) return context.add({ ...LOOKS, text: "only prints" }, span);
  const [start, end] = span;
  const given =
    input.kind === "text"
      ? input.text
          .split(/\s+/)
          .filter(Boolean)
          .slice(0, 50)
          .map((text) => ({ ...staticWord(text, start, end), dynamic: true }))
      : [{ ...staticWord(UNKNOWN, start, end), dynamic: true }];
  const inner = mark === "" ? [...rest, ...given] : rest.map((word) => fill(word, mark));
  if (mark !== "" && input.kind === "text") {
    const line = input.text.trim();
    const whole = rest.map((word) =>
      word.text.includes(mark)
        ? { ...word, text: word.text.replaceAll(mark, line), dynamic: true }
        : word,
    );
    context.command({ words: whole, assignments: [], input: NO_INPUT });
  }
  context.command({ words: inner, assignments: [], input: NO_INPUT });
}

const PARALLEL = optionsFrom(
  "~ -0kmqtuvXi -a: -d: -I: -j: -J: -L: -n: -N: -P: -S: -s: -U: --null --keep-order --dry-run --bar --eta --will-cite --jobs= --arg-file= --colsep= --delimiter= --max-args= --max-procs= --replace? --sshlogin= --pipe --block= --halt= --joblog= --results= --retries= --timeout= --tmpdir= --tag --quote --xargs --no-notice --citation --progress --verbose",
);

/** It gives its words to a shell; without a program, what it reads are the commands. */
export function judgeParallel({ words, input }: Command, span: Span, context: Context): void {
  const args = words.slice(1);
  const parsed = parseOptions(args, PARALLEL);
  const rest = args.slice(parsed.rest);
  const mark = rest.findIndex(({ text }) => /^:{3,4}\+?$/.test(text));
  const command = mark === -1 ? rest : rest.slice(0, mark);
  const values =
    mark === -1 ? [] : rest.slice(mark + 1).filter(({ text }) => !/^:{3,4}\+?$/.test(text));
  context.add(
    { rule: "processes.parallel", level: "CAUTION", text: "starts many programs at once" },
    span,
  );
  if (command.length === 0) {
    for (const value of values) judgeShellText(value.text, value, context);
    if (values.length === 0) {
      const text = input.kind === "text" ? input.text : UNKNOWN;
      judgeShellText(text, { start: span[0], end: span[1] }, context);
    }
    return;
  }
  const holes = command.some(({ text }) => /\{[^}]*\}/.test(text));
  const filledIn = command.map((word) => ({
    ...word,
    text: word.text.replace(/\{[^}]*\}/g, UNKNOWN),
  }));
  const [start, end] = span;
  const last = { ...staticWord(UNKNOWN, start, end), dynamic: true };
  context.command({
    words: holes ? filledIn : [...command, ...(values.length > 0 ? values : [last])],
    assignments: [],
    input: UNKNOWN_INPUT,
  });
  const whole = [...filledIn, ...(holes ? [] : [last])].map(({ text }) => text).join(" ");
  judgeShellText(whole, { start, end }, context);
}
