/** Sudoers read from its text, for hosts without cvtsudoers (sudo-rs has none). */
import { commandOf, type Grant, type SudoersFile } from "./grant.ts";

const TAG =
  /^(NOPASSWD|PASSWD|SETENV|NOSETENV|EXEC|NOEXEC|FOLLOW|NOFOLLOW|LOG_INPUT|NOLOG_INPUT|LOG_OUTPUT|NOLOG_OUTPUT|MAIL|NOMAIL|INTERCEPT|NOINTERCEPT):\s*/;
const OPTION = /^(?:CWD|CHROOT|TIMEOUT|ROLE|TYPE|NOTBEFORE|NOTAFTER)=(?:"[^"]*"|\S+)\s+/;

/** Lines that are no rule, alias or Defaults are left out: visudo is the one that complains. */
export function readSudoersText(text: string): SudoersFile {
  const lines = text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => withoutComment(line).trim())
    .filter((line) => line !== "" && !/^[@#]include/.test(line));
  const aliases = new Map<string, string[]>();
  for (const line of lines) addAliases(line, aliases);
  const defaults = lines.flatMap((line) => {
    const [, entries] = /^Defaults(?:[@:!>]\S+)?\s+(.*)$/.exec(line) ?? [];
    return entries === undefined
      ? []
      : listOf(entries).map((entry) => entry.replace(/\s*(\+=|-=|=)\s*/, "$1").replaceAll('"', ""));
  });
  const grants = lines.flatMap((line) =>
    /^(?:Defaults|\w+_Alias)\b/.test(line) ? [] : grantsOf(line, aliases),
  );
  return { grants, defaults };
}

/** `#1000` at the start and after a separator is a user id; elsewhere `#` begins a comment. */
function withoutComment(line: string): string {
  const at = [...line.matchAll(/(?<!\\)#/g)].find(({ index }) => {
    const before = line.slice(0, index);
    return before.split('"').length % 2 === 1 && !/^#(?:-?\d|include)/.test(line.slice(index));
  });
  return at === undefined ? line : line.slice(0, at.index);
}

function addAliases(line: string, aliases: Map<string, string[]>): void {
  const [, rest] = /^(?:User|Runas|Cmnd|Cmd|Host)_Alias\s+(.*)$/.exec(line) ?? [];
  for (const one of rest?.split(/\s:\s/) ?? []) {
    const [, name, list] = /^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*)$/.exec(one) ?? [];
    if (name !== undefined && list !== undefined) aliases.set(name, listOf(list));
  }
}

/** Separated by commas; one that is meant is escaped, or in quotes. */
function listOf(text: string): string[] {
  return text
    .split(/(?<!\\),(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function resolved(
  names: readonly string[],
  aliases: ReadonlyMap<string, string[]>,
  depth = 0,
): string[] {
  return names.flatMap((name) => {
    const negated = name.startsWith("!");
    const known = depth < 8 ? aliases.get(name.replace(/^!\s*/, "")) : undefined;
    if (known === undefined) return [name];
    const inner = resolved(known, aliases, depth + 1);
    return negated ? inner.map((one) => (one.startsWith("!") ? one.slice(1) : `!${one}`)) : inner;
  });
}

function grantsOf(line: string, aliases: ReadonlyMap<string, string[]>): Grant[] {
  const [, left, right] = /^((?:[^=\\]|\\.)+?)=\s*(.*)$/.exec(line) ?? [];
  if (left === undefined || right === undefined) return [];
  // Users and hosts, each a list whose commas may have spaces behind.
  const [users = ""] = left
    .trim()
    .replace(/\s*,\s*/g, ",")
    .split(/\s+(?![^"]*"(?:[^"]*"[^"]*")*[^"]*$)/);
  const tags = { withoutPassword: false, setenv: false, runas: ["root"] };
  return listOf(right).flatMap((entry) => {
    let rest = entry;
    const [all, runas] = /^\(([^)]*)\)\s*/.exec(rest) ?? [];
    if (all !== undefined && runas !== undefined) {
      rest = rest.slice(all.length);
      const [as = ""] = runas.split(":");
      tags.runas = as.trim() === "" ? ["(group)"] : resolved(listOf(as), aliases);
    }
    rest = withoutTags(rest, tags);
    return resolved([rest], aliases).map((command) => {
      const negated = command.startsWith("!");
      const written = command.replace(/^!\s*/, "");
      const { withoutPassword, setenv } = tags;
      return {
        users: resolved(listOf(users), aliases),
        ...commandOf(written),
        runas: tags.runas,
        negated,
        withoutPassword,
        setenv: setenv || written === "ALL",
      };
    });
  });
}

function withoutTags(text: string, tags: { withoutPassword: boolean; setenv: boolean }): string {
  let rest = text;
  while (true) {
    const option = OPTION.exec(rest);
    const tag = TAG.exec(rest);
    const all = option?.[0] ?? tag?.[0];
    if (all === undefined) return rest;
    if (tag?.[1] === "NOPASSWD" || tag?.[1] === "PASSWD")
      tags.withoutPassword = tag[1] === "NOPASSWD";
    if (tag?.[1] === "SETENV" || tag?.[1] === "NOSETENV") tags.setenv = tag[1] === "SETENV";
    rest = rest.slice(all.length);
  }
}
