/** What other tools install Sallyport with. What these commands need is loaded only when one of them runs. */
import type { Command } from "commander";
import type { ExportAnsibleOptions } from "./export-ansible.ts";
import type { ExportCloudInitOptions } from "./export-cloud-init.ts";

export function registerExportCommands(program: Command): void {
  const exports = program.command("export").summary("set-up for Ansible and cloud-init");
  exports
    .command("ansible")
    .summary("write an Ansible role with the rules of these users")
    .requiredOption("--output <folder>", "the folder of the role; nothing is overwritten")
    .requiredOption("--user <name|uid>", "whom a rule is for; may be given several times", add)
    .action(async (options: ExportAnsibleOptions) => {
      const { exportAnsible } = await import("./export-ansible.ts");
      await exportAnsible(options);
    });
  exports
    .command("cloud-init")
    .summary("print a #cloud-config that sets the rule at first boot")
    .requiredOption("--user <name|uid>", "whom the rule is for; made by the time it runs")
    .option("--package <url>", "install this Debian package (default: the image has it)")
    .option("--sha256 <digest>", "what the package must be; needed with --package")
    .action(async (options: ExportCloudInitOptions) => {
      const { exportCloudInit } = await import("./export-cloud-init.ts");
      exportCloudInit(options);
    });
}

function add(user: string, before: string[] | undefined): string[] {
  return [...(before ?? []), user];
}
