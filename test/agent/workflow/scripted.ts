/** An executor that stands for programs: what becomes of a step is written down beforehand, and what it was given is kept. */
import { setImmediate as turn } from "node:timers/promises";
import type { Executed, Execution, Executor } from "../../../agent/workflow/execution.ts";
import { ended } from "../../../agent/workflow/engine.ts";

/** `output` is printed, and is the output. */
export type Script = Partial<Executed> & { until?: Promise<unknown> };

export type Scripted = {
  execute: Executor;
  /** Ids, in the order in which they were begun. */
  begun: string[];
  given: Map<string, Execution>;
  /** How many ran at once at most. */
  most: () => number;
};

/** `scripts`: by id, one for each attempt, the last one for all further ones; what is not named succeeds. */
export function scripted(scripts: Record<string, Script | Script[]> = {}): Scripted {
  const begun: string[] = [];
  const given = new Map<string, Execution>();
  let [now, most] = [0, 0];
  return {
    begun,
    given,
    most: () => most,
    async execute(execution) {
      const { step, signal, output } = execution;
      const script = [scripts[step.id] ?? {}].flat();
      const attempt = begun.filter((id) => id === step.id).length;
      const { until, ...end } = script[Math.min(attempt, script.length - 1)] ?? {};
      begun.push(step.id);
      given.set(step.id, execution);
      now += 1;
      most = Math.max(most, now);
      const stop = Promise.withResolvers<"stop">();
      signal.addEventListener("abort", () => stop.resolve("stop"), { once: true });
      if (end.output !== undefined) await output(end.output);
      const how = await Promise.race([until ?? turn(), stop.promise]);
      now -= 1;
      if (how === "stop" || signal.aborted) return ended("cancelled", "");
      return { ...ended("succeeded", ""), exitStatus: end.state === "failed" ? 1 : 0, ...end };
    },
  };
}
