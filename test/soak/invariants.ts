/** What must hold when all is at rest, on each host; each by its name, with what breaks it. */
import { actsIn, entriesOf } from "./audit-log.ts";
import type { Ground } from "./ground.ts";
import {
  dpkgFlaws,
  fileFlaws,
  mountFlaws,
  processFlaws,
  secretFlaws,
  sudoFlaws,
} from "./leftovers-invariant.ts";
import { claimsWithin, lockdownFlaws } from "./lockdown-invariant.ts";
import type { Machine } from "./machine.ts";
import { memoryFindings, type Memory } from "./memory.ts";
import { chainFlaws, claimFlaws, grantFlaws } from "./records-invariant.ts";
import { packageFlaws, unitFlaws } from "./traces-invariant.ts";
import { markFlaws, marksOf } from "./unsandboxed-invariant.ts";

/** `flaws`: none where it holds. `figure`: what was looked at, and how much of it. */
export type Finding = { invariant: string; host: string; flaws: string[]; figure: string };

/** A user's own systemd stays for a moment after a login has ended: what is too much is given that long to go. */
const PATIENCE_MS = 30_000;

export async function examine(
  ground: Ground,
  memory: Memory,
  patienceMs = PATIENCE_MS,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const machine of ground.lab.machines)
    found.push(...(await examineHost(ground, machine, patienceMs)));
  return [...found, ...memoryFindings(memory)];
}

async function examineHost(
  ground: Ground,
  machine: Machine,
  patienceMs: number,
): Promise<Finding[]> {
  const { name: host } = machine;
  const before = ground.before.get(host);
  if (before === undefined) throw new Error(`${host} was not prepared`);
  const entries = await entriesOf(machine);
  const acts = actsIn(entries);
  const claims = ground.story.claims.filter((one) => one.host === host);
  const fullLogs = ground.story.fullLogs.filter((one) => one.host === host);
  const lockdowns = ground.story.lockdowns.filter((one) => one.host === host);
  const refusals = lockdowns.flatMap(({ from, to }) => claimsWithin(claims, from, to));
  const marks = await marksOf(machine);
  const { began: since } = before;
  const unrecorded = claimFlaws(entries, claims, fullLogs);
  const excused = claimFlaws(entries, claims, []).length - unrecorded.length;
  const finding = (invariant: string, flaws: string[], figure = ""): Finding => {
    return { invariant, host, flaws, figure };
  };
  const unended = acts.filter(({ to }) => to === null).length;
  return [
    finding(
      "audit verify",
      (await chainFlaws(machine)) ?? ["audit verify was killed"],
      `${entries.length} records, ${unended} without an end`,
    ),
    finding(
      "answers are on record",
      unrecorded,
      `${claims.length} answers, ${excused} without an end for want of a byte`,
    ),
    finding(
      "uses of grants",
      grantFlaws(entries),
      `${entries.filter(({ decision }) => decision === "used").length} uses`,
    ),
    finding("steps outside of sandboxes", markFlaws(marks, entries), `${marks.length} steps`),
    finding(
      "lock-downs",
      lockdownFlaws(lockdowns, entries, claims),
      `${lockdowns.length} lock-downs, ${refusals.length} answers meanwhile`,
    ),
    finding(
      "units and record",
      await unitFlaws(machine, acts, since),
      `${acts.filter(({ words }) => words[0] === "service").length} acts`,
    ),
    finding(
      "packages and record",
      await packageFlaws(machine, acts, since),
      `${acts.filter(({ words }) => words[0] === "package").length} acts`,
    ),
    finding("sudo", await sudoFlaws(machine, before, ground.password)),
    finding("dpkg", await dpkgFlaws(machine)),
    finding("no orphan process", await processFlaws(machine, before, patienceMs)),
    finding("no mount", await mountFlaws(machine, before, patienceMs)),
    finding("no file half made", await fileFlaws(machine)),
    finding(
      "no secret on disk",
      await secretFlaws(machine, ground),
      `${ground.story.secrets.length} secrets`,
    ),
  ];
}
