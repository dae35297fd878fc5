/** One install transaction on a host: files and password go over one connection, and its report comes back. */
import type { Writable } from "node:stream";
import { parseReport, type Report } from "../sudoers/report.ts";
import { transactionArguments, transactionScript, type Task } from "../sudoers/transaction.ts";
import { changeScript, inputLine, newMark, talk, valueOf } from "./remote-script.ts";
import type { Connection } from "./transport.ts";
import type { TriedPassword } from "./tried-password.ts";

/** Upload, sudo's stalls and the transaction, whose own parts have limits of their own. */
const CHANGE_SECONDS = 600;

export type Change =
  | {
      kind: "report";
      report: Exclude<Report, { kind: "no_answer" }>;
      /** What could not be removed afterwards, or null. */
      left: string | null;
      sentBytes: number;
    }
  /** Sudo asked a second time: the first answer was wrong. No third follows. */
  | { kind: "wrong_password" }
  /** Sudo asked, and another host had refused the password meanwhile: nothing was begun. */
  | { kind: "not_given" }
  /** Sudo asked, and there is no password. */
  | { kind: "password_needed" }
  | { kind: "no_sudo"; reason: string }
  | { kind: "not_uploaded"; reason: string }
  /** It began, and nobody knows how it ended: the next run first puts back what was there. */
  | { kind: "lost"; reason: string };

/**
 * `helper`: gzip(1) of the helper's bytes, or null where the host has it.
 * `password`: its bytes have no line end; this function neither keeps nor zeroes them.
 * `sent`: told when all files have been handed over.
 */
export async function change(
  connection: Connection,
  task: Task,
  helper: Buffer | null,
  password: TriedPassword | null,
  sent: () => void,
): Promise<Change> {
  const mark = newMark();
  const script = Buffer.from(transactionScript());
  const rule = Buffer.from(task.rule.text);
  const header = headerOf(task, [script.length, rule.length, helper?.length ?? 0]);
  const files = helper === null ? [script, rule] : [script, rule, helper];
  const input = [inputLine(mark), ...header, ...files];

  // In this order: sudo asks once; whoever sees the question twice gave the wrong answer.
  let [asked, given, over] = [0, false, false];
  let refused: Change | null = null;
  const answer = async (stdin: Writable): Promise<void> => {
    const bytes = (await password?.take()) ?? null;
    if (bytes === null) {
      refused = { kind: password === null ? "password_needed" : "not_given" };
      stdin.end();
      return;
    }
    if (over) return password?.said("unknown");
    given = true;
    const line = Buffer.concat([bytes, Buffer.from("\n")]);
    stdin.write(line, () => line.fill(0));
  };
  const heard = await talk(connection, {
    script: changeScript(),
    mark,
    input,
    seconds: CHANGE_SECONDS,
    fed: sent,
    converse: (stderr, stdin) => {
      const now = stderr.split(mark).length - 1;
      if (now === asked) return;
      asked = now;
      if (asked === 1) return void answer(stdin);
      refused = { kind: "wrong_password" };
      stdin.end();
    },
  });
  over = true;
  const { lines, whole } = heard;
  const report = parseReport(lines.join("\n"));
  const verdict = report.kind === "no_answer" ? "unknown" : "accepted";
  if (given) password?.said(refused === null ? verdict : "refused");
  if (refused !== null) return refused;

  const said = heard.stderr.replaceAll(mark, "").trim();
  const sentBytes = input.reduce((sum, { length }) => sum + length, 0);
  const upload = valueOf(lines, "upload");
  if (upload !== null) return { kind: "not_uploaded", reason: said === "" ? upload : said };
  const noSudo = valueOf(lines, "no-sudo");
  if (noSudo !== null) return { kind: "no_sudo", reason: noSudo };
  if (report.kind !== "no_answer")
    return { kind: "report", report, left: valueOf(lines, "left"), sentBytes };
  // It ended by itself without a word of the transaction: sudo did not start it.
  if (whole && valueOf(lines, "status") !== null) return { kind: "no_sudo", reason: said };
  const late = `no end within ${CHANGE_SECONDS} s`;
  return { kind: "lost", reason: heard.late ? late : said || "the connection was lost" };
}

/** The lines that change.sh reads, in its order. */
function headerOf(task: Task, sizes: readonly number[]): Buffer[] {
  const { uid, helper } = task.rule;
  const [, , , helperSha = "", ruleSha = "", , buildId = ""] =
    task.kind === "install" ? transactionArguments(task, "-") : [];
  return [task.kind, uid, helper, helperSha, ruleSha, buildId, ...sizes].map(inputLine);
}
