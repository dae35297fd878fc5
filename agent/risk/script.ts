/** Walks a script's tree: every command in every branch, substitution, redirect and here-document. */
import { NO_INPUT, UNKNOWN_INPUT, type Assignment, type Context, type Input } from "./context.ts";
import { judgeAssignments } from "./environment.ts";
import type { Node } from "./grammar.ts";
import { EXPRESSIONS, GROUPS, UNKNOWN_FORM } from "./node-kinds.ts";
import { outputOf, wordsOf } from "./pipes.ts";
import { judgeReading, judgeRedirect } from "./redirects.ts";
import { isSecretName } from "./secrets.ts";
import { calls, printedBy, variablesOf } from "./static-text.ts";
import { readWord, type Reader, type Word } from "./word.ts";

const SECRET_VARIABLE = {
  rule: "environment.secret",
  level: "CAUTION",
  axes: ["exfiltration"],
  text: "uses a variable that by its name is a secret: what it is given to may show it",
} as const;

const MISPLACED = {
  rule: "syntax.misplaced",
  level: "CAUTION",
  text: "a word of the shell where it means nothing, so parts may mean something else",
} as const;

type Walk = { reader: Reader; context: Context };

export function walkScript(root: Node, source: string, context: Context): void {
  const values = variablesOf(root, source);
  const reader: Reader = {
    source,
    value: (name) => values.get(name) ?? null,
    printed: (node) => printedBy(node, reader),
  };
  visit(root, NO_INPUT, { reader, context });
}

function visit(node: Node, input: Input, walk: Walk): void {
  const { type } = node;
  if (type === "command") return command(node, [], input, walk);
  if (type === "pipeline") return pipeline(node, input, walk);
  if (type === "redirected_statement") return redirected(node, input, walk);
  if (type === "declaration_command" || type === "unset_command") return builtin(node, input, walk);
  if (type === "test_command") return test(node, walk);
  if (type === "for_statement") return loop(node, input, walk);
  if (type === "function_definition") return definition(node, walk);
  if (type === "variable_assignment") {
    return walk.context.command({ words: [], assignments: [assignment(node, walk)], input });
  }
  if (type === "file_redirect") return redirect(node, walk);
  if (GROUPS.has(type)) return each(node, input, walk);
  if (EXPRESSIONS.test(type)) return substitutions(node, walk);
  // What is left are operators and keywords, which have no letters of a node's name.
  if (/_/.test(type)) {
    walk.context.add(UNKNOWN_FORM, [node.start, node.end]);
    each(node, UNKNOWN_INPUT, walk);
  }
}

function each(node: Node, input: Input, walk: Walk): void {
  for (const child of node.children) {
    // Only a case's branches end in these; bash takes the rest for an error.
    if (/^;[;&]/.test(child.type) && node.type !== "case_item" && node.type !== "case_statement") {
      walk.context.add(MISPLACED, [child.start, child.end]);
    }
    visit(child, input, walk);
  }
}

type Visit = (node: Node, input: Input) => void;

function pipeline(node: Node, input: Input, walk: Walk, last: Visit | null = null): void {
  const parts = node.children.filter(({ type }) => type !== "|" && type !== "|&");
  let next = input;
  for (const part of parts) {
    if (last !== null && part === parts.at(-1)) last(part, next);
    else visit(part, next, walk);
    next = outputOf(part, next, walk.reader);
  }
}

function redirected(node: Node, input: Input, walk: Walk): void {
  const redirects = node.children.filter(({ type }) => type.endsWith("_redirect"));
  const bodies = node.children.filter(({ type }) => !type.endsWith("_redirect"));
  let given = input;
  const extra: Word[] = [];
  for (const item of redirects) given = inputOf(item, given, walk, extra);
  // To the grammar all of `a && b | c <<EOF` is redirected; to bash only its last command is.
  const last: Visit = (body, piped) => {
    const own = given === input ? piped : given;
    if (body.type === "command") command(body, extra, own, walk);
    else if (body.type === "pipeline") pipeline(body, piped, walk, last);
    else if (body.type === "list") {
      each({ ...body, children: body.children.slice(0, -1) }, piped, walk);
      for (const end of body.children.slice(-1)) last(end, piped);
    } else visit(body, own, walk);
  };
  for (const body of bodies) last(body, input);
  const [body] = bodies;
  for (const item of redirects) {
    if (item.type !== "heredoc_redirect") continue;
    // What follows `<<EOF` on its line stands within it: `cat <<EOF | sh`.
    const passed = body?.type === "command" && wordsOf(body, walk.reader)[0]?.text === "cat";
    for (const child of item.children) {
      if (/^(?:pipeline|list|command|redirected_statement|subshell|ERROR)$/.test(child.type))
        visit(child, passed ? given : UNKNOWN_INPUT, walk);
    }
  }
}

/** Judges a redirect, and tells what is read afterwards; words that stand behind it go to `extra`. */
function inputOf(node: Node, before: Input, walk: Walk, extra: Word[]): Input {
  const { reader } = walk;
  if (node.type === "heredoc_redirect") return heredoc(node, walk, extra);
  if (node.type === "herestring_redirect") {
    const [word, ...more] = node.children.filter(({ type }) => /[a-z]/.test(type));
    if (word === undefined) return UNKNOWN_INPUT;
    substitutions(node, walk);
    extra.push(...more.map((child) => readWord(child, reader)));
    const { text, dynamic } = readWord(word, reader);
    return dynamic ? UNKNOWN_INPUT : { kind: "text", text };
  }
  redirect(node, walk, extra);
  return node.children.some(({ type }) => type === "<") ? UNKNOWN_INPUT : before;
}

function redirect(node: Node, walk: Walk, extra: Word[] = []): void {
  const operator = node.children.find(({ type }) => /[<>]/.test(type))?.type ?? "";
  const [target, ...more] = node.children
    .filter(({ type }) => /[a-z]/.test(type) && type !== "file_descriptor")
    .map((child) => readWord(child, walk.reader));
  substitutions(node, walk);
  extra.push(...more);
  if (target !== undefined) judgeRedirect(operator, target, walk.context);
}

function heredoc(node: Node, walk: Walk, extra: Word[]): Input {
  const { source } = walk.reader;
  const part = (type: string): Node | undefined =>
    node.children.find((child) => child.type === type);
  const begin = part("heredoc_start");
  const body = part("heredoc_body");
  for (const child of node.children)
    if (child.type === "file_redirect") redirect(child, walk, extra);
  const text = body === undefined ? "" : source.slice(body.start, body.end);
  const literal = begin !== undefined && /['"\\]/.test(source.slice(begin.start, begin.end));
  if (literal) return { kind: "text", text };
  if (body !== undefined) substitutions(body, walk);
  backticks(text, [body?.start ?? 0, body?.end ?? 0], walk.context);
  return { kind: "text", text };
}

/** The grammar sees no backticks in a here-document; bash does. */
function backticks(text: string, span: [number, number], context: Context): void {
  const parts = text.replace(/\\[\s\S]/g, "  ").split("`");
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) context.script(text.slice(at, at + part.length), span, NO_INPUT);
    at += part.length + 1;
  }
}

function command(node: Node, extra: readonly Word[], input: Input, walk: Walk): void {
  const words: Word[] = [];
  const assignments: Assignment[] = [];
  let given = input;
  const behind: Word[] = [...extra];
  for (const [at, child] of node.children.entries()) {
    const before = walk.reader.source.slice(node.children[at - 1]?.end ?? child.start, child.start);
    if (before.replace(/\\\n/g, "").includes("\n"))
      walk.context.add(MISPLACED, [child.start, child.end]);
    const { type } = child;
    if (type === "variable_assignment") assignments.push(assignment(child, walk));
    else if (type.endsWith("_redirect")) given = inputOf(child, given, walk, behind);
    else if (type === "subshell" || type === "ERROR") visit(child, given, walk);
    else if (/[a-z]/.test(type)) words.push(wordIn(child, walk));
  }
  walk.context.command({ words: [...words, ...behind], assignments, input: given });
}

function wordIn(node: Node, walk: Walk): Word {
  substitutions(node, walk);
  return readWord(node, walk.reader);
}

function assignment(node: Node, walk: Walk): Assignment {
  const { reader } = walk;
  const [name, , value] = node.children;
  substitutions(node, walk);
  const text = name === undefined ? "" : reader.source.slice(name.start, name.end);
  const { start, end } = node;
  return { name: text, value: value === undefined ? null : readWord(value, reader), start, end };
}

/** `export`, `declare`, `unset` and their like: assignments stand among the words. */
function builtin(node: Node, input: Input, walk: Walk): void {
  const words: Word[] = [];
  const assignments: Assignment[] = [];
  for (const child of node.children) {
    if (child.type === "variable_assignment") assignments.push(assignment(child, walk));
    else
      words.push(
        wordIn(
          {
            ...child,
            type: /[a-z]_/.test(child.type) || child.children.length > 0 ? child.type : "word",
          },
          walk,
        ),
      );
  }
  walk.context.command({ words, assignments, input });
}

function test(node: Node, walk: Walk): void {
  substitutions(node, walk);
  const words: Word[] = [];
  const collect = (child: Node): void => {
    if (child.type.endsWith("expression")) child.children.forEach(collect);
    else if (child !== node)
      words.push(
        readWord({ ...child, type: /[a-z]/.test(child.type) ? child.type : "word" }, walk.reader),
      );
  };
  node.children.slice(1, -1).forEach(collect);
  const { start, end } = node;
  const open = readWord({ type: "word", start, end: start + 1, children: [] }, walk.reader);
  walk.context.command({
    words: [open, ...words.map((word) => ({ ...word, end }))],
    assignments: [],
    input: NO_INPUT,
  });
}

function loop(node: Node, input: Input, walk: Walk): void {
  for (const child of node.children) {
    if (child.type === "variable_name") {
      const { start, end } = child;
      const name = walk.reader.source.slice(start, end);
      judgeAssignments([{ name, value: null, start, end }], "nothing", walk.context);
      continue;
    }
    if (child.type === "do_group" || child.type === "compound_statement") visit(child, input, walk);
    else if (/_/.test(child.type) || child.type === "word" || child.type === "string")
      judgeReading(wordIn(child, walk), walk.context);
  }
}

function definition(node: Node, walk: Walk): void {
  const name = node.children.find(({ type }) => type === "word");
  const called = name === undefined ? "" : walk.reader.source.slice(name.start, name.end);
  const body = node.children.at(-1);
  if (body === undefined) return;
  if (calls(body, called, walk.reader.source)) {
    const text = "a function that starts itself again and again: it stops the machine";
    const finding = {
      rule: "shell.fork-bomb",
      level: "CRITICAL",
      axes: ["destructive"],
      text,
    } as const;
    walk.context.add(finding, [node.start, node.end]);
  }
  visit(body, UNKNOWN_INPUT, walk);
  const finding = { rule: "shell.function", level: "SAFE", text: "defines a function" } as const;
  walk.context.add(finding, [node.start, node.end]);
}

/** A variable that by its name is a secret, or that is set where it is used: `${PATH:=/tmp}`. */
function variable({ start, end }: Node, { reader, context }: Walk): void {
  const [, name = "", operator] =
    /^\$\{?[!#]?(\w+)(:?=)?/.exec(reader.source.slice(start, end)) ?? [];
  if (isSecretName(name) && reader.value(name) === null) context.add(SECRET_VARIABLE, [start, end]);
  if (operator !== undefined)
    judgeAssignments([{ name, value: null, start, end }], "nothing", context);
}

/** Visits what runs within words, at any depth. */
function substitutions(node: Node, walk: Walk): void {
  if (node.type === "simple_expansion" || node.type === "expansion") variable(node, walk);
  if (node.type !== "command_substitution" && node.type !== "process_substitution") {
    for (const child of node.children) substitutions(child, walk);
    return;
  }
  const { source } = walk.reader;
  const inside = source.slice(node.start + 1, node.end - 1);
  if (source[node.start] === "`" && inside.includes("\\")) {
    // One level of backslashes belongs to the backticks, which the grammar does not take off.
    const text = inside.replace(/\\([`$\\])/g, "$1");
    return walk.context.script(text, [node.start, node.end], NO_INPUT);
  }
  for (const child of node.children) visit(child, UNKNOWN_INPUT, walk);
}
