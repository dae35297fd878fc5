/** The judge of commands, ready to be asked: no network, no model, nothing started. */
import { openGrammar } from "./grammar.ts";
import { judgeText, judgeWords } from "./judge.ts";
import type { Risk } from "./level.ts";

export type RiskJudge = {
  /** Of a text that a shell (sh, bash, zsh) would run. */
  riskOf(command: string): Risk;
  /** Of a program and its arguments that are started without a shell. */
  riskOfArgv(argv: readonly string[]): Risk;
};

let opened: Promise<RiskJudge> | null = null;

/** Loads the parser, once. Rejects only where the program itself is broken. */
export async function openRisk(): Promise<RiskJudge> {
  opened ??= openGrammar().then((parse) => ({
    riskOf: (command) => judgeText(command, parse),
    riskOfArgv: (argv) => judgeWords(argv, parse),
  }));
  return await opened;
}
