/** What becomes of steps, beside a tiny reference that knows no order and no time, on seeded random graphs. */
import { expect, test } from "vitest";
import { impossible } from "../../../agent/workflow/reach.ts";
import { schedule } from "../../../agent/workflow/schedule.ts";
import { fires, type FinalState } from "../../../agent/workflow/state.ts";
import { JOINS, WHENS, type Join, type When } from "../../../agent/workflow/step.ts";

type Node = { id: string; needs: string[]; when: When; join: Join; locked: boolean };
type Ran = "succeeded" | "failed" | "timed-out" | "denied";

/** Each step from what became of its needs, and nothing else. */
function reference(
  nodes: readonly Node[],
  would: ReadonlyMap<string, Ran>,
): Map<string, FinalState> {
  const states = new Map<string, FinalState>();
  for (const { id, needs, when, join, locked } of nodes) {
    const fired = needs.filter((need) => fires(states.get(need) ?? "skipped", when)).length;
    const runs =
      needs.length === 0 ? when !== "failure" : join === "all" ? fired === needs.length : fired > 0;
    states.set(id, !runs ? "skipped" : locked ? "locked" : (would.get(id) ?? "succeeded"));
  }
  return states;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function graph(random: () => number): { nodes: Node[]; would: Map<string, Ran> } {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const nodes: Node[] = [];
  const would = new Map<string, Ran>();
  const size = 1 + Math.floor(random() * 14);
  for (let at = 0; at < size; at += 1) {
    const needs = nodes.filter(() => random() < 0.3).map(({ id }) => id);
    const when = needs.length === 0 && random() < 0.9 ? "success" : pick(WHENS);
    nodes.push({ id: `s${at}`, needs, when, join: pick(JOINS), locked: random() < 0.1 });
    would.set(`s${at}`, random() < 0.6 ? "succeeded" : pick(["failed", "timed-out", "denied"]));
  }
  return { nodes, would };
}

/** Runs it with so many at once, and ends running ones in a random order. */
function played(
  nodes: readonly Node[],
  would: ReadonlyMap<string, Ran>,
  random: () => number,
): { states: Map<string, FinalState>; order: string[] } {
  const states = new Map<string, FinalState>();
  const order: string[] = [];
  const plan = schedule(nodes, new Map(), (id, state) => {
    expect(states.has(id)).toBe(false);
    states.set(id, state);
    order.push(id);
  });
  const running: string[] = [];
  const parallel = 1 + Math.floor(random() * 4);
  for (;;) {
    while (running.length < parallel) {
      const id = plan.take();
      if (id === null) break;
      running.push(id);
    }
    const [id] = running.splice(Math.floor(random() * running.length), 1);
    if (id === undefined) return { states, order };
    plan.settle(id, would.get(id) ?? "succeeded");
  }
}

test("two thousand random graphs end as the reference says, in whatever order their steps end", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 2000; seed += 1) {
    const random = seeded(seed);
    const { nodes, would } = graph(random);
    const { states } = played(nodes, would, random);
    expect(Object.fromEntries(states), `seed ${seed}`).toEqual(
      Object.fromEntries(reference(nodes, would)),
    );
    for (const state of states.values()) seen.add(state);
  }
  expect([...seen].toSorted()).toEqual([
    "denied",
    "failed",
    "locked",
    "skipped",
    "succeeded",
    "timed-out",
  ]);
});

test("what is called impossible runs in none of all the ways in which a graph can go", () => {
  let found = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const { nodes } = graph(seeded(seed));
    const few = nodes.slice(0, 8);
    for (const locks of [false, true]) {
      const steps = locks ? few : few.map((node) => ({ ...node, locked: false }));
      const never = impossible(steps, { locks });
      found += never.size;
      for (let way = 0; way < 2 ** steps.length; way += 1) {
        const would = new Map(
          steps.map(
            ({ id }, at) => [id, ((way >> at) & 1) === 0 ? "succeeded" : "failed"] as const,
          ),
        );
        for (const [id, state] of reference(steps, would))
          if (state !== "skipped" && never.has(id)) expect.fail(`seed ${seed}: ${id} ran`);
      }
    }
  }
  expect(found).toBeGreaterThan(100);
});

test("cancelled: what has not begun never begins, and what runs may still end as it does", () => {
  const nodes: Node[] = ["a", "b", "c"].map((id, at) => ({
    id,
    needs: at === 2 ? ["a"] : [],
    when: "always",
    join: "all",
    locked: false,
  }));
  const ends: [string, FinalState][] = [];
  const plan = schedule(nodes, new Map(), (id, state) => ends.push([id, state]));
  expect(plan.take()).toBe("a");
  plan.cancel();
  plan.settle("a", "succeeded");
  expect(plan.take()).toBeNull();
  expect(ends).toEqual([
    ["b", "cancelled"],
    ["c", "cancelled"],
    ["a", "succeeded"],
  ]);
});
