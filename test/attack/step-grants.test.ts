/** A step runs outside of the sandbox only as a person has granted it: these bytes, once, in this run. */
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  records,
  setUp,
  type Ended,
  type User,
} from "../lab/host.ts";
import { approve, decide, SALLYPORT } from "./grants.ts";

const HOME = "/home/agent";
const FILE = `${HOME}/w.yaml`;
const SCRIPT = `${HOME}/deploy.sh`;
/** Outside of every sandbox; what runs there leaves its mark. */
const MARK = "/srv/mark";

type Step = { id: string; state: string; reason: string; output: string };
type Run = Ended & {
  run: string;
  state: string;
  steps: Record<string, Step>;
  waits: { id: string; reason: string }[];
};

const as = async (user: User, ...words: string[]): Promise<Ended> =>
  await exec(ownHost(), user, [SALLYPORT, ...words]);
const agent = async (script: string): Promise<Ended> =>
  await exec(ownHost(), "agent", ["/bin/sh", "-euc", script]);
const write = async (file: string, text: string): Promise<void> => {
  const ended = await exec(ownHost(), "agent", ["tee", file], { input: text });
  expect(ended.status, ended.stderr).toBe(0);
};

function runIn(ended: Ended): Run {
  if (!ended.stdout.startsWith("{")) throw new Error(ended.stdout + ended.stderr);
  const { data, error } = JSON.parse(ended.stdout) as { data?: Run; error: object | null };
  if (data === undefined) throw new Error(JSON.stringify(error));
  const steps = Object.fromEntries(Object.values(data.steps).map((step) => [step.id, step]));
  return { ...data, ...ended, steps };
}
const start = async (...words: string[]): Promise<Run> =>
  runIn(await as("agent", "run", FILE, "--json", ...words));
const resume = async (run: string, ...words: string[]): Promise<Run> =>
  runIn(await as("agent", "run", "--resume", run, "--json", ...words));

const workflow = async (...steps: string[]): Promise<void> =>
  await write(FILE, `name: w\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join("")}`);
const marks = async (): Promise<string> => await arrangeScript(ownHost(), `cat ${MARK} || :`);

/** The id of what the step waits for. */
function awaited({ status, state, waits }: Run, step = "out"): string {
  expect([status, state]).toEqual([75, "waiting"]);
  const { reason } = waits.find(({ id }) => id === step) ?? { reason: "" };
  const [, id = ""] = /sallyport approve ([0-9a-f]{32})$/.exec(reason) ?? [];
  expect(id, JSON.stringify(waits)).not.toBe("");
  return id;
}
const OUT = `id: out, sandbox: false`;
const DEPLOY = `${OUT}, run: [/bin/sh, ${SCRIPT}]`;

describeInLab("a step outside of the sandbox", () => {
  beforeAll(async () => {
    await setUp(ownHost());
    await arrange(ownHost(), "chmod", "1777", "/srv");
  });
  afterEach(async () => {
    await arrangeScript(
      ownHost(),
      `rm -rf ${FILE} ${SCRIPT} ${HOME}/.local ${HOME}/bin ${HOME}/other.sh ${MARK} /var/lib/sallyport/grants /etc/sallyport/settings.yaml`,
    );
  });

  test("waits before anything of it runs, runs once after one command of a person, and the record says all", async () => {
    await workflow(
      "id: before, sandbox: false, run: 'true', locked: true, when: failure, needs: [out]",
      `${OUT}, run: 'id -u >>${MARK}'`,
      "id: after, sandbox: false, needs: [out], run: 'cat', stdin: 'x'",
    );
    const waiting = await start();
    const id = awaited(waiting);
    expect(await marks()).toBe("");
    expect(waiting.steps).toEqual({});
    const shown = await decide(ownHost(), "show", id);
    expect(shown.stdout).toContain(`id -u >>${MARK}`);
    expect(shown.stdout).toContain(`"${waiting.run}"`);

    const begun = performance.now();
    await approve(ownHost(), id, "-m", "ticket 7");
    expect(performance.now() - begun).toBeLessThan(5000);
    const next = await resume(waiting.run);
    expect(next.steps["out"]).toMatchObject({ state: "succeeded" });
    expect(await marks()).toBe("1001\n");
    await approve(ownHost(), awaited(next, "after"));
    expect(await resume(waiting.run)).toMatchObject({ status: 0, state: "succeeded" });
    expect(await marks()).toBe("1001\n");

    const told = (await records(ownHost())).filter(({ argv }) => {
      return JSON.stringify(argv).includes(waiting.run);
    });
    expect(told.map(({ decision, rule, uid }) => [decision, rule, uid])).toContainEqual([
      "used",
      `grant ${id} by uid 1000: ticket 7`,
      1001,
    ]);
    const query = ["audit", "query", "--run", waiting.run, "--elevated", "--json"];
    const found = await as("root", ...query);
    expect(found.status, found.stderr).toBe(0);
    expect(found.stdout).toContain(`grant ${id} by uid 1000: ticket 7`);
  });
});
