/** Workflows whose steps run outside of the sandbox: a person grants some, denies some, and lets some wait. */
import type { Choices } from "./choices.ts";
import { decided } from "./grant-operations.ts";
import type { Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./operations.ts";

/** Each step writes its name here when it runs. */
export const MARKS = "/home/agent/marks";
const SALLYPORT = "/usr/bin/sallyport";
const NAMES = ["a", "b", "c"];

type Step = { name: string; decision: "approve" | "deny" | "wait" };

export function planUnsandboxed(choose: Choices, serial: string): Plan {
  const steps = NAMES.slice(0, choose.between(1, NAMES.length)).map((name): Step => {
    const decision = choose.weighted({ approve: 4, deny: 1, wait: 2 });
    return { name: `${serial}-${name}`, decision };
  });
  return {
    text: steps.map(({ name, decision }) => `${name}: ${decision}`).join(", "),
    perform: async (ground, machine) => await perform(ground, machine, serial, steps),
  };
}

async function perform(
  ground: Ground,
  machine: Machine,
  serial: string,
  steps: readonly Step[],
): Promise<string> {
  const file = `/home/agent/${serial}.yaml`;
  const lines = steps.map(
    ({ name }) =>
      `  - { id: ${name}, sandbox: false, run: 'echo ${name} >>${MARKS}; sleep 0.3' }\n`,
  );
  await machine.run("agent", ["tee", file], { input: `name: soak\nsteps:\n${lines.join("")}` });
  const first = await run(machine, file);
  if (first.id === null) return first.came;
  const came = [first.came];
  const decide = async (word: "approve" | "deny", { name }: Step): Promise<void> => {
    const grant = first.waits.get(name);
    if (grant !== undefined) came.push(await decided(ground, machine, [word, "--yes", grant]));
  };
  for (const step of steps) if (step.decision !== "wait") await decide(step.decision, step);
  // Once more than anything is granted.
  for (let times = 0; times < 2; times += 1)
    came.push((await run(machine, "--resume", first.id)).came);
  // Only so many of a user's wishes may wait.
  for (const step of steps) if (step.decision === "wait") await decide("deny", step);
  return came.join(" ");
}

/** `id`: of the run, null where nobody said. `waits`: the grant that each step waits for, by the step. */
async function run(
  machine: Machine,
  ...words: readonly string[]
): Promise<{ came: string; id: string | null; waits: Map<string, string> }> {
  const { status, stdout } = await machine.run("agent", [SALLYPORT, "run", ...words, "--json"]);
  const waits = new Map<string, string>();
  type Told = { data?: { run: string; state: string; waits: { id: string; reason: string }[] } };
  const told = stdout.startsWith("{") ? (JSON.parse(stdout) as Told) : {};
  for (const { id, reason } of told.data?.waits ?? []) {
    const grant = /sallyport approve ([0-9a-f]{32})$/.exec(reason)?.[1];
    if (grant !== undefined) waits.set(id, grant);
  }
  const came = told.data?.state ?? `status ${status}`;
  return { came, id: told.data?.run ?? null, waits };
}
