/** Workflows of `agent` on a real host with steps outside of the sandbox, and what came of them. */
import { expect } from "vitest";
import {
  arrange,
  arrangeScript,
  exec,
  ownHost,
  setUp,
  type Ended,
  type User,
} from "../lab/host.ts";
import { SALLYPORT } from "./grants.ts";

export const HOME = "/home/agent";
export const FILE = `${HOME}/w.yaml`;
export const SCRIPT = `${HOME}/deploy.sh`;
/** Outside of every sandbox; what runs there leaves its mark. */
const MARKS = "/srv/marks";
export const MARK = `${MARKS}/mark`;

type Step = { id: string; state: string; reason: string; output: string };
type Run = Ended & {
  run: string;
  state: string;
  steps: Record<string, Step>;
  waits: { id: string; reason: string }[];
};

export const as = async (user: User, ...words: string[]): Promise<Ended> =>
  await exec(ownHost(), user, [SALLYPORT, ...words]);
export const agent = async (script: string): Promise<Ended> =>
  await exec(ownHost(), "agent", ["/bin/sh", "-euc", script]);
const write = async (file: string, text: string): Promise<void> => {
  const ended = await exec(ownHost(), "agent", ["tee", file], { input: text });
  expect(ended.status, ended.stderr).toBe(0);
};

export function runIn(ended: Ended): Run {
  if (!ended.stdout.startsWith("{")) throw new Error(ended.stdout + ended.stderr);
  const { data, error } = JSON.parse(ended.stdout) as { data?: Run; error: object | null };
  if (data === undefined) throw new Error(JSON.stringify(error));
  const steps = Object.fromEntries(Object.values(data.steps).map((step) => [step.id, step]));
  return { ...data, ...ended, steps };
}
export const start = async (...words: string[]): Promise<Run> =>
  runIn(await as("agent", "run", FILE, "--json", ...words));
export const resume = async (run: string, ...words: string[]): Promise<Run> =>
  runIn(await as("agent", "run", "--resume", run, "--json", ...words));

export const workflow = async (...steps: string[]): Promise<void> =>
  await write(FILE, `name: w\nsteps:\n${steps.map((step) => `  - { ${step} }\n`).join("")}`);
export const marks = async (): Promise<string> =>
  await arrangeScript(ownHost(), `cat ${MARK} || :`);

/** The id of what the step waits for. */
export function awaited({ status, state, waits }: Run, step = "out"): string {
  expect([status, state]).toEqual([75, "waiting"]);
  const { reason } = waits.find(({ id }) => id === step) ?? { reason: "" };
  const [, id = ""] = /sallyport approve ([0-9a-f]{32})$/.exec(reason) ?? [];
  expect(id, JSON.stringify(waits)).not.toBe("");
  return id;
}
export const settle = async (text: string): Promise<void> => {
  const file = "/etc/sallyport/settings.yaml";
  await arrangeScript(ownHost(), `mkdir -p /etc/sallyport; echo '${text}' >${file}`);
};
export const OUT = `id: out, sandbox: false`;
export const DEPLOY = `${OUT}, run: [/bin/sh, ${SCRIPT}]`;

/** Scripts for sh(1): the one that is granted, another one, and a shell of the agent's own. */
export const GOOD = `echo 'echo good >>${MARK}' >${SCRIPT}; chmod 755 ${SCRIPT}`;
export const EVIL = `echo 'echo evil >>${MARK}' >${HOME}/other.sh; chmod 755 ${HOME}/other.sh`;

export async function setUpSteps(): Promise<void> {
  await setUp(ownHost());
  // Not /srv itself: other tests on this host look at who can write there.
  await arrange(ownHost(), "install", "-d", "-m", "1777", MARKS);
}

export async function forgetSteps(): Promise<void> {
  await arrangeScript(
    ownHost(),
    `rm -rf ${FILE} ${SCRIPT} ${HOME}/.local ${HOME}/bin ${HOME}/other.sh ${MARK}* /var/lib/sallyport/grants /etc/sallyport/settings.yaml`,
  );
}
