/** `sallyport audit checkpoint`: root signs where the log is; a timer does it every hour. */
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { fingerprint, type Checkpoint } from "../audit/checkpoint.ts";
import { checkpointKey, publicPem } from "../audit/checkpoint-key.ts";
import { signLog } from "../audit/sign-log.ts";
import { witnessedFlaw, witnessedText } from "./audit-verify.ts";
import { fail, type Failure } from "./errors.ts";

type Options = { publicKey?: true; json?: true };

export function registerAuditCheckpoint(audit: Command): void {
  audit
    .command("checkpoint")
    .summary("sign where the log is now, as root: a log that is cut off later is found")
    .option("--public-key", "print the public key only, to be kept on another host")
    .action(async ({ publicKey, json }: Options) => {
      const as = { json: json === true };
      if (process.geteuid?.() !== 0) return fail(NOT_ROOT, as);
      return publicKey === true ? printKey(as) : await checkpoint(as);
    });
}

const NOT_ROOT: Failure = {
  code: "not_root",
  cause: "only root signs the audit log",
  hint: "sudo sallyport audit checkpoint",
  status: EXIT_STATUS.not_root,
};

function printKey({ json }: { json: boolean }): void {
  const key = checkpointKey();
  if ("flaw" in key) return fail(unsafe(key.flaw), { json });
  const pem = publicPem(key.public);
  const object = { v: 1, success: true, key: fingerprint(key.public), pem };
  process.stdout.write(json ? `${JSON.stringify(object)}\n` : pem);
}

async function checkpoint({ json }: { json: boolean }): Promise<void> {
  const signing = await signLog();
  const told = (text: string, data: object): void => {
    process.stdout.write(json ? `${JSON.stringify({ v: 1, success: true, ...data })}\n` : text);
  };
  switch (signing.kind) {
    case "signed":
      return told(signedText(signing.checkpoint), { checkpoint: signing.checkpoint });
    case "current":
      return told(`nothing new since seq ${signing.seq}\n`, { checkpoint: null });
    case "no_records":
      return told("nothing is recorded yet\n", { checkpoint: null });
    case "unsafe":
      return fail(unsafe(signing.flaw), { json });
    case "broken": {
      const { report } = signing;
      if (!json) process.stderr.write(witnessedText(report));
      const cause = `NOT signed: ${witnessedFlaw(report)}`;
      const hint = "sudo sallyport audit verify";
      return fail({ code: "failed", cause, hint, status: EXIT_STATUS.failed }, { json });
    }
    default:
      return signing satisfies never;
  }
}

function signedText({ seq, hash, time, key }: Checkpoint): string {
  return `signed: seq ${seq} at ${time}, hash ${hash}, key ${key}\n`;
}

function unsafe(cause: string): Failure {
  return { code: "unsafe", cause, hint: "sudo sallyport doctor", status: EXIT_STATUS.unsafe };
}
