/** Steps that may use sudo, each in a terminal of its own. */
import { refusalText } from "../terminal/sudo-refusal.ts";
import { openSudoTurn } from "../terminal/sudo-turn.ts";
import { runInTerminal, type TerminalEnd, type TerminalResult } from "../terminal/step.ts";
import { ended } from "./engine.ts";
import type { Executed, Execution, OpenTerminals } from "./execution.ts";

export const terminalSteps: OpenTerminals = (password) => {
  const sudo = openSudoTurn(password);
  return {
    execute: async ({ step, output, ...execution }) => {
      const { act, cwd } = step;
      if (act.kind !== "run") return ended("denied", "only a command runs in a terminal");
      return executedOf(await runInTerminal({ ...execution, argv: act.argv, cwd, sudo, output }));
    },
    close: () => sudo.close(),
  };
};

/** In a terminal of its own, without a password. `argv`, `cwd`: instead of the step's own. */
export async function runUnlocked(
  { step: _step, ...execution }: Execution,
  { argv, cwd }: { argv: readonly string[]; cwd: string },
): Promise<Executed> {
  return executedOf(await runInTerminal({ ...execution, argv, cwd, sudo: null }));
}

function executedOf(result: TerminalResult): Executed {
  const { output, truncated, durationMs, castSha256 } = result;
  return { output, truncated, durationMs, castSha256, ...stateOf(result.end) };
}

type State = Pick<Executed, "state" | "exitStatus" | "signal" | "reason">;
const NO_STATUS = { exitStatus: null, signal: null, reason: "" };

function stateOf(end: TerminalEnd): State {
  switch (end.kind) {
    case "exited": {
      const state = end.status === 0 ? "succeeded" : "failed";
      return { ...NO_STATUS, state, exitStatus: end.status };
    }
    case "signalled":
      return { ...NO_STATUS, state: "failed", signal: end.signal };
    case "cancelled":
    case "timed-out":
      return { ...NO_STATUS, state: end.kind };
    case "refused":
      return { ...NO_STATUS, state: "denied", reason: refusalText(end.why).cause };
    case "lost":
      return { ...NO_STATUS, state: "failed", reason: end.reason };
    default:
      return end satisfies never;
  }
}
