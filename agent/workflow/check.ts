/** Whether steps make a whole: what they refer to is there and comes before them, and each of them could run. */
import { cycleIn, dependentsOf } from "./order.ts";
import type { Problem } from "./problem.ts";
import { impossible } from "./reach.ts";
import type { PlacedStep } from "./read.ts";
import type { Step } from "./step.ts";
import type { Template } from "./template.ts";

type Known = { ids: ReadonlySet<string>; inputs: ReadonlySet<string> };

/** `known`: also those that are not in `steps` because something is wrong with them. */
export function findProblems(steps: readonly PlacedStep[], known: Known): Problem[] {
  const problems = steps.flatMap((step) => problemsOfNeeds(step, known));
  const all = orderable(steps);
  const cycle = cycleIn(all);
  if (cycle !== null) {
    const first = steps.find(({ step }) => step.id === cycle[0]);
    if (first !== undefined)
      problems.push({
        ...first.place("needs"),
        cause: `these need each other in a circle: ${cycle.join(" -> ")}`,
        hint: null,
      });
    return [...problems, ...steps.flatMap((step) => problemsOfReferences(step, known, null))];
  }
  const after = descendantsOf(steps, dependentsOf(all));
  problems.push(...steps.flatMap((step) => problemsOfReferences(step, known, after)));
  if (problems.length > 0 || steps.length < known.ids.size) return problems;
  // A locked one never runs anyway: it does not count.
  const never = impossible(all, { locks: false });
  return steps
    .filter(({ step }) => never.has(step.id) && !step.locked)
    .map(({ step, place }) => ({
      ...place("when"),
      cause: `${step.id} can never run: ${
        step.needs.length === 0
          ? "when: failure needs a step that could fail"
          : "what it waits for cannot all happen in one run"
      }`,
      hint: null,
    }));
}

function problemsOfNeeds({ step, place }: PlacedStep, { ids }: Known): Problem[] {
  return step.needs.flatMap((need, at): Problem[] => {
    const cause =
      need === step.id
        ? "a step cannot need itself"
        : !ids.has(need)
          ? `no step is called ${JSON.stringify(need)}`
          : step.needs.indexOf(need) < at
            ? `${JSON.stringify(need)} stands here twice`
            : null;
    return cause === null ? [] : [{ ...place("needs", at), cause, hint: null }];
  });
}

/** Without what was complained of already: needs that name nothing, and a second step of the same name. */
function orderable(steps: readonly PlacedStep[]): Step[] {
  const byId = new Map(steps.map(({ step }) => [step.id, step]));
  return [...byId.values()].map((step) => ({
    ...step,
    needs: step.needs.filter((need) => need !== step.id && byId.has(need)),
  }));
}

type Descendants = ReadonlyMap<string, ReadonlySet<string>>;

/** For each step that is referred to, all that come after it, however far. */
function descendantsOf(
  steps: readonly PlacedStep[],
  dependents: ReturnType<typeof dependentsOf>,
): Descendants {
  const named = new Set(
    steps.flatMap((placed) => templatesOf(placed).flatMap(({ template }) => outputsIn(template))),
  );
  return new Map(
    [...named].map((id) => {
      const after = new Set(dependents.get(id));
      // A loop over a set that grows.
      for (const one of after) for (const next of dependents.get(one) ?? []) after.add(next);
      return [id, after];
    }),
  );
}

function templatesOf({ step }: PlacedStep): { path: string[]; template: Template }[] {
  const env = step.env.map(([name, template]) => ({ path: ["env", name], template }));
  return step.stdin === null ? env : [...env, { path: ["stdin"], template: step.stdin }];
}

function outputsIn(template: Template): string[] {
  return template.flatMap((part) => ("stdout" in part ? [part.stdout] : []));
}

/** `after`: null where the order is not known. */
function problemsOfReferences(
  placed: PlacedStep,
  known: Known,
  after: Descendants | null,
): Problem[] {
  const { step, place } = placed;
  return templatesOf(placed).flatMap(({ path, template }) =>
    template.flatMap((part): Problem[] => {
      const found = (cause: string, hint: string | null = null): Problem[] => [
        { ...place(...path), cause: `${path.at(-1)}: ${cause}`, hint },
      ];
      if ("input" in part && !known.inputs.has(part.input))
        return found(`no input is called ${JSON.stringify(part.input)}`);
      if (!("stdout" in part)) return [];
      if (!known.ids.has(part.stdout))
        return found(`no step is called ${JSON.stringify(part.stdout)}`);
      if (after !== null && after.get(part.stdout)?.has(step.id) !== true)
        return found(
          `${part.stdout} need not have run before ${step.id}`,
          `needs: [${part.stdout}]`,
        );
      return [];
    }),
  );
}
