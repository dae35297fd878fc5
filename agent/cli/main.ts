/** The command line: words to commands, and every error in one shape. */
import { Command, CommanderError } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { versionText } from "../build.ts";
import { registerAskCommands } from "./ask-commands.ts";
import { registerAuditCommands } from "./audit.ts";
import { registerClusterCommands } from "./cluster-commands.ts";
import { registerDecideCommands } from "./decide.ts";
import { registerDaemon } from "./daemon.ts";
import { registerDoctor } from "./doctor.ts";
import { fail, type Failure } from "./errors.ts";
import { registerExec } from "./exec.ts";
import { registerExportCommands } from "./export-commands.ts";
import { registerGrantCommands } from "./grants.ts";
import { registerLockdown } from "./lockdown.ts";
import { registerMcp } from "./mcp.ts";
import { registerNotify } from "./notify.ts";
import { registerRisk } from "./risk.ts";
import { registerSetupSudo } from "./setup-sudo.ts";
import { registerWorkflowCommands } from "./workflow-commands.ts";
import { registerSudoersLint } from "./sudoers-lint.ts";
import { registerWatch } from "./watch.ts";

/** Runs the command in `argv` (without node and script). Sets the exit status, never exits itself. */
export async function main(argv: readonly string[]): Promise<void> {
  const words = normalized(argv);
  const json = words.slice(0, endOfOptions(words)).includes("--json");
  const program = sallyport();
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141); // as a program that SIGPIPE ends; Node ignores the signal
  });
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(bug(error), { json });
    if (error.exitCode !== 0) return fail(usage(error, program, words[0]), { json });
  }
}

const EVERYWHERE = ["--json", "--no-input"];

/** Also spelled as options. */
const COMMANDS = ["setup-sudo", "bootstrap-cluster-sudo"];

/** `--setup-sudo` is a command too; options that every command takes may stand before it. */
function normalized(argv: readonly string[]): string[] {
  const first = argv.findIndex((word) => !EVERYWHERE.includes(word));
  const [command, ...rest] = first === -1 ? [] : argv.slice(first);
  if (command === undefined) return [...argv];
  const bare = command.replace(/^--/, "");
  const words = [COMMANDS.includes(bare) ? bare : command, ...rest];
  return words.toSpliced(endOfOptions(words), 0, ...argv.slice(0, first));
}

function endOfOptions(words: readonly string[]): number {
  const dashes = words.indexOf("--");
  return dashes === -1 ? words.length : dashes;
}

/** The program with all its commands; completions are made from it. */
export function sallyport(): Command {
  const program = new Command("sallyport")
    .description("Ask root for one of the things a policy allows, and for nothing else.")
    .version(versionText(), "-V, --version", "print version and build id")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    // Errors are printed by `fail`, once, in the shape of all others.
    .configureOutput({ writeErr: () => undefined });
  registerAskCommands(program);
  registerDoctor(program);
  registerAuditCommands(program);
  registerGrantCommands(program);
  registerDecideCommands(program);
  registerWatch(program);
  registerLockdown(program);
  registerDaemon(program);
  registerSetupSudo(program);
  registerClusterCommands(program);
  registerExportCommands(program);
  registerExec(program);
  registerMcp(program);
  registerNotify(program);
  registerWorkflowCommands(program);
  registerRisk(program);
  registerSudoersLint(program);
  for (const command of answering(program)) {
    acceptOption(command, "--json", "print one JSON object on stdout");
    acceptOption(command, "--no-input", "never ask: where something is missing, say so and stop");
  }
  return program;
}

function acceptOption(command: Command, flag: string, description: string): void {
  if (!command.options.some(({ long }) => long === flag)) command.option(flag, description);
}

/** Does something by itself, and has commands below it too. */
const BOTH = ["policy"];

function answering(command: Command): Command[] {
  const itself = command.commands.length === 0 || BOTH.includes(command.name());
  return [...(itself ? [command] : []), ...command.commands.flatMap(answering)];
}

function usage(error: CommanderError, program: Command, word: string | undefined): Failure {
  const known = program.commands.some((command) => command.name() === word);
  const hint = known ? `sallyport ${word} --help` : "sallyport --help";
  return { code: "usage", cause: causeOf(error), hint, status: EXIT_STATUS.usage };
}

/** Commander's sentences, in the shape of our own. */
function causeOf({ code, message }: CommanderError): string {
  if (code === "commander.help") return "a command is missing";
  if (code === "commander.excessArguments") return "too many arguments";
  return message
    .replace(/^error: /, "")
    .replace("is invalid. ", "is invalid: ")
    .replace("\n(Did you mean", " (did you mean");
}

/** What no refusal explains. Its stack goes to stderr, for the report. */
function bug(error: unknown): Failure {
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${cause}\n`);
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "internal",
    cause: `a bug in sallyport: ${message}`,
    hint: null,
    status: EXIT_STATUS.internal,
  };
}
