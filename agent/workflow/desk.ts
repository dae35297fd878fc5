/**
 * Runs that agents send. One that needs no password runs in this process; one that does waits, until a person unlocks
 * it on a terminal of their own. An agent sees its own runs and no others.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isRead, type Client } from "../client.ts";
import { conduct } from "./conduct.ts";
import { ended } from "./engine.ts";
import type { Executor } from "./execution.ts";
import { awaitedGrants } from "./grant-wait.ts";
import { helperSteps } from "./helper-steps.ts";
import { inputValues, type InputFlaw } from "./inputs.ts";
import { parallelSteps } from "./parallel.ts";
import type { Parts } from "./parts.ts";
import { makePlan, privilegedSteps, secretInputs, type Plan } from "./plan.ts";
import { obstacleAhead } from "./before-run.ts";
import type { Obstacle } from "./preflight.ts";
import { readWorkflow } from "./read.ts";
import type { Problem } from "./problem.ts";
import type { RunRecord, StepRecord } from "./record.ts";
import { rated } from "./risk.ts";
import { openStore, type Store } from "./store.ts";
import { thisPlace } from "./surroundings.ts";
import { unsandboxedSteps } from "./unsandboxed-steps.ts";

type Planned =
  | { kind: "plan"; plan: Plan; obstacle: Obstacle | null; waits: boolean }
  | { kind: "invalid"; problems: readonly Problem[] }
  | { kind: "inputs"; flaws: readonly InputFlaw[] };

export type Started =
  | { kind: "started"; run: string; waits: boolean }
  | { kind: "obstacle"; obstacle: Obstacle }
  | { kind: "too_many" }
  /** Runs cannot be remembered; the flaw is not for agents. */
  | { kind: "no_store"; flaw: string }
  | Exclude<Planned, { kind: "plan" }>;

export type Sent = { text: string; inputs: ReadonlyMap<string, string> };

export type Desk = {
  plan(sent: Sent): Promise<Planned>;
  /** `claim`: what the agent says why. */
  start(sent: Sent, client: string, claim: string | null): Promise<Started>;
  /** Null: there is no such run of this client. */
  look(run: string, client: string): { record: RunRecord; steps: StepRecord[] } | null;
  /** Goes on with a run if a person has decided what it waits for. */
  proceed(run: string, client: string): Promise<void>;
  /** With what it has printed. Null: the run has no such step. */
  step(run: string, step: string, client: string): StepRecord | null;
  cancel(run: string, client: string): "over" | "none" | "cancelled" | "requested";
  /** Stops what runs here. */
  close(): Promise<void>;
};

/** Of one client: running here, and waiting for a person, who could not read more. */
const [RUNNING_MAX, WAITING_MAX] = [4, 20];

type Office = {
  folder: string;
  /** Where steps run that do not say it. */
  home: string;
  client: Pick<Client, "ask">;
  parts: Parts;
  /** Milliseconds to wait before this client may ask the helper again; 0: now. */
  pace: (client: string, kind: "read" | "change") => number;
  report: (error: unknown) => void;
};

export function openDesk({ folder, home, client, parts, pace, report }: Office): Desk {
  let opened: Store | null = null;
  const stop = new AbortController();
  const running = new Set<Promise<void>>();

  function withStore<T>(act: (store: Store) => T): T | { flaw: string } {
    const store = opened ?? openStore(folder);
    if ("flaw" in store) return store;
    opened = store;
    return act(store);
  }
  async function plan({ text, inputs }: Sent): Promise<Planned> {
    const read = readWorkflow(text);
    if ("problems" in read) return { kind: "invalid", problems: read.problems };
    const values = inputValues(read.workflow.inputs, inputs);
    if ("flaws" in values) return { kind: "inputs", flaws: values.flaws };
    const made = await rated(makePlan(read.workflow, values.values, thisPlace(home)));
    const terminals = parts.terminals !== null;
    const waits = privilegedSteps(made).length > 0 || secretInputs(made).length > 0;
    const obstacle = await obstacleAhead(made, parts);
    // A secret is given on a terminal, too.
    const nobody =
      waits && !terminals ? { kind: "no_terminals" as const, steps: made.steps } : null;
    return { kind: "plan", plan: made, obstacle: obstacle ?? nobody, waits };
  }
  const helper = helperSteps(client);
  /** As slow as if the agent had asked for each step by a call of its own. */
  const paced =
    (name: string): Executor =>
    async (execution) => {
      const { act } = execution.step;
      const kind = act.kind === "request" && !isRead(act.request) ? "change" : "read";
      for (let ms = pace(name, kind); ms > 0; ms = pace(name, kind)) {
        await delay(ms, undefined, { signal: execution.signal }).catch(() => {});
        if (execution.signal.aborted) return ended("cancelled", "it was not begun");
      }
      return await helper(execution);
    };
  function run(store: Store, id: string, made: Plan, name: string): void {
    const done: Promise<void> = conduct({
      store,
      run: id,
      plan: made,
      executors: {
        terminal: null,
        sandbox: parts.sandbox,
        unsandboxed: unsandboxedSteps({
          client,
          run: id,
          plan: made,
          folder: store.folder,
          claim: store.run(id)?.claim ?? "",
          decide: async () => await Promise.resolve(false),
        }),
        helper: paced(name),
      },
      secrets: new Map(),
      parallel: parallelSteps(undefined) ?? 1,
      signal: stop.signal,
      watch: { begin() {}, output() {}, hold() {}, end() {}, settle() {} },
    })
      .then(() => {}, report)
      .finally(() => running.delete(done));
    running.add(done);
  }
  /** Another client's run is as if it were not. */
  function own(store: Store, id: string, name: string): RunRecord | null {
    const record = store.run(id);
    return record?.client === name ? record : null;
  }

  return {
    plan,
    async start(sent, name, claim) {
      const planned = await plan(sent);
      if (planned.kind !== "plan") return planned;
      const { plan: made, obstacle, waits } = planned;
      if (obstacle !== null) return { kind: "obstacle", obstacle };
      const started = withStore((store): Started => {
        if (waits ? store.waiting(name) >= WAITING_MAX : running.size >= RUNNING_MAX)
          return { kind: "too_many" };
        const id = store.create({ plan: made, file: null, client: name, claim, secrets: null });
        if (!waits && store.claim(id) === "claimed") run(store, id, made, name);
        return { kind: "started", run: id, waits };
      });
      return "flaw" in started ? { kind: "no_store", flaw: started.flaw } : started;
    },
    look(id, name) {
      const found = withStore((store) => {
        const record = own(store, id, name);
        return record === null ? null : { record, steps: store.outline(id) };
      });
      return found === null || "flaw" in found ? null : found;
    },
    async proceed(id, name) {
      const waits = withStore((store) => {
        const record = own(store, id, name);
        return record?.state === "waiting" ? awaitedGrants(store.outline(id)) : [];
      });
      if ("flaw" in waits || waits.length === 0 || running.size >= RUNNING_MAX) return;
      const answer = await client.ask({ kind: "grant", action: "check" });
      const data = answer.kind === "reply" ? answer.reply.data : null;
      if (data?.kind !== "grant") return;
      const pending = new Set(
        data.grants.flatMap(({ id: grant, stands }) => (stands === "pending" ? [grant] : [])),
      );
      if (waits.every(({ id: grant }) => pending.has(grant))) return;
      withStore((store) => {
        const made = store.plan(id);
        // A password, and a secret, is given on a terminal.
        if (made === null || privilegedSteps(made).length > 0 || secretInputs(made).length > 0)
          return;
        if (store.claim(id) === "claimed") run(store, id, made, name);
      });
    },
    step(id, step, name) {
      const found = withStore((store) =>
        own(store, id, name) === null ? null : store.step(id, step),
      );
      return found === null || "flaw" in found ? null : found;
    },
    cancel(id, name) {
      const done = withStore((store) =>
        own(store, id, name) === null ? "none" : store.cancel(id),
      );
      return typeof done === "string" ? done : "none";
    },
    async close() {
      stop.abort();
      await Promise.all(running);
      opened?.close();
      opened = null;
    },
  };
}
