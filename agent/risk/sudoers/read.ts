/** Sudoers files from the disk: by cvtsudoers where it is, by our own reader elsewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../run-program.ts";
import { readCvtsudoers } from "./cvtsudoers.ts";
import type { SudoersFile } from "./grant.ts";
import { readSudoersText } from "./text.ts";

const CVTSUDOERS = "/usr/bin/cvtsudoers";
const SECONDS = 15;

/** What sudo reads when nothing else is said; names with a dot or a tilde at the end it leaves out. */
export function usualFiles(): string[] {
  const folder = "/etc/sudoers.d";
  const parts = existsSync(folder) ? readdirSync(folder).filter((name) => !/\.|~$/.test(name)) : [];
  return ["/etc/sudoers", ...parts.toSorted().map((name) => join(folder, name))];
}

/** `code`: of the error that reading ended with, such as ENOENT and EACCES. */
export async function readSudoersFile(file: string): Promise<SudoersFile | { code: string }> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? "unknown" };
  }
  if (existsSync(CVTSUDOERS)) {
    const ended = await runProgram(CVTSUDOERS, ["-e", "-f", "json", file], SECONDS);
    if (ended.kind === "ended" && ended.status === 0) {
      const read = readCvtsudoers(ended.stdout);
      if (read !== null) return read;
    }
  }
  return readSudoersText(text);
}
