/** `sallyport audit export`: records for other systems, as they stand in the log or in the words of OCSF. */
import { hostname } from "node:os";
import { Option, type Command } from "commander";
import { ocsfEvent } from "../audit/ocsf.ts";
import { BUILD } from "../build.ts";
import { acceptSelection, writeSelected, type Selection } from "./audit-selection.ts";
import { readingLog } from "./audit-text.ts";

type Options = Selection & { format: "jsonl" | "ocsf"; host?: string };

export function registerAuditExport(audit: Command): void {
  const format = new Option("--format <format>", "as they stand, or as events of OCSF 1.7.0");
  acceptSelection(audit.command("export"))
    .summary("print records for another system, one a line")
    .addOption(format.choices(["jsonl", "ocsf"]).default("jsonl"))
    .option("--host <name>", "whose log it is, for OCSF (default: this host)")
    .action((options: Options) =>
      readingLog({ file: options.file }, "export", async () => {
        const host = options.host ?? hostname();
        await writeSelected(options, (record, line) =>
          options.format === "jsonl"
            ? `${line.toString()}\n`
            : `${JSON.stringify(ocsfEvent(record, host, BUILD.version))}\n`,
        );
      }),
    );
}
