/** Patterns of hosts, as Ansible has them: `web*:!web03:&db`, groups or hosts, `~` before a regular expression. */
import { isIPv6 } from "node:net";
import type { InventoryHost } from "./target.ts";

export type Unmatched = { kind: "unmatched"; pattern: string };
export type Malformed = { kind: "malformed"; pattern: string };

/**
 * The hosts that `pattern` selects, in the order of the inventory. A word that matches nothing is an error:
 * a slip of the pen must not pass for an empty fleet.
 */
export function select(
  hosts: readonly InventoryHost[],
  pattern: string,
): InventoryHost[] | Unmatched | Malformed {
  let chosen = new Set<InventoryHost>();
  let any = false;
  // First what is added, then what is asked for too, then what is taken away, wherever they stand.
  for (const operator of ["", "&", "!"])
    for (const word of wordsOf(pattern)) {
      const [own, bare] = /^[&!]/.test(word) ? [word.charAt(0), word.slice(1)] : ["", word];
      if (own !== operator) continue;
      if (!any && own !== "") chosen = new Set(hosts);
      any = true;
      const test = matcherOf(bare);
      if (test === null) return { kind: "malformed", pattern: word };
      const matching = hosts.filter(test);
      if (matching.length === 0) return { kind: "unmatched", pattern: word };
      if (own === "") for (const host of matching) chosen.add(host);
      else if (own === "&") chosen = new Set(matching.filter((host) => chosen.has(host)));
      else for (const host of matching) chosen.delete(host);
    }
  if (!any) return { kind: "malformed", pattern };
  return hosts.filter((host) => chosen.has(host));
}

/** A comma parts words, and so does a colon, but not within brackets or where it is part of an address. */
function wordsOf(pattern: string): string[] {
  const parts = pattern.split(pattern.startsWith("~") ? "," : /,(?![^[]*\])/);
  const words = parts.flatMap((part) =>
    part.startsWith("~") || isIPv6(part.trim().replace(/^[&!]/, ""))
      ? [part]
      : part.split(/:(?![^[]*\])/),
  );
  return words.map((word) => word.trim()).filter((word) => word !== "");
}

function matcherOf(word: string): ((host: InventoryHost) => boolean) | null {
  const test = word.startsWith("~") ? regular(word.slice(1)) : glob(word);
  if (test === null) return null;
  if (word === "all" || word === "*") return () => true;
  if (word === "ungrouped") return ({ groups }) => groups.length === 0;
  return ({ name, groups }) => test(name) || groups.some(test);
}

function regular(source: string): ((text: string) => boolean) | null {
  try {
    const regex = new RegExp(`^(?:${source})`);
    return (text) => regex.test(text);
  } catch {
    return null;
  }
}

/** `*`, `?` and `[abc]` as in fnmatch(3), and `[01-12,14]` as names are folded for a person. */
function glob(word: string): ((text: string) => boolean) | null {
  // Ansible counts the hosts of a group by these, a file names hosts; as a set of characters it is neither.
  if (/^\[.*\]$/.test(word) && isIPv6(word.slice(1, -1))) return (text) => text === word;
  if (/\[[^\]]*:[^\]]*\]/.test(word)) return null;
  const source = word
    .replace(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".")
    .replaceAll("[!", "[^")
    .replace(FOLDED, (_, parts: string) => `(?:${numbersIn(parts).join("|")})`);
  try {
    const whole = new RegExp(`^${source}$`);
    return (text) => whole.test(text);
  } catch {
    return null;
  }
}

/** Several numbers, or a range of them; `[12]` is a 1 or a 2, as ever. */
const FOLDED = /\[((?:\d{1,9}(?:-\d{1,9})?,)+\d{1,9}(?:-\d{1,9})?|\d{1,9}-\d{1,9})\]/g;
const MOST = 100_000;

function numbersIn(parts: string): string[] {
  return parts.split(",").flatMap((part) => {
    const [first = "", last = first] = part.split("-");
    const width = first.startsWith("0") ? first.length : 0;
    const length = Math.max(0, Math.min(MOST, Number(last) - Number(first) + 1));
    return Array.from({ length }, (_, at) => String(Number(first) + at).padStart(width, "0"));
  });
}
