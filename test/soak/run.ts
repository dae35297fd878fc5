/** One soak: lanes that ask, one that breaks things, and the invariants when all has come to rest. */
import { setTimeout as sleep } from "node:timers/promises";
import { builtDeb } from "../packaging/deb.ts";
import { choices } from "./choices.ts";
import { faultOf, type FAULT_WEIGHTS } from "./faults.ts";
import { prepare, type Ground } from "./ground.ts";
import { examine, type Finding } from "./invariants.ts";
import { openLab } from "./machine.ts";
import { sampling } from "./memory.ts";
import { planOf, type WEIGHTS } from "./operations.ts";
import { settle } from "./rest.ts";
import { chainFlaws, NOT_INTACT } from "./records-invariant.ts";
import { beginStory, type Story } from "./story.ts";

export type Soak = {
  seed: number;
  /** How long is asked, and at most how often by each lane. */
  ms: number;
  plans?: number;
  hosts: number;
  /** How many ask side by side. */
  lanes: number;
  weights?: typeof WEIGHTS;
  faultWeights?: typeof FAULT_WEIGHTS;
  print: (line: string) => void;
  /** Aborted: what runs is finished, examined and ended earlier. */
  signal: AbortSignal;
};
export type Soaked = { findings: Finding[]; story: Story; counts: Record<string, number> };

export async function soak(how: Soak): Promise<Soaked> {
  builtDeb();
  const story = beginStory(how.print);
  const counts: Record<string, number> = {};
  const lab = await openLab(how.hosts);
  try {
    const ground = await prepare(lab, story);
    story.say("all", `seed ${how.seed}, ${how.ms} ms, ${how.hosts} hosts, ${how.lanes} lanes`);
    const memory = sampling(ground);
    const end = Date.now() + how.ms;
    const goesOn = (): boolean => Date.now() < end && !how.signal.aborted;
    const lanes = Array.from({ length: how.lanes }, (_, lane) =>
      ask(ground, how, lane, goesOn, counts),
    );
    const watching = watch(ground, goesOn);
    let asking = true;
    const asked = Promise.all(lanes).finally(() => (asking = false));
    await Promise.all([asked, disturb(ground, how, () => asking && goesOn(), counts)]);
    await settle(ground);
    const findings = await examine(ground, await memory.end());
    return { findings: [...(await watching), ...findings], story, counts };
  } finally {
    await lab.close();
  }
}

const WATCH_MS = 30_000;

/** What can be looked at cheaply while everything goes on. A line that is just being written is no flaw. */
async function watch({ lab }: Ground, goesOn: () => boolean): Promise<Finding[]> {
  const findings = lab.machines.map(({ name }) => {
    return { invariant: "audit verify, meanwhile", host: name, flaws: [] as string[], looks: 0 };
  });
  for (let next = Date.now() + WATCH_MS; goesOn(); await sleep(200)) {
    if (Date.now() < next) continue;
    next = Date.now() + WATCH_MS;
    for (const [at, machine] of lab.machines.entries()) {
      const finding = findings[at];
      const flaws = await chainFlaws(machine);
      if (finding === undefined || flaws === null) continue;
      finding.looks += 1;
      finding.flaws.push(...flaws.filter((flaw) => flaw !== NOT_INTACT));
    }
  }
  return findings.map(({ looks, ...finding }) => ({ ...finding, figure: `${looks} times` }));
}

async function ask(
  ground: Ground,
  { seed, weights, plans = Number.POSITIVE_INFINITY }: Soak,
  lane: number,
  goesOn: () => boolean,
  counts: Record<string, number>,
): Promise<void> {
  const choose = choices(seed, lane);
  const { story, lab } = ground;
  for (let number = 0; number < plans && goesOn(); number += 1) {
    const machine = choose.one(lab.machines);
    const plan = planOf(choose, `w${lane}-${number}`, weights);
    const pause = choose.between(0, 200);
    const name = `${lane}.${number} ${plan.kind}`;
    story.say(machine.name, `${name} ${plan.text}`);
    const came = await plan.perform(ground, machine);
    story.say(machine.name, `${name} -> ${came}`);
    counts[plan.kind] = (counts[plan.kind] ?? 0) + 1;
    await sleep(pause);
  }
}

async function disturb(
  ground: Ground,
  { seed, faultWeights }: Soak,
  goesOn: () => boolean,
  counts: Record<string, number>,
): Promise<void> {
  const choose = choices(seed, 1000);
  const { story, lab } = ground;
  while (goesOn()) {
    const machine = choose.one(lab.machines);
    const pause = choose.between(200, 2500);
    const fault = faultOf(choose, faultWeights);
    await sleep(pause);
    story.say(machine.name, `FAULT ${fault.kind}: ${fault.text}`);
    const came = await fault.perform(ground, machine);
    story.say(machine.name, `FAULT ${fault.kind} -> ${came}`);
    const name = `fault: ${fault.kind}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
}
