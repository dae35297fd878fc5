/** How a run tells of its steps: a tree on a terminal, lines where it is piped, events for programs. */
import { escapeLine } from "../escape.ts";
import type { Journal } from "../workflow/engine.ts";
import type { Plan } from "../workflow/plan.ts";
import type { RunEnd } from "../workflow/state.ts";
import { lineBuffer, type LineBuffer } from "./line-buffer.ts";
import { collected, print, resumeHint } from "./run-ends.ts";
import { endWord, recapText, whyOf, type Ended } from "./run-rows.ts";
import { treeDisplay } from "./run-tree.ts";

export type RunDisplay = {
  watch: Journal;
  /** For standard error. */
  say: (text: string) => void;
  /** The last word of all. */
  recap: (state: RunEnd) => void;
  /** Nothing is redrawn any more. */
  close: () => void;
};

export type Run = { id: string; name: string };
/** `lines`: nothing is redrawn, also on a terminal. */
export type Shown = { json: boolean; jsonl: boolean; lines: boolean };

/** `run`: its id. */
export function runDisplay(run: string, plan: Plan, { json, jsonl, lines }: Shown): RunDisplay {
  const { stdout, env } = process;
  const id = { id: run, name: plan.name };
  if (jsonl) return eventDisplay(id, plan);
  if (json) return silentDisplay(id, plan);
  if (stdout.isTTY && !lines && env["TERM"] !== "dumb")
    return treeDisplay(id, plan, (env["NO_COLOR"] ?? "") === "");
  return lineDisplay(id);
}

const say = (text: string): void => void process.stderr.write(text);

function lineDisplay(run: Run): RunDisplay {
  const seen = collected({ outputs: false });
  const lines = new Map<string, LineBuffer>();
  const flush = (id: string): void => {
    for (const line of lines.get(id)?.rest() ?? []) void print(`${id} | ${escapeLine(line)}\n`);
  };
  const tellEnd = (id: string, again: boolean): void => {
    const last = seen.ends.at(-1);
    if (again || last?.id !== id) return;
    const why = whyOf(last.end);
    void print(`${id}: ${endWord(last.end)}${why === "" ? "" : `: ${escapeLine(why)}`}\n`);
  };
  return {
    watch: {
      begin({ id }, attempt) {
        lines.set(id, lineBuffer());
        void print(`${id}: running${attempt > 1 ? `, attempt ${attempt}` : ""}\n`);
      },
      output({ id }, text) {
        const whole = lines.get(id)?.add(text) ?? [];
        return print(whole.map((line) => `${id} | ${escapeLine(line)}\n`).join(""));
      },
      end(step, end, again) {
        flush(step.id);
        if (again) void print(`${step.id}: ${end.state}, and begun again\n`);
        seen.watch.end(step, end, again);
        tellEnd(step.id, again);
      },
      hold: (id, why) => void print(`${id}: waits: ${escapeLine(why)}\n`),
      settle(id, state, reason) {
        seen.watch.settle(id, state, reason);
        tellEnd(id, false);
      },
    },
    say,
    recap(state) {
      void print(recapText(run, state, seen.ends, performance.now() - seen.since));
      if (state === "waiting") say(`sallyport: hint: ${resumeHint(run)}\n`);
    },
    close() {},
  };
}

function eventDisplay(run: Run, plan: Plan): RunDisplay {
  const event = (fields: object): void | Promise<void> =>
    print(`${JSON.stringify({ v: 1, run: run.id, ...fields })}\n`);
  const seen = collected({ outputs: false });
  void event({ event: "start", name: plan.name, digest: plan.digest, steps: plan.steps.length });
  return {
    watch: {
      begin: ({ id }, attempt) => void event({ event: "begin", step: id, attempt }),
      output: ({ id }, text) => event({ event: "output", step: id, text }),
      end(step, end, again) {
        seen.watch.end(step, end, again);
        const { output: _output, ...told } = end;
        void event({
          event: "end",
          step: step.id,
          ...told,
          durationMs: Math.round(end.durationMs),
          again,
        });
      },
      hold: (id, why) => void event({ event: "hold", step: id, reason: why }),
      settle(id, state, reason) {
        seen.watch.settle(id, state, reason);
        void event({ event: "settle", step: id, state, reason });
      },
    },
    say,
    recap: (state) =>
      void event({
        event: "recap",
        success: state === "succeeded",
        state,
        steps: statesOf(seen.ends),
      }),
    close() {},
  };
}

/** By step. */
function statesOf(ends: readonly Ended[]): Record<string, string> {
  return Object.fromEntries(ends.map(({ id, end }) => [id, end.state]));
}

function silentDisplay(run: Run, plan: Plan): RunDisplay {
  const seen = collected({ outputs: true });
  const waits: { id: string; reason: string }[] = [];
  const hold = (held: string, reason: string): void => void waits.push({ id: held, reason });
  return {
    watch: { begin() {}, output() {}, hold, ...seen.watch },
    say,
    recap(state) {
      const steps = seen.ends.map(({ id, end, output }) => ({
        id,
        ...end,
        durationMs: end.durationMs === null ? null : Math.round(end.durationMs),
        output,
      }));
      const named = { run: run.id, name: run.name, digest: plan.digest };
      const data = { kind: "run", ...named, state, steps, waits };
      const error =
        state === "succeeded"
          ? null
          : state === "waiting"
            ? { code: state, message: "the run waits for a person", hint: resumeHint(run) }
            : { code: state, message: `the run ended: ${state}`, hint: null };
      void print(`${JSON.stringify({ v: 1, success: error === null, data, error })}\n`);
    },
    close() {},
  };
}
