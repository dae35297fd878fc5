/** How a record reads, and what a log that cannot be read is. */
import { EXIT_STATUS } from "../../protocol/reply.ts";
import type { AuditRecord } from "../audit/record.ts";
import { bareOrQuoted, escapeLine } from "../escape.ts";
import { fail, type Failure } from "./errors.ts";

/** One line for a person; everything hidden is made visible. */
export function recordText(record: AuditRecord): string {
  const { seq, time, uid, user, phase, decision, argv, rule, result } = record;
  const who = `${uid ?? "?"}${user === null ? "" : `(${user})`}`;
  const words = argv.map(bareOrQuoted).join(" ");
  const end =
    result === undefined ? "" : `  ${result.code ?? "done"} after ${result.durationMs} ms`;
  // The rule of what is allowed is the request itself; any other one tells what the agent was not told.
  const why = rule === argv.join(" ") ? "" : `  (${rule})`;
  return `${seq}  ${time}  ${escapeLine(who)}  ${phase}  ${escapeLine(decision)}  ${words}${escapeLine(end + why)}\n`;
}

/** A log that cannot be read is a refusal, not a bug. */
export async function readingLog(
  { file, json }: { file: string; json?: true | undefined },
  command: string,
  read: () => Promise<void> | void,
): Promise<void> {
  try {
    await read();
  } catch (error) {
    const failure = unreadable((error as NodeJS.ErrnoException).code, file, command);
    if (failure === null) throw error;
    fail(failure, { json: json === true });
  }
}

function unreadable(errno: string | undefined, file: string, command: string): Failure | null {
  switch (errno) {
    case "EACCES":
    case "EPERM":
      return {
        code: "not_root",
        cause: `only root reads ${file}`,
        hint: `sudo sallyport audit ${command}`,
        status: EXIT_STATUS.not_root,
      };
    case "ENOENT":
    case "EISDIR":
      return {
        code: "unavailable",
        cause: `there is no audit log at ${file}`,
        hint: "sallyport doctor",
        status: EXIT_STATUS.unavailable,
      };
    default:
      return null;
  }
}
