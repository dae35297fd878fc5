/** Workflow files: everything wrong has its place in the text, or the steps are a whole that can be run. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { problemText } from "../../../agent/workflow/problem.ts";
import { readWorkflow } from "../../../agent/workflow/read.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const KEYS = [
  "id",
  "run",
  "service",
  "package",
  "code",
  "needs",
  "when",
  "join",
  "timeout",
  "env",
  "stdin",
  "cwd",
  "sudoLock",
  "sandbox",
  "locked",
  "retries",
  "idempotent",
];
const TEXTS = [
  "a",
  "b",
  "c",
  "echo hi",
  "${{ inputs.x }}",
  "${{ steps.a.output }}",
  "$${{ x }}",
  "true",
  "false",
  "3",
  "30s",
  "2h",
  "/srv",
  "any",
  "all",
  "always",
  "failure",
  "status",
  "nginx",
  "bash",
  "PATH",
  "LC_ALL",
];
const PIECES = [
  ": ",
  "- ",
  "\n",
  "  ",
  "{",
  "}",
  "[",
  "]",
  "&a ",
  "*a",
  "!x ",
  "? ",
  "|\n",
  "---\n",
];

const text = oddText(TEXTS);
const value = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 2, arbitrary: fc.array(text, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(text, text, { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.record({ action: text, name: text }) },
  { weight: 1, arbitrary: fc.record({ language: text, text }) },
);
const wildStep = fc.dictionary(oddText(KEYS), value, { maxKeys: 5 });
const goodStep = (at: number): fc.Arbitrary<object> =>
  fc.record(
    {
      id: fc.constant(`s${at}`),
      run: fc.oneof(fc.constant("true"), fc.constant(["ls", "-l"])),
      needs: fc.subarray(Array.from({ length: at }, (_, before) => `s${before}`)),
      // A step after a failure must have one that can fail before it: that is not for here.
      when: fc.constantFrom("success", "always"),
      join: fc.constantFrom("all", "any"),
      timeout: fc.constantFrom("1s", "10m", "24h"),
      env: fc.dictionary(fc.constantFrom("A", "B_1"), fc.constantFrom("x", "")),
      locked: fc.boolean(),
    },
    { requiredKeys: ["id", "run"] },
  );
const goodSteps = fc
  .integer({ min: 1, max: 6 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => goodStep(at))));

export const workflow = target<{ text: string; steps: string[] | null }>({
  input: fc.oneof(
    // `steps`: what must come out where nothing was spoilt.
    fc.record({ name: fc.constant("n"), steps: goodSteps }).map((whole) => ({
      text: JSON.stringify(whole),
      steps: whole.steps.map((step) => (step as { id: string }).id),
    })),
    fc
      .tuple(
        fc.record({
          name: text,
          inputs: fc.dictionary(text, fc.dictionary(text, value, { maxKeys: 3 }), { maxKeys: 2 }),
          steps: fc.oneof(fc.array(wildStep, { maxLength: 4 }), goodSteps),
        }),
        edits(PIECES),
        fc.constantFrom(0, 2),
      )
      .map(([whole, changes, indent]) => ({
        text: edited(JSON.stringify(whole, null, indent), changes),
        steps: null,
      })),
  ),
  holds({ text: source, steps }) {
    const began = performance.now();
    const read = readWorkflow(source);
    assert(performance.now() - began < 5000, "it takes too long");
    assert.deepEqual(readWorkflow(source), read, "it is read the same twice");
    if ("problems" in read) {
      assert.equal(steps, null, `nothing is wrong with it: ${JSON.stringify(read.problems)}`);
      assert(read.problems.length > 0);
      const lines = source.split("\n");
      for (const problem of read.problems) {
        const { line, column, cause } = problem;
        assert(line >= 1 && line <= lines.length + 1, `line ${line}`);
        assert(column >= 1 && column <= (lines[line - 1] ?? "").length + 1, `column ${column}`);
        assert.match(cause, /\S/);
        assert.doesNotMatch(problemText("w", problem).replace("\n  ", ""), /[\p{Cc}\u202e\u2028]/u);
      }
      return;
    }
    const ids = read.workflow.steps.map(({ id }) => id);
    if (steps !== null) assert.deepEqual(ids.toSorted(), steps.toSorted());
    assert.equal(new Set(ids).size, ids.length);
    for (const [at, step] of read.workflow.steps.entries()) {
      for (const need of step.needs) assert(ids.slice(0, at).includes(need), "a need comes before");
      if (step.act.kind === "run") assert.notEqual(step.act.argv[0] ?? "", "");
      assert(step.retries === 0 || step.idempotent);
      assert(!(step.sudoLock && step.sandbox));
    }
  },
});
