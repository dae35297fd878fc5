/** All rules, by the programs they speak of. */
import { patternFrom, type Call, type Pattern } from "./pattern.ts";
import type { Rule } from "./rule.ts";
import { CLOUD } from "./rules/cloud.ts";
import { CONTAINERS } from "./rules/containers.ts";
import { DATABASES } from "./rules/databases.ts";
import { DISKS } from "./rules/disks.ts";
import { FILES } from "./rules/files.ts";
import { GIT } from "./rules/git.ts";
import { KERNEL } from "./rules/kernel.ts";
import { NETWORK } from "./rules/network.ts";
import { PACKAGES } from "./rules/packages.ts";
import { PERSISTENCE } from "./rules/persistence.ts";
import { PROCESSES } from "./rules/processes.ts";
import { SERVICES } from "./rules/services.ts";
import { USERS } from "./rules/users.ts";

export const RULES: readonly Rule[] = [
  FILES,
  DISKS,
  PACKAGES,
  SERVICES,
  USERS,
  NETWORK,
  CONTAINERS,
  CLOUD,
  DATABASES,
  GIT,
  KERNEL,
  PERSISTENCE,
  PROCESSES,
].flat();

type Compiled = { rule: Rule; pattern: Pattern; unless: readonly Pattern[] };

const ANY: Compiled[] = [];
const BY_PROGRAM = new Map<string, Compiled[]>();
for (const rule of RULES) {
  const unless = (rule.unless ?? []).map((line) => patternFrom(line, true));
  for (const line of rule.when) {
    const pattern = patternFrom(line, false);
    for (const program of pattern.programs) {
      if (program === "*") ANY.push({ rule, pattern, unless });
      else BY_PROGRAM.set(program, [...(BY_PROGRAM.get(program) ?? []), { rule, pattern, unless }]);
    }
  }
}

export function dangersOf(call: Call): Rule[] {
  const found = new Set<Rule>();
  const own = BY_PROGRAM.get(call.program) ?? prefixed(call.program);
  for (const { rule, pattern, unless } of [...own, ...ANY]) {
    if (found.has(rule) || !pattern.holds(call)) continue;
    if (!unless.some(({ programs, holds }) => speaksOf(programs, call) && holds(call)))
      found.add(rule);
  }
  return [...found];
}

function speaksOf(programs: readonly string[], { program }: Call): boolean {
  return programs.includes("*") || programs.includes(program);
}

/** `mkfs.ext4`, `fsck.xfs`, `mount.nfs`. */
function prefixed(program: string): readonly Compiled[] {
  const dot = program.indexOf(".");
  return dot === -1 ? [] : (BY_PROGRAM.get(program.slice(0, dot)) ?? []);
}

/** Whether rules speak of it: then it is worth a look wherever it stands. */
export function isDangerous(program: string): boolean {
  return BY_PROGRAM.has(program) || /^(?:mkfs|fsck)\./.test(program);
}
