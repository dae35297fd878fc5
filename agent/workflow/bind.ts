/** References become data: values of the environment, or bytes for standard input. */
import type { Template } from "./template.ts";
import type { PlannedStep } from "./plan.ts";

/** What a step printed; null of one that did not run. */
export type Printed = { text: string; truncated: boolean } | null;

export type Values = {
  input: (name: string) => string;
  printed: (id: string) => Printed;
};

export type Bound = { env: Record<string, string>; stdin: Buffer | null };

/** One entry of the environment is at most 128 KiB on Linux (execve(2), MAX_ARG_STRLEN). */
const MAX_VARIABLE_BYTES = 128 * 1024 - 1;

/** `flaw`: why a value cannot be given to the step (lowercase, no period). */
export function bind(
  { env, stdin }: Pick<PlannedStep, "env" | "stdin">,
  values: Values,
): Bound | { flaw: string } {
  const bound: Record<string, string> = {};
  for (const [name, template] of env) {
    const value = filled(template, values, withoutLastFeeds);
    if (typeof value === "object") return { flaw: `${name}: ${value.flaw}` };
    if (value.includes("\0")) return { flaw: `${name}: a variable cannot hold NUL; use stdin` };
    if (Buffer.byteLength(`${name}=${value}`) > MAX_VARIABLE_BYTES)
      return { flaw: `${name}: longer than a variable can be; use stdin` };
    bound[name] = value;
  }
  if (stdin === null) return { env: bound, stdin: null };
  const value = filled(stdin, values, (text) => text);
  if (typeof value === "object") return { flaw: `stdin: ${value.flaw}` };
  return { env: bound, stdin: Buffer.from(value) };
}

/** A pattern would look at every line feed again for each one before it. */
function withoutLastFeeds(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= 1;
  return text.slice(0, end);
}

/** `printed`: as $(…) in a shell, a variable gets no line feeds at the end. */
function filled(
  template: Template,
  values: Values,
  printed: (text: string) => string,
): string | { flaw: string } {
  let text = "";
  for (const part of template) {
    if ("text" in part) text += part.text;
    else if ("input" in part) text += values.input(part.input);
    else {
      const output = values.printed(part.stdout);
      // A middle that is missing would be taken for data.
      if (output?.truncated === true)
        return { flaw: `${part.stdout} printed more than is kept; let it write a file` };
      text += printed(output?.text ?? "");
    }
  }
  return text;
}
