/** CHANGELOG.md as Debian wants it (deb-changelog(5)), and the one time that goes into the package. */
import { MAINTAINER } from "./control.ts";

/** What is not released has no date; any fixed one will do, and the building machine's clock will not. */
const UNRELEASED = "2026-01-01";

export type Changelog = {
  text: string;
  /** Of the newest release, or SOURCE_DATE_EPOCH where that is set; seconds since 1970. */
  seconds: number;
};

/** Throws where `markdown` does not begin with `version`: "## 1.2.3 (2026-02-01)" or "## 1.2.3 (unreleased)". */
export function debianChangelog(markdown: string, version: string): Changelog {
  const sections = markdown.split(/^## /m).slice(1);
  const entries = sections.map((section) => {
    const [heading = "", ...lines] = section.trim().split("\n");
    const [, of, when] = /^(\S+) \((unreleased|\d{4}-\d\d-\d\d)\)$/.exec(heading) ?? [];
    if (of === undefined || when === undefined)
      throw new Error(`CHANGELOG.md: "${heading}" is not "VERSION (DATE)"`);
    return { of, when: when === "unreleased" ? UNRELEASED : when, lines };
  });
  const newest = entries[0];
  if (newest?.of !== version) throw new Error(`CHANGELOG.md does not begin with ${version}`);
  const text = entries
    .map(({ of, when, lines }) => {
      const items = lines.join("\n").trim().split(/^- /m).slice(1).map(item);
      const date = new Date(`${when}T00:00:00Z`).toUTCString().replace("GMT", "+0000");
      return `sallyport (${of}) unstable; urgency=medium\n\n${items.join("\n")}\n\n -- ${MAINTAINER}  ${date}\n`;
    })
    .join("\n");
  const { SOURCE_DATE_EPOCH } = process.env;
  const seconds =
    SOURCE_DATE_EPOCH === undefined
      ? Date.parse(`${newest.when}T00:00:00Z`) / 1000
      : Number(SOURCE_DATE_EPOCH);
  if (!Number.isSafeInteger(seconds))
    throw new Error("SOURCE_DATE_EPOCH is not a number of seconds");
  return { text, seconds };
}

/** Lines of at most 79 characters. */
function item(text: string): string {
  const lines = [""];
  for (const word of text.trim().split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > 79 - "  *".length) lines.push(` ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line, at) => `  ${at === 0 ? "*" : " "}${line}`).join("\n");
}
