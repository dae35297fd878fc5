/** Whose rights are examined: one's own, or as root those of each user with a rule. */
import { ruleOwners } from "../diagnose.ts";
import type { Host } from "../host.ts";
import { runProgram, type ProgramEnd } from "../run-program.ts";

const SECONDS = 60;

export type Subject = {
  uid: number;
  /** Runs sudo with these words as the subject. */
  sudo(words: readonly string[]): Promise<ProgramEnd>;
};

export function subjectsOf(host: Host): Subject[] {
  if (host.euid !== 0) {
    return [{ uid: host.uid, sudo: (words) => runProgram(host.sudo, words, SECONDS) }];
  }
  return (ruleOwners(host) ?? []).map((uid) => ({
    uid,
    sudo: (words) =>
      runProgram(host.sudo, ["-n", "-u", `#${uid}`, "--", host.sudo, ...words], SECONDS),
  }));
}
