/** `sallyport replay`: what a step showed in its terminal, at its own pace, if it is still what was recorded. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine } from "../escape.ts";
import { replay, type Replayed } from "../terminal/replay.ts";
import type { StepRecord } from "../workflow/record.ts";
import { castFolder, stateFolder } from "../workflow/state-folder.ts";
import { openStore } from "../workflow/store.ts";
import { fail, type Failure } from "./errors.ts";
import { noRun, storeFailure, usage } from "./run-words.ts";

export type ReplayOptions = {
  speed: string;
  idleLimit: string;
  json?: true;
};

/** Without a step: all that have a recording, one after the other. */
export async function replayRun(
  run: string,
  step: string | undefined,
  options: ReplayOptions,
): Promise<void> {
  const json = options.json === true;
  const [speed, idleLimit] = [Number(options.speed), Number(options.idleLimit)];
  if (!(speed > 0) || !(idleLimit >= 0))
    return fail(usage("--speed and --idle-limit take numbers above 0"), { json });
  const casts = castsOf(run, step);
  if (!Array.isArray(casts)) return fail(casts, { json });
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    for (const { id, file } of casts) {
      process.stderr.write(`sallyport: ${escapeLine(id)}:\n`);
      const write = async (text: string): Promise<void> => {
        if (!process.stdout.write(text))
          await new Promise((taken) => process.stdout.once("drain", taken));
      };
      const played = await replay(file, { speed, idleLimit, signal: stop.signal, write });
      const failure = failureOf(played, id);
      if (failure !== null) return fail(failure, { json });
    }
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

type CastFile = { id: string; file: string };

function castsOf(run: string, step: string | undefined): CastFile[] | Failure {
  const folder = stateFolder(process.env);
  const store = openStore(folder);
  if ("flaw" in store) return storeFailure(store.flaw);
  try {
    if (store.run(run) === null) return noRun(run);
    const wanted = store.outline(run).filter(({ id }) => step === undefined || id === step);
    if (wanted.length === 0) return usage(`${run} has no step ${step}`, "runs");
    const casts: CastFile[] = [];
    for (const one of wanted) {
      if (one.castSha256 === null) continue;
      const file = join(castFolder(folder, run), `${one.id}.${one.attempt}.cast`);
      const flaw = flawOf(file, one.castSha256);
      if (flaw !== null) return changed(one.id, flaw);
      casts.push({ id: one.id, file });
    }
    return casts.length === 0 ? noRecording(run, wanted) : casts;
  } finally {
    store.close();
  }
}

function flawOf(file: string, sha256: string): string | null {
  if (!existsSync(file)) return "is gone";
  const digest = createHash("sha256").update(readFileSync(file)).digest("hex");
  return digest === sha256 ? null : "was changed since it was made";
}

function failureOf(played: Replayed, id: string): Failure | null {
  switch (played.kind) {
    case "played":
      return null;
    case "stopped":
      return { code: "cancelled", cause: "stopped", hint: null, status: 130 };
    case "malformed":
      return changed(id, `cannot be read from line ${played.line} on`);
    default:
      return played satisfies never;
  }
}

function changed(id: string, flaw: string): Failure {
  const cause = `the recording of ${id} ${flaw}`;
  return { code: "unsafe", cause, hint: null, status: EXIT_STATUS.unsafe };
}

function noRecording(run: string, steps: readonly StepRecord[]): Failure {
  const names = steps.map(({ id }) => id).join(", ");
  const cause = `nothing was recorded of ${names}: only steps in terminals are`;
  return {
    code: "unavailable",
    cause,
    hint: `sallyport runs ${run}`,
    status: EXIT_STATUS.unavailable,
  };
}
