/** `sallyport audit query`: who did what, when, and by whose grant. */
import type { Command } from "commander";
import { meaningOf } from "../audit/meaning.ts";
import { acceptSelection, writeSelected, type Selection } from "./audit-selection.ts";
import { readingLog, recordText } from "./audit-text.ts";

export function registerAuditQuery(audit: Command): void {
  acceptSelection(audit.command("query"))
    .summary("find records by time, user, operation, decision, request, grant or run")
    .action((selection: Selection & { json?: true }) =>
      readingLog(selection, "query", async () => {
        const found = await writeSelected(selection, (record) =>
          selection.json
            ? `${JSON.stringify({ ...record, ...meaningOf(record) })}\n`
            : recordText(record),
        );
        if (found === 0 && !selection.json) process.stderr.write("sallyport: no such record\n");
      }),
    );
}
