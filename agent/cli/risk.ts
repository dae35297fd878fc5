/** `sallyport risk`: what a command may do, before anybody runs it. Nothing of it is run here. */
import { isAbsolute } from "node:path";
import type { Command } from "commander";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { escapeLine, quote } from "../escape.ts";
import { AXES, type Risk } from "../risk/level.ts";
import { badge } from "./badge.ts";
import { cut } from "./cells.ts";
import { fail, type Failure } from "./errors.ts";
import { tableText } from "./table.ts";

type Options = { stdinJsonl?: true; secondOpinion?: string; json?: true };

const OPINION_SECONDS = 30;
const EXCERPT_WIDTH = 60;

export function registerRisk(program: Command): void {
  program
    .command("risk")
    .summary("what a command may do: SAFE, CAUTION or CRITICAL, with reasons")
    .usage("[options] -- <command>")
    .argument("[command...]", "one text as for a shell, or a program and its arguments")
    .option("--stdin-jsonl", "judge each JSON string on standard input, one a line")
    .option(
      "--second-opinion <file>",
      "a program that may raise the level: JSON on its standard input and output",
    )
    .action(async (words: string[], options: Options) => {
      const wrong = misuse(words, options);
      if (wrong !== null) return fail(wrong, { json: options.json === true });
      if (options.stdinJsonl === true) return await stream();
      await one(words, options);
    });
}

function misuse(words: readonly string[], options: Options): Failure | null {
  const { stdinJsonl, secondOpinion } = options;
  const usage = (cause: string): Failure => ({
    code: "usage",
    cause,
    hint: "sallyport risk -- 'rm -rf build'",
    status: EXIT_STATUS.usage,
  });
  if (stdinJsonl === true && words.length > 0)
    return usage("--stdin-jsonl takes its commands from standard input alone");
  if (stdinJsonl === true && secondOpinion !== undefined)
    return usage("--second-opinion is asked about one command at a time");
  if (stdinJsonl !== true && words.length === 0) return usage("a command is missing");
  if (secondOpinion !== undefined && !isAbsolute(secondOpinion))
    return usage("--second-opinion needs an absolute path");
  return null;
}

async function one(words: readonly string[], options: Options): Promise<void> {
  const { openRisk } = await import("../risk/open.ts");
  const judge = await openRisk();
  const [only = ""] = words;
  const command = words.length === 1 ? only : words.join(" ");
  let risk = words.length === 1 ? judge.riskOf(only) : judge.riskOfArgv(words);
  if (options.secondOpinion !== undefined) {
    const { opinionOf, withOpinion } = await import("../risk/second-opinion.ts");
    risk = await withOpinion(command, risk, opinionOf(options.secondOpinion, OPINION_SECONDS));
  }
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ v: 1, success: true, ...risk, error: null })}\n`
      : riskText(command, risk),
  );
}

async function stream(): Promise<void> {
  const { openRisk } = await import("../risk/open.ts");
  const { judgeLines } = await import("../risk/stream.ts");
  const count = { malformed: 0 };
  for await (const text of judgeLines(process.stdin, await openRisk(), count)) {
    // A reader that is slower than this must not make it hold everything.
    if (!process.stdout.write(text)) {
      await new Promise<void>((resolve) => {
        process.stdout.once("drain", resolve);
      });
    }
  }
  if (count.malformed === 0) return;
  process.stderr.write(`sallyport: ${count.malformed} lines were no JSON string\n`);
  process.exitCode = EXIT_STATUS.usage;
}

/** The badge, then each reason with the part of the command that it is about. */
function riskText(command: string, risk: Risk): string {
  const axes = AXES.filter((axis) => risk.axes[axis]).join(", ");
  const rows = risk.reasons.map(({ rule, span, text }) => [
    `  ${rule}`,
    cut(quote(command.slice(...span)), EXCERPT_WIDTH),
    escapeLine(text),
  ]);
  return `${badge(risk.level)}${axes === "" ? "" : `  ${axes}`}\n${tableText(rows)}`;
}
