/** The commands about workflows. What they need is loaded only when one of them runs. */
import { Option, type Command } from "commander";
import { keepHeapSmall } from "../small-heap.ts";
import type { ReplayOptions } from "./replay.ts";
import type { BeginOptions } from "./run-begin.ts";
import type { RunOptions } from "./run-workflow.ts";

export function registerWorkflowCommands(program: Command): void {
  acceptBeginOptions(program.command("run"))
    .summary("run a workflow: steps in parallel, and sudo for those that say so")
    .argument("[file]", "the workflow, in YAML")
    .addOption(inputOption())
    .addOption(approveOption())
    .option("--plan", "print what it would do, and do nothing")
    .addOption(
      new Option("--resume <run>", "what is left of a run whose process is gone").conflicts([
        "plan",
        "inputs",
      ]),
    )
    .option("--yes", "with --resume: run again what may have run already")
    .action(async (file: string | undefined, options: RunOptions) => {
      const { runWorkflow } = await import("./run-workflow.ts");
      keepHeapSmall();
      await runWorkflow(file, options);
    });

  acceptBeginOptions(program.command("unlock"))
    .summary("let run what an agent has sent, after seeing what it is")
    .argument("<run>", "its id")
    .action(async (run: string, options: BeginOptions) => {
      const { unlockRun } = await import("./unlock-run.ts");
      await unlockRun(run, options);
    });

  const workflow = program.command("workflow").summary("what a workflow file says");
  workflow
    .command("check")
    .summary("read it, and say everything that is wrong with it")
    .argument("<file>", "the workflow, in YAML")
    .action(async (file: string, { json }: { json?: true }) => {
      const { checkWorkflow } = await import("./workflow-check.ts");
      checkWorkflow(file, { json: json === true });
    });

  program
    .command("runs")
    .summary("what became of runs, of one of them, or what a step of it printed")
    .argument("[run]", "its id")
    .argument("[step]", "its id")
    .action(async (run: string | undefined, step: string | undefined, options: { json?: true }) => {
      const { showRuns } = await import("./runs.ts");
      showRuns(run, step, options);
    });
  program
    .command("replay")
    .summary("play back what a step showed in its terminal")
    .argument("<run>", "its id")
    .argument("[step]", "its id; without it all that were recorded")
    .option("--speed <factor>", "2 is twice as fast", "1")
    .option("--idle-limit <seconds>", "the longest silence", "2")
    .action(async (run: string, step: string | undefined, options: ReplayOptions) => {
      const { replayRun } = await import("./replay.ts");
      await replayRun(run, step, options);
    });
  program
    .command("cancel")
    .summary("stop a run, with everything that its steps have started")
    .argument("<run>", "its id")
    .action(async (run: string, options: { json?: true }) => {
      const { cancelRun } = await import("./runs.ts");
      cancelRun(run, options);
    });
}

/** Not `input`: that is what --no-input makes false. */
function inputOption(): Option {
  const text = "a value for an input; may be given several times";
  const option = new Option("--input <name=value>", text).argParser(add);
  option.attributeName = () => "inputs";
  return option;
}

function approveOption(): Option {
  const text = "decide about this step on this terminal when it is reached; may be given again";
  return new Option("--approve <step>", text).argParser(add);
}

function acceptBeginOptions(command: Command): Command {
  return command
    .option("--password-fd <number>", "read the password for sudo from this file descriptor")
    .option("--input-fd <name=number>", "read a secret input from a file descriptor", add)
    .option("-j, --jobs <number>", "how many steps at once (default: twice the processors)")
    .option("--jsonl", "print one JSON object for each thing that happens");
}

function add(word: string, before: string[] | undefined): string[] {
  return [...(before ?? []), word];
}
