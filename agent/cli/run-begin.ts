/** A plan that a person may run now: it is shown, the password is asked for once, and then it is run here to its end. */
import { openClient, type Client } from "../client.ts";
import { thisHost } from "../host.ts";
import type { Verdicts } from "../../protocol/reply.ts";
import { conduct } from "../workflow/conduct.ts";
import { helperSteps } from "../workflow/helper-steps.ts";
import { UNRECORDED } from "../sandbox/explain.ts";
import { parallelSteps } from "../workflow/parallel.ts";
import type { Parts } from "../workflow/parts.ts";
import { privilegedSteps, secretInputs, type Plan } from "../workflow/plan.ts";
import { obstacleAhead } from "../workflow/before-run.ts";
import type { RunRecord } from "../workflow/record.ts";
import { areTheSame, forget, secretMarks } from "../workflow/secrets.ts";
import { reportCasts } from "../workflow/reported-casts.ts";
import { RUN_STATUS } from "../workflow/state.ts";
import type { Store } from "../workflow/store.ts";
import { unsandboxedSteps } from "../workflow/unsandboxed-steps.ts";
import { fail, type Failure } from "./errors.ts";
import { givenSecrets, type Given, type SecretOptions } from "./given-secrets.ts";
import { planText } from "./plan-text.ts";
import { runDisplay } from "./run-display.ts";
import { approvalFlaw, approvals } from "./run-approvals.ts";
import { changedSince, claimFailure, obstacleFailure, usage } from "./run-words.ts";

export type BeginOptions = SecretOptions & {
  jobs?: string;
  /** Steps about which the person on this terminal decides. */
  approve?: string[];
  json?: true;
  jsonl?: true;
};

export type Begin = {
  store: Store;
  plan: Plan;
  parts: Parts;
  /** Of a run that is on record already; else it is put there once everything is known that it needs. */
  record: RunRecord | null;
  file: string | null;
  /** Steps that are over already. */
  done: ReadonlySet<string>;
  /** Called as soon as this process has the run, before anything of it is run. */
  claimed: (run: string) => void;
  /** The command as it was given, for hints. */
  words: readonly string[];
};

/** Sets the exit status. */
export async function beginRun(begin: Begin, options: BeginOptions): Promise<void> {
  const { plan, parts, store, record, words } = begin;
  const json = options.json === true || options.jsonl === true;
  const parallel = parallelSteps(options.jobs);
  if (parallel === null)
    return fail(usage(`-j takes a number from 1 to 64, not ${options.jobs}`), { json });
  const flaw = approvalFlaw(plan, options);
  if (flaw !== null) return fail(flaw, { json });
  const obstacle = await obstacleAhead(plan, parts);
  if (obstacle !== null) return fail(obstacleFailure(obstacle), { json });
  const client = asksHelper(plan) ? openClient(thisHost()) : null;
  try {
    const privileged = privilegedSteps(plan).filter(({ id }) => !begin.done.has(id));
    const needed = { password: privileged.length > 0, secrets: secretInputs(plan) };
    if (needed.password || record !== null) {
      const verdicts = await verdictsOf(client);
      process.stderr.write(planText(plan, { verdicts, colours: colours(), claimed: record }));
    }
    const given = await givenSecrets(plan, needed, options, words);
    if ("cause" in given) return fail(given, { json });
    const run = claimedRun(begin, given);
    if (typeof run !== "string") {
      given.password?.fill(0);
      forget(given.secrets);
      return fail(run, { json });
    }
    begin.claimed(run);
    const claim = record?.claim ?? "";
    // Nothing else is printed while a person decides.
    const jobs = options.approve === undefined ? parallel : 1;
    await conducted({ run, plan, parts, store, parallel: jobs, given, client, claim, options });
  } finally {
    await client?.close();
  }
}

/** Whether any of its steps is nothing without the helper. */
export function asksHelper({ steps }: Plan): boolean {
  return steps.some(({ via }) => via === "helper" || via === "unsandboxed");
}

export function colours(): boolean {
  return process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

/** What the helper's policy says; null where it does not tell. */
export async function verdictsOf(client: Client | null): Promise<Verdicts | null> {
  if (client === null) return null;
  const answer = await client.ask({ kind: "policy" });
  return answer.kind === "reply" && answer.reply.data?.kind === "policy"
    ? answer.reply.data.verdicts
    : null;
}

/** Its id, or why this process does not have it. */
function claimedRun({ store, plan, record, file }: Begin, { secrets }: Given): string | Failure {
  if (record?.secrets != null && !areTheSame(secrets, record.secrets))
    return changedSince(record.id, "another secret was given");
  const none = { client: null, claim: null };
  const run = record?.id ?? store.create({ plan, file, ...none, secrets: secretMarks(secrets) });
  const claim = store.claim(run);
  return claim === "claimed" ? run : claimFailure(claim, run);
}

type Conducting = Pick<Begin, "plan" | "parts" | "store"> & {
  run: string;
  parallel: number;
  given: Given;
  client: Client | null;
  claim: string;
  options: BeginOptions;
};

async function conducted(work: Conducting): Promise<void> {
  const { run, plan, parts, store, parallel, given, client, options } = work;
  const display = runDisplay(run, plan, {
    json: options.json === true,
    jsonl: options.jsonl === true,
    lines: options.approve !== undefined,
  });
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(RUN_STATUS.cancelled);
    stop.abort();
    display.say("sallyport: stopping what runs; again: at once\n");
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const terminals =
    given.password === null || parts.terminals === null ? null : parts.terminals(given.password);
  try {
    const none = (): never => {
      throw new Error("a plan without requests has made one");
    };
    const state = await conduct({
      store,
      run,
      plan,
      executors: {
        terminal: terminals?.execute ?? null,
        sandbox: parts.sandbox,
        unsandboxed:
          client === null
            ? null
            : unsandboxedSteps({
                client,
                run,
                plan,
                folder: store.folder,
                claim: work.claim,
                decide: approvals(options.approve ?? []),
              }),
        helper: client === null ? none : helperSteps(client),
      },
      secrets: given.secrets,
      parallel,
      signal: stop.signal,
      watch: display.watch,
    });
    display.recap(state);
    process.exitCode = RUN_STATUS[state];
    await reported(work);
    noteUnrecorded(parts);
  } finally {
    display.close();
    await parts.sandboxes?.close();
    await terminals?.close();
    given.password?.fill(0);
    forget(given.secrets);
    for (const signal of signals) process.off(signal, interrupt);
  }
}

function noteUnrecorded({ sandboxes }: Parts): void {
  const left = sandboxes?.unrecorded() ?? 0;
  if (left > 0)
    process.stderr.write(
      `sallyport: ${left} sandboxed step${left === 1 ? " is" : "s are"} ${UNRECORDED}\n`,
    );
}

/** Of the recordings that were made, on whatever way it ended. */
async function reported({ run, store, client }: Conducting): Promise<void> {
  const casts = store.outline(run).filter(({ castSha256 }) => castSha256 !== null);
  if (casts.length === 0) return;
  const own = client ?? openClient(thisHost());
  try {
    const left = casts.length - (await reportCasts(own, run, casts));
    if (left > 0)
      process.stderr.write(
        `sallyport: ${left} of ${casts.length} recordings are in no audit log: this user asks no helper\nsallyport: hint: sallyport doctor\n`,
      );
  } finally {
    if (client === null) await own.close();
  }
}
