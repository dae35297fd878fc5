/** The host's own interpreters: what runs in a sandbox has to be in /usr, the only folder with programs there. */
import { realpathSync } from "node:fs";
import type { Language } from "./profile.ts";

const PLACES: Record<Language, readonly string[]> = {
  bash: ["/usr/bin/bash", "/bin/bash", "/usr/local/bin/bash"],
  python: ["/usr/bin/python3", "/usr/local/bin/python3"],
  node: ["/usr/bin/node", "/usr/local/bin/node", "/usr/bin/nodejs"],
};

/** Names of the file that a program's text is put in; node goes by the ending. */
export const PROGRAM_FILE: Record<Language, string> = {
  bash: "/sandbox/program.sh",
  python: "/sandbox/program.py",
  node: "/sandbox/program.js",
};

/** Debian's package. */
export const INTERPRETER_PACKAGE: Record<Language, string> = {
  bash: "bash",
  python: "python3",
  node: "nodejs",
};

/** Absolute path, or null where this host has none that a sandbox could see. */
export function interpreterOf(language: Language): string | null {
  return PLACES[language].find(isVisible) ?? null;
}

function isVisible(path: string): boolean {
  try {
    return realpathSync(path).startsWith("/usr/");
  } catch {
    return false;
  }
}
