/** The constant script and its arguments: the same on this machine and over SSH. */
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import type { Rule } from "./rules.ts";

/** Written in by the build; from source the file beside this one is read. */
declare const TRANSACTION_SCRIPT: string;

export function transactionScript(): string {
  if (typeof TRANSACTION_SCRIPT !== "undefined") return TRANSACTION_SCRIPT;
  return readFileSync(new URL("./transaction.sh", import.meta.url), "utf8");
}

/** A helper as a build made it. */
export type HelperBuild = {
  /** Of the file, lowercase hex. */
  sha256: string;
  bytes: number;
  /** What it answers to `version`. */
  buildId: string;
};

/** `lineSha256`: of the command line that is installed with it, lowercase hex; null where none is. */
export type Task =
  | { kind: "install"; rule: Rule; build: HelperBuild; lineSha256: string | null }
  | { kind: "uninstall"; rule: Rule }
  | { kind: "status"; rule: Rule; build: HelperBuild; lineSha256: string | null };

/** Arguments of the script. `upload`: the directory that holds the files `helper`, `rule` and `line`. */
export function transactionArguments(task: Task, upload: string): string[] {
  const { uid, helper, text } = task.rule;
  const user = String(uid);
  if (task.kind === "uninstall") return ["uninstall", user, helper];
  const digests = [task.build.sha256, createHash("sha256").update(text).digest("hex")];
  const rest = [...digests, helper, task.build.buildId];
  if (task.lineSha256 !== null) rest.push(task.lineSha256);
  return task.kind === "status" ? ["status", user, ...rest] : ["install", user, upload, ...rest];
}
