/** `sallyport setup-sudo`, run once by an administrator: the helper, root's own command line and the one sudoers rule. */
import { realpathSync } from "node:fs";
import { type Command, Option } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { COMMAND_LINE_PATH, HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { runTransaction } from "../../sudoers/install.ts";
import type { Report } from "../../sudoers/report.ts";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import type { Task } from "../../sudoers/transaction.ts";
import { ownershipFlaw } from "../doctor/ownership.ts";
import { escapeLine } from "../escape.ts";
import { hashFile } from "../workflow/held-file.ts";
import { elevatedCommand, onTerminal, runElevated } from "./elevate.ts";
import { fail, failureText, type Failure } from "./errors.ts";
import { findInvokingUser, type InvokingUser } from "./invoking-user.ts";
import { helperBuild, helperSource, notTheHelper, RUNNING_LINE } from "./helper-source.ts";
import { preview, previewProgram, previewText, type Preview } from "./setup-preview.ts";
import { explainChange, explainRule, explainUser } from "./setup-words.ts";
import { tableText } from "./table.ts";

type Options = {
  user?: string;
  dryRun?: true;
  status?: true;
  uninstall?: true;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

export function registerSetupSudo(program: Command): void {
  program
    .command("setup-sudo")
    .summary("install the helper, its sudoers rule and `sudo sallyport` (run by an administrator)")
    .option("--user <name|uid>", "whom the rule is for (default: whoever runs this)")
    .addOption(
      new Option("--dry-run", "show what would be written, change nothing").conflicts([
        "status",
        "uninstall",
      ]),
    )
    .addOption(
      new Option("--status", "show what is installed and prove that it works").conflicts(
        "uninstall",
      ),
    )
    .option("--uninstall", "remove the rule, and with the last rule both programs")
    .option("--json", "print one JSON object on stdout")
    .action((options: Options) => setupSudo(options));
}

async function setupSudo(options: Options): Promise<void> {
  const json = options.json === true;
  const found = await findInvokingUser(options.user);
  const user = options.uninstall === true ? orDeleted(found) : found;
  if (user.kind !== "user") return fail(explainUser(user), { json });

  const place = helperPlace(options);
  const rule = renderRule(user.uid, place.target);
  if (rule.kind !== "rule") return fail(explainRule(rule), { json });

  const task = await planTask(options, rule, place.source);
  if ("cause" in task) return fail(task, { json });

  if (options.dryRun === true && task.kind === "install") {
    return print(planned(task, user.name, place.source), previewText, json);
  }
  if (process.geteuid?.() !== 0) return becomeRoot(options, user.uid);

  const report = await runTransaction(task, place.source, RUNNING_LINE);
  show(report, task, user.name, json);
}

function planned(
  { rule, build, lineSha256 }: Extract<Task, { kind: "install" }>,
  user: string,
  source: string,
): Preview {
  return preview(
    rule,
    user,
    previewProgram({ from: source, to: rule.helper, sha256: build.sha256 }),
    lineSha256 === null
      ? null
      : previewProgram({ from: process.execPath, to: COMMAND_LINE_PATH, sha256: lineSha256 }),
  );
}

/** The rule of a user who is gone can still be removed, by number. */
function orDeleted(user: InvokingUser): InvokingUser {
  if (user.kind !== "unknown" || !/^[1-9]\d{0,9}$/.test(user.wanted)) return user;
  return { kind: "user", uid: Number(user.wanted), name: user.wanted };
}

/** Where the helper comes from and where it goes. A packaged one stays where its package put it. */
function helperPlace(options: Options): { source: string; target: string } {
  const [packaged, local] = HELPER_PATHS;
  const source = helperSource();
  return { source, target: options.uninstall !== true && source === packaged ? packaged : local };
}

async function planTask(options: Options, rule: Rule, source: string): Promise<Task | Failure> {
  if (options.uninstall === true) return { kind: "uninstall", rule };
  const build = helperBuild();
  if ("cause" in build) return build;
  // A package brings a command line of root's, too.
  const lineSha256 =
    rule.helper === HELPER_PATHS[0] ? null : (hashFile(RUNNING_LINE, null)?.sha256 ?? null);
  if (options.status === true) return { kind: "status", rule, build, lineSha256 };
  return (await notTheHelper(source)) ?? { kind: "install", rule, build, lineSha256 };
}

async function becomeRoot(options: Options, uid: number): Promise<void> {
  const json = options.json === true;
  const words = ["setup-sudo"];
  if (options.status === true) words.push("--status");
  if (options.uninstall === true) words.push("--uninstall");
  if (json) words.push("--json");
  words.push("--user", String(uid));
  if (onTerminal() && options.input !== false) {
    const status = await runElevated(words);
    if (status !== null) {
      process.exitCode = status;
      return;
    }
  }
  const cause = "only root can change sudoers";
  fail(
    { code: "not_root", cause, hint: elevatedCommand(words), status: EXIT_STATUS.not_root },
    { json },
  );
}

function show(report: Report, task: Task, user: string, json: boolean): void {
  const { rule } = task;
  if (report.kind === "no_answer") {
    const cause = "the installation was stopped before it could answer";
    const hint = "run setup-sudo again: it first puts back what was there";
    return fail({ code: "internal", cause, hint, status: EXIT_STATUS.internal }, { json });
  }
  if (report.kind === "status") return showStatus(report, rule, user, json);

  const { state } = report;
  if (report.cause !== null) return fail(explainChange(report, rule, user), { json });
  const line = task.kind === "install" && task.lineSha256 !== null;
  const flaw = line ? ownershipFlaw(realpathSync(process.execPath)) : null;
  const notes = report.notes.concat(flaw === null ? [] : [changedBefore(flaw)]);
  const data = {
    kind: "setup",
    state,
    uid: rule.uid,
    user,
    rule: rule.path,
    helper: rule.helper,
    notes,
  };
  const more = line ? "\n`sudo sallyport` is root's own copy of this program" : "";
  print(data, () => changeText(report.state, rule, user, more), json);
  if (!json)
    process.stderr.write(notes.map((note) => `sallyport: note: ${escapeLine(note)}\n`).join(""));
}

/** The copy is root's from now on. Whether it is what it should be depends on what could happen before. */
function changedBefore(flaw: string): string {
  return `what was copied could have been changed before by others than root: ${flaw}`;
}

/** `more`: what else an installation has done. */
function changeText(state: string, rule: Rule, user: string, more: string): string {
  const name = `${escapeLine(user)} (uid ${rule.uid})`;
  switch (state) {
    case "removed":
      return `removed: the rule of ${name}\n`;
    case "absent":
      return `nothing to remove: ${name} has no rule\n`;
    case "already-current":
      return `already current and proven: ${name} may run ${rule.helper} as root\n`;
    default:
      return `${state} and proven: ${name} may run ${rule.helper} as root\n${rule.path}${more}\n`;
  }
}

function showStatus(
  report: Extract<Report, { kind: "status" }>,
  rule: Rule,
  user: string,
  json: boolean,
): void {
  const { rule: ruleFound, helper, line, effect, reason } = report;
  const good =
    ruleFound === "current" &&
    helper === "current" &&
    (line === null || line === "current") &&
    effect === "proven";
  const failure: Failure = {
    code: "failed",
    cause: `not set up as this build would${reason === "" ? "" : `: ${reason}`}`,
    hint: elevatedCommand(["setup-sudo", "--user", String(rule.uid)]),
    status: EXIT_STATUS.failed,
  };
  const data = { kind: "setup-status", uid: rule.uid, user, rule: ruleFound, helper, line, effect };
  if (json) {
    const error = good ? null : { code: failure.code, message: failure.cause, hint: failure.hint };
    process.stdout.write(`${JSON.stringify({ v: 1, success: good, data, error })}\n`);
  } else {
    const proof = `sudo -n ${rule.helper} version, as ${escapeLine(user)}`;
    process.stdout.write(
      tableText([
        ["rule", ruleFound, rule.path],
        ["helper", helper, rule.helper],
        ...(line === null ? [] : [["command line", line, COMMAND_LINE_PATH]]),
        ["effect", effect, proof],
      ]),
    );
    if (!good) process.stderr.write(failureText(failure));
  }
  process.exitCode = good ? 0 : failure.status;
}

function print<T>(data: T, text: (data: T) => string, json: boolean): void {
  process.stdout.write(
    json ? `${JSON.stringify({ v: 1, success: true, data, error: null })}\n` : text(data),
  );
}
