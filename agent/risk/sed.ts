/** Scripts of sed: only those whose every command is known to print or change what is printed. */

/** `e` runs a program, `w` and `W` write a file, `r` and `R` read one. */
const PLAIN = new Set("pPdDgGhHnNxq=Ql{}z");
const ADDRESS = /^(?:\d+(?:~\d+)?|\$|\+\d+|~\d+)/;
const SUBSTITUTE_FLAGS = /^[gpiImM0-9]*/;

/** Whether nothing in it starts, reads or writes anything. */
export function isHarmlessSed(script: string): boolean {
  let rest = script;
  while (true) {
    rest = rest.replace(/^[\s;]+/, "");
    if (rest === "") return true;
    if (rest.startsWith("#")) {
      rest = rest.replace(/^[^\n]*/, "");
      continue;
    }
    const behind = withoutAddresses(rest);
    const next = behind === null ? null : withoutCommand(behind);
    if (next === null) return false;
    rest = next;
  }
}

function withoutAddresses(text: string): string | null {
  let rest = text;
  for (let count = 0; count < 2; count += 1) {
    const number = ADDRESS.exec(rest);
    if (number !== null) rest = rest.slice(number[0].length);
    else if (rest.startsWith("/") || /^\\[^\n\\]/.test(rest)) {
      const delimiter = rest.startsWith("/") ? "/" : (rest[1] ?? "/");
      const end = closing(rest, rest.startsWith("/") ? 1 : 2, delimiter);
      if (end === -1) return null;
      rest = rest.slice(end + 1).replace(/^[IM]+/, "");
    } else break;
    rest = rest.trimStart();
    if (!rest.startsWith(",")) break;
    rest = rest.slice(1).trimStart();
  }
  return rest.replace(/^[\s!]+/, "");
}

function withoutCommand(text: string): string | null {
  const [name = ""] = text;
  const rest = text.slice(1);
  if (name === "s" || name === "y") {
    const [delimiter = ""] = rest;
    if (!/^[^\s\\\w;]$/.test(delimiter)) return null;
    const middle = closing(rest, 1, delimiter);
    const end = middle === -1 ? -1 : closing(rest, middle + 1, delimiter);
    if (end === -1) return null;
    const behind = rest.slice(end + 1);
    const flags = name === "s" ? (SUBSTITUTE_FLAGS.exec(behind)?.[0] ?? "") : "";
    return ended(behind.slice(flags.length));
  }
  if (name === "a" || name === "i" || name === "c")
    return rest.replace(/^(?:[^\n\\]|\\[\s\S])*/, "");
  if (name === ":" || name === "b" || name === "t" || name === "T")
    return rest.replace(/^ *[\w.-]*/, "");
  if (!PLAIN.has(name)) return null;
  if (name === "{" || name === "}") return rest;
  return ended(name === "q" || name === "Q" || name === "l" ? rest.replace(/^ *\d*/, "") : rest);
}

/** After a command there is the next one's separator, or nothing. */
function ended(rest: string): string | null {
  return /^\s*(?:[;\n}#]|$)/.test(rest) ? rest.replace(/^[ \t]+/, "") : null;
}

function closing(text: string, from: number, delimiter: string): number {
  let set = false;
  for (let at = from; at < text.length; at += 1) {
    const unit = text[at];
    if (unit === "\\") at += 1;
    else if (unit === "\n") return -1;
    else if (unit === "[" && !set) set = text.indexOf("]", at + 2) !== -1;
    else if (unit === "]") set = false;
    else if (unit === delimiter && !set) return at;
    else if (unit === delimiter) {
      // Within a set the delimiter counts for some seds and not for others.
      return -1;
    }
  }
  return -1;
}
