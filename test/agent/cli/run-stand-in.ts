/** `sallyport run` and `unlock` where plain processes stand for terminals: `node run-stand-in.ts run|unlock ARG…`. */
import { Command } from "commander";
import { registerWorkflowCommands } from "../../../agent/cli/workflow-commands.ts";
import { PARTS } from "../../../agent/workflow/parts.ts";
import { standInTerminals } from "../workflow/child-process.ts";

PARTS.terminals = standInTerminals;
const program = new Command("sallyport");
registerWorkflowCommands(program);
for (const command of program.commands)
  command.option("--json", "one object").option("--no-input", "never ask");
await program.parseAsync(process.argv.slice(2), { from: "user" });
