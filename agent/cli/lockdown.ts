/** `sallyport lockdown`: nothing is done as root any more, until a person lifts it. */
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { Argument, type Command } from "commander";
import { LOCKDOWN } from "../../protocol/reply.ts";
import { isLockedDown } from "../lockdown.ts";
import { isReason, NO_REASON, NOT_ON_RECORD, onRecord, personAsRoot } from "./as-root.ts";
import { fail } from "./errors.ts";

type Options = {
  message?: string;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

export function registerLockdown(program: Command): void {
  program
    .command("lockdown")
    .summary("stop everything, or go on (run by an administrator)")
    .addArgument(new Argument("<what>", "on, off or status").choices(["on", "off", "status"]))
    .option("-m, --message <text>", "why, for the record")
    .action((what: "on" | "off" | "status", options: Options) => lockdown(what, options));
}

async function lockdown(what: "on" | "off" | "status", options: Options): Promise<void> {
  const { message = "", input = true } = options;
  const json = options.json === true;
  if (what !== "status") {
    const why = message === "" ? [] : [`--message=${message}`];
    const words = ["lockdown", what, ...(json ? ["--json"] : []), ...why];
    if (!isReason(message)) return fail(NO_REASON, { json });
    const person = await personAsRoot(words, { json, input });
    if (person === null) return;
    // What stops everything must not wait for a log that is in use, nor for a disk that is full; what lets it go on
    // must. And what was begun before has its place on record before it.
    if (what === "on") lock();
    const recorded = await onRecord(
      `lockdown ${what} by uid ${person}${message === "" ? "" : `: ${message}`}`,
    );
    if (what === "off" && recorded) rmSync(LOCKDOWN, { force: true, recursive: true });
    if (!recorded) return fail(what === "on" ? LOCKED_UNRECORDED : NOT_ON_RECORD, { json });
  }
  const on = isLockedDown();
  const data = { kind: "lockdown", on };
  if (json) process.stdout.write(`${JSON.stringify({ v: 1, success: true, data })}\n`);
  else process.stdout.write(on ? "locked down: nothing is done as root\n" : "not locked down\n");
}

const LOCKED_UNRECORDED = {
  ...NOT_ON_RECORD,
  cause: "this host is locked down, but that cannot be written into the audit log",
};

/** It holds after a crash of the machine, too. */
function lock(): void {
  const folder = dirname(LOCKDOWN);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (!isLockedDown()) closeSync(openSync(LOCKDOWN, "wx", 0o644));
  const above = openSync(folder, "r");
  try {
    fsyncSync(above);
  } finally {
    closeSync(above);
  }
}
