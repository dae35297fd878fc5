/** What a person reads of a successful reply. Programs read `--json`; this text may change. */
import type { Request } from "../../protocol/operation.ts";
import type { AuditEntry, PolicyData, Reply, ServiceData } from "../../protocol/reply.ts";
import { bareOrQuoted, escapeBlock, escapeLine } from "../escape.ts";
import { grantsText } from "./grant-text.ts";
import { tableText } from "./table.ts";

const DONE = {
  install: "installed",
  remove: "removed",
  upgrade: "upgraded",
  update: "package lists updated",
  autoremove: "packages nobody needs removed",
  autoclean: "old package files removed",
} as const;

export function replyText(request: Request, reply: Reply): string {
  if (request.kind === "service" && request.action === "logs") return outputText(reply.stdout);
  const { data } = reply;
  if (data !== null) {
    switch (data.kind) {
      case "service":
        return `${escapeLine(serviceText(data))}\n`;
      case "package":
        return `${escapeLine(`${data.name}: ${versionsText(data.installed, data.candidate)}`)}\n`;
      case "policy":
        return policyText(data);
      case "audit":
        return data.records.length === 0 ? "no records\n" : entriesText(data.records);
      case "grant":
        return grantsText(data.grants);
      case "version":
        return `helper ${escapeLine(data.version)} (build ${escapeLine(data.buildId)})\n`;
      default:
        return data satisfies never;
    }
  }
  if (request.kind !== "package" || request.action === "info") return "done\n";
  const done = DONE[request.action];
  return request.name === null ? `${done}\n` : `${escapeLine(request.name)}: ${done}\n`;
}

/** A program's own words, every hidden character visible, ending in a line feed. */
export function outputText(output: string): string {
  return output === "" ? "" : `${escapeBlock(output.replace(/\n$/, ""))}\n`;
}

/** Oldest first: when, which request, what was asked, what came of it. */
export function entriesText(entries: readonly AuditEntry[]): string {
  const rows = entries.map(({ time, requestId, phase, argv, decision, result }) => {
    const end = result === null ? decision : (result.code ?? "done");
    return [time, requestId, phase, argv.map(bareOrQuoted).join(" "), end].map(escapeLine);
  });
  return tableText(rows);
}

function serviceText(unit: ServiceData): string {
  const facts = [`${unit.ActiveState} (${unit.SubState})`];
  if (unit.LoadState !== "loaded") facts.push(unit.LoadState);
  if (unit.UnitFileState !== "") facts.push(unit.UnitFileState);
  if (unit.MainPID !== 0) facts.push(`pid ${unit.MainPID}`);
  return `${unit.unit}: ${facts.join(", ")}`;
}

function versionsText(installed: string | null, candidate: string | null): string {
  const have = installed === null ? "not installed" : `installed ${installed}`;
  return `${have}, ${candidate === null ? "no candidate" : `candidate ${candidate}`}`;
}

function policyText({ verdicts, policyHash }: PolicyData): string {
  // One row for each kind and name ("*": the whole system), in the order of the policy.
  const rows = new Map<string, { allow: string[]; guard: string[]; deny: string[] }>();
  for (const [wish, verdict] of Object.entries(verdicts)) {
    const [kind = "", action = "", name = "*"] = wish.split(" ");
    const row = rows.get(`${kind} ${name}`) ?? { allow: [], guard: [], deny: [] };
    rows.set(`${kind} ${name}`, row);
    row[verdict].push(action);
  }
  const lines = [...rows].map(([what, { allow, guard }]) =>
    [...what.split(" "), allow.join(" ") || "-", guard.join(" ") || "-"].map(escapeLine),
  );
  const head = ["", "NAME", "AT ONCE", "WITH A GRANT"];
  return `${tableText([head, ...lines])}policy ${escapeLine(policyHash)}\n`;
}
