/** All wrappers, by their names. */
import type { Wrapper } from "./wrapper.ts";
import { MACHINES } from "./wrappers/machines.ts";
import { PRIVILEGE } from "./wrappers/privilege.ts";
import { PROCESSES } from "./wrappers/processes.ts";
import { PROJECTS } from "./wrappers/projects.ts";

export const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  ...PRIVILEGE,
  ...MACHINES,
  ...PROJECTS,
  ...PROCESSES,
};

/** Names by which the loader itself is called. */
const LOADER = /^ld(?:-linux[\w-]*)?\.so(?:\.\d+)?$/;

/** Words of the LONGEST name. */
const LONGEST = 3;

/** The wrapper that a command begins with, and how many words its name has. */
export function wrapperOf(
  program: string,
  args: readonly { text: string }[],
): [Wrapper, number] | null {
  const names = [program, ...args.slice(0, LONGEST - 1).map(({ text }) => text)];
  for (let words = Math.min(LONGEST, names.length); words > 0; words -= 1) {
    const name = names.slice(0, words).join(" ");
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
    if (wrapper !== undefined) return [wrapper, words - 1];
  }
  return LOADER.test(program) ? [WRAPPERS["ld.so"] ?? { options: "" }, 0] : null;
}
