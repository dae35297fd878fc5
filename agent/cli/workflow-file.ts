/** A workflow file, read for a command; what is wrong with it, worded. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { problemText, type Problem } from "../workflow/problem.ts";
import { readWorkflow } from "../workflow/read.ts";
import type { Workflow } from "../workflow/step.ts";
import { fail, failureJson, type Failure } from "./errors.ts";

/** EX_CONFIG of sysexits(3). */
const BAD_CONFIGURATION = 78;
/** Somewhat more than a workflow may have: the reader says that it is too long. */
const MAX_BYTES = 1 << 20;

export type ReadFile = { workflow: Workflow } | { failure: Failure; problems: readonly Problem[] };

export function readWorkflowFile(file: string): ReadFile {
  let text: string;
  try {
    // Without waiting for a writer, if it is a pipe.
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.size > MAX_BYTES)
        return noWorkflow(`${file} is ${stat.isFile() ? "too long" : "not a file"}`);
      text = readFileSync(fd, "utf8");
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return noWorkflow(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const read = readWorkflow(text);
  if ("workflow" in read) return read;
  const { problems } = read;
  const cause = `${file} is no workflow: ${problems.length === 1 ? "one thing is" : `${problems.length} things are`} wrong`;
  return { problems, failure: { code: "config", cause, hint: null, status: BAD_CONFIGURATION } };
}

function noWorkflow(cause: string): ReadFile {
  const hint = "sallyport workflow check --help";
  return { problems: [], failure: { code: "config", cause, hint, status: BAD_CONFIGURATION } };
}

/** Prints all of it, and sets the exit status. */
export function failFile(
  file: string,
  { failure, problems }: Extract<ReadFile, { failure: Failure }>,
  { json }: { json: boolean },
): void {
  if (json) {
    const told = { ...failureJson(failure), problems: problems.map((one) => ({ file, ...one })) };
    process.stdout.write(`${JSON.stringify(told)}\n`);
    process.exitCode = failure.status;
    return;
  }
  for (const problem of problems) process.stderr.write(`${problemText(file, problem)}\n`);
  fail(failure, { json });
}
