/** `sallyport setup-sudo`, run once by an administrator: the helper and the one sudoers rule. */
import { type Command, Option } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { runTransaction } from "../../sudoers/install.ts";
import type { Report } from "../../sudoers/report.ts";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import type { Task } from "../../sudoers/transaction.ts";
import { escapeLine } from "../escape.ts";
import { elevatedCommand, onTerminal, runElevated } from "./elevate.ts";
import { fail, failureText, type Failure } from "./errors.ts";
import { findInvokingUser, type InvokingUser } from "./invoking-user.ts";
import { helperBuild, helperSource, notTheHelper } from "./helper-source.ts";
import { preview, previewText } from "./setup-preview.ts";
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
    .summary("install the helper and its sudoers rule (run by an administrator)")
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
    .option("--uninstall", "remove the rule, and with the last rule the helper")
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
    return print(preview(rule, user.name, place.source, task.build.sha256), previewText, json);
  }
  if (process.geteuid?.() !== 0) return becomeRoot(options, user.uid);

  const report = await runTransaction(task, place.source);
  show(report, rule, user.name, json);
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
  if (options.status === true) return { kind: "status", rule, build };
  return (await notTheHelper(source)) ?? { kind: "install", rule, build };
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

function show(report: Report, rule: Rule, user: string, json: boolean): void {
  if (report.kind === "no_answer") {
    const cause = "the installation was stopped before it could answer";
    const hint = "run setup-sudo again: it first puts back what was there";
    return fail({ code: "internal", cause, hint, status: EXIT_STATUS.internal }, { json });
  }
  if (report.kind === "status") return showStatus(report, rule, user, json);

  const { state, notes } = report;
  if (report.cause !== null) return fail(explainChange(report, rule, user), { json });
  const data = {
    kind: "setup",
    state,
    uid: rule.uid,
    user,
    rule: rule.path,
    helper: rule.helper,
    notes,
  };
  print(data, () => changeText(report.state, rule, user), json);
  if (!json)
    process.stderr.write(notes.map((note) => `sallyport: note: ${escapeLine(note)}\n`).join(""));
}

function changeText(state: string, rule: Rule, user: string): string {
  const name = `${escapeLine(user)} (uid ${rule.uid})`;
  switch (state) {
    case "removed":
      return `removed: the rule of ${name}\n`;
    case "absent":
      return `nothing to remove: ${name} has no rule\n`;
    case "already-current":
      return `already current and proven: ${name} may run ${rule.helper} as root\n`;
    default:
      return `${state} and proven: ${name} may run ${rule.helper} as root\n${rule.path}\n`;
  }
}

function showStatus(
  report: Extract<Report, { kind: "status" }>,
  rule: Rule,
  user: string,
  json: boolean,
): void {
  const { rule: ruleFound, helper, effect, reason } = report;
  const good = ruleFound === "current" && helper === "current" && effect === "proven";
  const failure: Failure = {
    code: "failed",
    cause: `not set up as this build would${reason === "" ? "" : `: ${reason}`}`,
    hint: elevatedCommand(["setup-sudo", "--user", String(rule.uid)]),
    status: EXIT_STATUS.failed,
  };
  const data = { kind: "setup-status", uid: rule.uid, user, rule: ruleFound, helper, effect };
  if (json) {
    const error = good ? null : { code: failure.code, message: failure.cause, hint: failure.hint };
    process.stdout.write(`${JSON.stringify({ v: 1, success: good, data, error })}\n`);
  } else {
    const proof = `sudo -n ${rule.helper} version, as ${escapeLine(user)}`;
    process.stdout.write(
      tableText([
        ["rule", ruleFound, rule.path],
        ["helper", helper, rule.helper],
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
