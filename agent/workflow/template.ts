/** Text with references in it, which are bound as data when a step runs; nothing is ever pasted into a command. */

type Part =
  | { text: string }
  | { input: string }
  /** What a step printed. */
  | { stdout: string };
export type Template = readonly Part[];

/** Of inputs and steps; also a part of file names. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const REFERENCE = /\$\{(?:inputs\.([A-Za-z][\w-]{0,63})|steps\.([A-Za-z][\w-]{0,63})\.stdout)\}/y;

/** `$${` stands for `${`. The flaw is lowercase, without a period. */
export function parseTemplate(text: string): Template | { flaw: string } {
  const parts: Part[] = [];
  let plain = "";
  for (let at = 0; at < text.length;) {
    if (text.startsWith("$${", at)) {
      plain += "${";
      at += 3;
      continue;
    }
    if (!text.startsWith("${", at)) {
      plain += text[at++];
      continue;
    }
    REFERENCE.lastIndex = at;
    const [whole, input, step] = REFERENCE.exec(text) ?? [];
    if (whole === undefined) return { flaw: flawOf(text.slice(at)) };
    if (plain !== "") parts.push({ text: plain });
    plain = "";
    parts.push(input === undefined ? { stdout: step ?? "" } : { input });
    at += whole.length;
  }
  if (plain !== "") parts.push({ text: plain });
  return parts;
}

function flawOf(text: string): string {
  const shown = JSON.stringify(/^\$\{[^}\n]{0,40}\}?/.exec(text)?.[0] ?? text.slice(0, 40));
  return `${shown} is no reference: there is \${inputs.NAME} and \${steps.ID.stdout}; $\${ stands for \${`;
}

/** Whether a command's text has what looks like a reference; for the hint that shows what to do. */
export function referenceIn(text: string): string | null {
  return /\$\{\s*(?:inputs|steps)\b[^}\n]{0,80}\}?/.exec(text)?.[0] ?? null;
}
