/** Plans: what makes another plan of one, what can be reached, and what is refused before it begins. */
import { expect, test } from "vitest";
import { planText } from "../../../agent/cli/plan-text.ts";
import {
  lockedSteps,
  makePlan,
  privilegedSteps,
  secretInputs,
  storedPlan,
  type Surroundings,
} from "../../../agent/workflow/plan.ts";
import { obstacleTo, stepRulings } from "../../../agent/workflow/preflight.ts";
import { parseSettled } from "../../../agent/grants/settings.ts";
import { areTheSame, secretMarks } from "../../../agent/workflow/secrets.ts";
import { planIn, planOf, workflowIn } from "./workflows.ts";

const SOURCE = `name: w
inputs:
  x: { type: string, default: one }
  key: { type: string, secret: true }
steps:
  - { id: a, run: "make", sudoLock: true, env: { X: "\${inputs.x}", K: "\${inputs.key}" } }
  - { id: b, needs: [a], service: { action: restart, name: nginx } }
`;
const HERE: Surroundings = {
  user: { uid: 1000, name: "agent" },
  host: { name: "h1", machine: "0123" },
  cwd: "/srv",
};
const digest = (
  source = SOURCE,
  inputs: [string, string][] = [["x", "one"]],
  place = HERE,
): string => makePlan(workflowIn(source), new Map(inputs), place).digest;

test.each<[string, () => string]>([
  ["a word of a command", () => digest(SOURCE.replace("make", "make all"))],
  ["a variable", () => digest(SOURCE.replace("{ X:", "{ Y: z, X:"))],
  ["a need", () => digest(SOURCE.replace("needs: [a], ", ""))],
  ["a service", () => digest(SOURCE.replace("nginx", "caddy"))],
  ["a lock on sudo", () => digest(SOURCE.replace(", sudoLock: true", ""))],
  ["a time", () => digest(SOURCE.replace("sudoLock", "timeout: 9m, sudoLock"))],
  ["a name", () => digest(SOURCE.replace("name: w", "name: v"))],
  ["an input", () => digest(SOURCE, [["x", "two"]])],
  ["a directory", () => digest(SOURCE, [["x", "one"]], { ...HERE, cwd: "/tmp" })],
  ["a user", () => digest(SOURCE, [["x", "one"]], { ...HERE, user: { uid: 1001, name: "agent" } })],
  [
    "a host of the same name",
    () => digest(SOURCE, [["x", "one"]], { ...HERE, host: { name: "h1", machine: "4567" } }),
  ],
])("%s makes another plan", (_, other) => {
  expect(other()).not.toBe(digest());
});

test("comments, quotes and the order of keys do not", () => {
  const same = SOURCE.replace('run: "make", sudoLock: true', "sudoLock: true, run: make").replace(
    "name: w",
    "# why\nname: 'w'",
  );
  expect(digest(same)).toBe(digest());
});

test("a plan outlives being written down, and no change to what was written", () => {
  const plan = planIn(SOURCE, { x: "one" });
  const text = JSON.stringify(plan);
  expect(storedPlan(text)).toEqual(plan);
  for (const changed of [
    text.replace('"make"', '"evil"'),
    text.replace('"uid":1000', '"uid":0'),
    text.replace('"one"', '"two"'),
    "{}",
    "[]",
    "x",
  ])
    expect(storedPlan(changed)).toBeNull();
});

test("what waits for a locked step cannot be reached, and needs no password", () => {
  const plan = planOf(
    "id: a, locked: true",
    "id: b, needs: [a], sudoLock: true",
    "id: c, needs: [b], locked: true",
    "id: d, needs: [a], when: always, sudoLock: true",
  );
  expect(plan.steps.map(({ id, reachable }) => `${id} ${reachable}`)).toEqual([
    "a true",
    "b false",
    "d true",
    "c false",
  ]);
  expect(lockedSteps(plan).map(({ id }) => id)).toEqual(["a"]);
  expect(privilegedSteps(plan).map(({ id }) => id)).toEqual(["d"]);
});

test.each<[string, string[], boolean, string | null]>([
  ["a step that nothing encloses", ["id: a"], true, "unsandboxed"],
  ["a wish to run outside, which waits when it is reached", ["id: a, sandbox: false"], true, null],
  ["sudo where there are no terminals", ["id: a, sudoLock: true"], false, "no_terminals"],
  ["a locked step that nothing encloses", ["id: a, locked: true"], false, null],
  ["one behind a locked step", ["id: a, locked: true", "id: b, needs: [a]"], false, null],
  ["sudo, whose password is the grant", ["id: a, sudoLock: true, sandbox: false"], true, null],
])("%s: known before anything runs", (_, steps, terminals, kind) => {
  expect(
    obstacleTo(planOf(...steps), { terminals, sandbox: null, root: false })?.kind ?? null,
  ).toBe(kind);
});

test.each<[string, string | null]>([
  ["id: a, sandbox: false", "roots_own"],
  ["id: a, sandbox: false, locked: true", null],
  ["id: a, sudoLock: true, sandbox: false", null],
])("as root, %s is known before anything runs: %s", (step, kind) => {
  const there = { terminals: true, sandbox: null, root: true };
  expect(obstacleTo(planOf(step), there)?.kind ?? null).toBe(kind);
});

const SETTLED: [settings: string, steps: string[], string][] = [
  ["unsandboxed: ask", ["id: a, sandbox: false"], "none"],
  ["unsandboxed: allowed", ["id: a, sandbox: false"], "none"],
  ["unsandboxed: { any: allowed, bash: ask }", ["id: a, sandbox: false"], "none"],
  ["unsandboxed: never", ["id: a, sandbox: false"], "not_allowed f:1"],
  ["unsandboxed: never", ["id: a, sandbox: false, locked: true"], "none"],
  ["unsandboxd: allowed", ["id: a"], "not_allowed f:1:1: unsandboxd: there is no such setting"],
  ["sandboxed: never", ["id: a"], "not_allowed f:1"],
  ["unsandboxed: { run: never }", ["id: a, sandbox: false"], "not_allowed f:1"],
  ["unsandboxed: { bash: never }", ["id: a, sandbox: false"], "none"],
  ["sudo: never", ["id: a, sudoLock: true"], "not_allowed f:1"],
  ["sudo: ask", ["id: a, sudoLock: true"], "none"],
];
test.each(SETTLED)("where root has settled %j, %j: %s", (text, steps, expected) => {
  const rulings = stepRulings(parseSettled(text, "f"));
  const found = obstacleTo(
    planOf(...steps),
    { terminals: true, sandbox: null, root: false },
    rulings,
  );
  const by = found?.kind === "not_allowed" ? found.decidedBy : "";
  expect(found === null ? "none" : `${found.kind} ${by}`).toBe(expected);
});

test("a secret is in no plan, and is known again", () => {
  expect(secretInputs(planIn(SOURCE, { x: "one" }))).toEqual(["key"]);
  const secrets = (text: string) => new Map([["key", Buffer.from(text)]]);
  const marks = secretMarks(secrets("1234"));
  expect(marks).not.toContain("1234");
  expect(secretMarks(secrets("1234"))).not.toBe(marks);
  expect(areTheSame(secrets("1234"), marks)).toBe(true);
  expect(areTheSame(secrets("1235"), marks)).toBe(false);
  expect(areTheSame(new Map(), marks)).toBe(false);
  expect(secretMarks(new Map())).toBeNull();
});

test("a plan is shown whole, and nothing in it passes for anything else", () => {
  const plan = planIn(
    `name: "w\\u202e"\nsteps:\n  - { id: a, sudoLock: true, run: "true\\n  b: by the helper\\n\\e[2J\\u200b" }\n`,
  );
  const text = planText(plan, { verdicts: null, colours: false, claimed: null });
  expect(text).toContain('workflow "w\\u202e": 1 step, as agent (uid 1000) on h1\n');
  expect(text).toContain("    | true\n    |   b: by the helper\n    | \\u{1b}[2J\\u{200b}\n");
  expect(text).toContain("  a: may use sudo, risk not rated\n");
});
