/** How the command line reports a failure: the cause, then a hint the reader can run. */
import { escapeLine } from "../escape.ts";

/** A failure, worded. `cause`: lowercase, no period. `hint`: a command, or null where none helps. */
export type Failure = {
  /** Stable word for programs: an error code of the protocol, or one of `agent/client.ts`. */
  code: string;
  cause: string;
  hint: string | null;
  /** Exit status; the numbers are those of `EXIT_STATUS` in protocol/reply.ts. */
  status: number;
};

/** The JSON object of a failure; a subset of the helper's reply, so that `success` and `error.code` always exist. */
export type FailureJson = {
  v: 1;
  success: false;
  error: { code: string; message: string; hint: string | null };
};

export function failureJson(failure: Failure): FailureJson {
  const { code, cause, hint } = failure;
  return { v: 1, success: false, error: { code, message: cause, hint } };
}

/** The lines of a failure for a person. */
export function failureText(failure: Failure): string {
  const lines = [`sallyport: ${escapeLine(failure.cause)}`];
  if (failure.hint !== null) lines.push(`sallyport: hint: ${escapeLine(failure.hint)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * Prints a failure and sets the exit status; the caller returns afterwards.
 * Never `process.exit`: it would cut off what a pipe has not taken yet.
 */
export function fail(failure: Failure, options: { json: boolean }): void {
  if (options.json) process.stdout.write(`${JSON.stringify(failureJson(failure))}\n`);
  else process.stderr.write(failureText(failure));
  process.exitCode = failure.status;
}
