/** The steps of a run as a tree that is redrawn in place. */
import { escapeLine } from "../escape.ts";
import { durationText } from "../workflow/duration.ts";
import type { Plan, PlannedStep } from "../workflow/plan.ts";
import type { Risk } from "../workflow/risk.ts";
import { riskWord } from "./plan-text.ts";
import { drawOn } from "./redraw.ts";
import type { Run, RunDisplay } from "./run-display.ts";
import { collected, print, resumeHint } from "./run-ends.ts";
import { depths, endWord, lastWords, recapText, toneOf, whyOf, type Ended } from "./run-rows.ts";
import type { Row } from "./screen-rows.ts";

type TreeStep = {
  step: PlannedStep;
  began: number | null;
  held: string | null;
  ended: Ended | null;
};

export function treeDisplay(run: Run, plan: Plan, colours: boolean): RunDisplay {
  const seen = collected({ outputs: true });
  const depth = depths(plan.steps);
  const rows = new Map<string, TreeStep>();
  for (const step of plan.steps) rows.set(step.id, { step, began: null, held: null, ended: null });
  const nameOf = ({ id }: PlannedStep): string =>
    `${"  ".repeat(Math.min(depth.get(id) ?? 0, 12))}${id}`;
  const width = Math.max(...plan.steps.map((step) => nameOf(step).length));
  const drawing = drawOn(process.stdout, colours, {
    rows: () => [...rows.values()].map((row) => treeRow(row, nameOf(row.step))),
    printed: () => {
      const over = [...rows.values()].filter(({ ended }) => ended !== null);
      for (const { step } of over) rows.delete(step.id);
      return over
        .map(({ step, ended }) => {
          if (ended === null) return "";
          const mark = step.risk === null ? "" : `  ${riskWord(step.risk, colours)}`;
          const why = whyOf(ended.end);
          return `${nameOf(step).padEnd(width)}  ${painted(ended, colours)}${mark}${why === "" ? "" : `  ${escapeLine(why)}`}\n`;
        })
        .join("");
    },
  });
  // Durations of what runs grow without any event.
  const clock = setInterval(drawing.soon, 500).unref();
  const over = (id: string): void => {
    const row = rows.get(id);
    if (row !== undefined) row.ended = seen.ends.findLast((one) => one.id === id) ?? null;
    drawing.soon();
  };
  const close = (): void => {
    clearInterval(clock);
    drawing.close();
  };
  return {
    watch: {
      begin({ id }) {
        const row = rows.get(id);
        if (row !== undefined) row.began = performance.now();
        drawing.soon();
      },
      output() {},
      hold(id, why) {
        const row = rows.get(id);
        if (row !== undefined) row.held = why;
        drawing.soon();
      },
      end(step, end, again) {
        seen.watch.end(step, end, again);
        if (!again) over(step.id);
      },
      settle(id, state, reason) {
        seen.watch.settle(id, state, reason);
        over(id);
      },
    },
    say: drawing.say,
    recap(state) {
      close();
      void print(lastWords(seen.ends));
      for (const { step, held } of rows.values())
        if (held !== null) void print(`${step.id}: waits: ${escapeLine(held)}\n`);
      void print(recapText(run, state, seen.ends, performance.now() - seen.since));
      if (state === "waiting") process.stderr.write(`sallyport: hint: ${resumeHint(run)}\n`);
    },
    close,
  };
}

const SGR = { good: "32", neutral: "33", bad: "31" } as const;

function painted({ end }: Ended, colours: boolean): string {
  return colours ? `\x1b[${SGR[toneOf(end.state)]}m${endWord(end)}\x1b[0m` : endWord(end);
}

function treeRow({ step, began, held, ended }: TreeStep, name: string): Row {
  const mark = markOf(step.risk);
  const waiting = began === null;
  if (ended !== null) {
    const tone = toneOf(ended.end.state);
    return { name, word: endWord(ended.end), tone, reason: whyOf(ended.end), mark, waiting };
  }
  const word = began === null ? "waiting" : `running ${durationText(performance.now() - began)}`;
  return { name, word, tone: null, reason: held ?? "", mark, waiting };
}

function markOf(risk: Risk): Row["mark"] {
  if (risk === null) return null;
  const tones = { SAFE: "good", CAUTION: "neutral", CRITICAL: "bad" } as const;
  return { word: risk.level, tone: tones[risk.level] };
}
