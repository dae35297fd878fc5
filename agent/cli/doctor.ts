/** `sallyport doctor`: a table of what holds and what does not; exit 1 where something fails. */
import type { Command } from "commander";
import { styleText } from "node:util";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { sudoFailure } from "../channel.ts";
import { examine } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";
import { escapeLine } from "../escape.ts";
import { explainFailure } from "../explain.ts";
import { thisHost } from "../host.ts";
import { fail } from "./errors.ts";
import type { MaybeFleetOptions } from "./fleet-run.ts";
import { acceptFleetOptions } from "./host-options.ts";
import { tableText } from "./table.ts";

const COLOURS = { ok: "green", warn: "yellow", fail: "red", unknown: "cyan" } as const;

export function registerDoctor(program: Command): void {
  acceptFleetOptions(program.command("doctor"), "examine these hosts of the inventory, over SSH")
    .summary("try every control on this host, and say which hold")
    .action(async (options: MaybeFleetOptions) => {
      const { on } = options;
      if (on === undefined) return await doctor(options.json === true);
      const { doctorOnFleet } = await import("./doctor-fleet.ts");
      await doctorOnFleet({ ...options, on });
    });
}

async function doctor(json: boolean): Promise<void> {
  const host = thisHost();
  const missing = sudoFailure(host);
  if (missing !== null) return fail(explainFailure(missing), { json });

  const findings = await examine(host);
  const success = !findings.some(({ state }) => state === "fail");
  process.stdout.write(
    json ? `${JSON.stringify({ v: 1, success, findings })}\n` : findingsText(findings),
  );
  process.exitCode = success ? 0 : EXIT_STATUS.failed;
}

export function findingsText(findings: readonly Finding[]): string {
  const rows = findings.map(({ state, check, reason }) => [
    state,
    escapeLine(check),
    escapeLine(reason),
  ]);
  const lines = tableText(rows).split("\n");
  return findings
    .map(({ state, hint }, at) => {
      const line = (lines[at] ?? "").slice(state.length);
      const hintLine = hint === null ? "" : `         hint: ${escapeLine(hint)}\n`;
      return `${coloured(state)}${line}\n${hintLine}`;
    })
    .join("");
}

function coloured(state: Finding["state"]): string {
  const { NO_COLOR } = process.env;
  const plain = !process.stdout.isTTY || (NO_COLOR !== undefined && NO_COLOR !== "");
  return plain ? state : styleText(COLOURS[state], state);
}
