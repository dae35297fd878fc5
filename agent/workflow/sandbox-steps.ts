/** Commands and code that get no sudo, each in a sandbox of its own. */
import { StringDecoder } from "node:string_decoder";
import { keptOutput, type KeptOutput } from "../kept-text.ts";
import { explainSandboxEnd, explainSandboxRefusal } from "../sandbox/explain.ts";
import type { Executed as SandboxExecuted } from "../sandbox/executor.ts";
import type { Examined } from "../sandbox/examine.ts";
import type { HostSandboxes } from "../sandbox/host-sandboxes.ts";
import { profileFor, profileSchema, type Profile } from "../sandbox/profile.ts";
import type { Stream } from "../sandbox/run-bubblewrap.ts";
import { findingText } from "../sanitizer/finding.ts";
import { redaction } from "../terminal/redaction.ts";
import { ended } from "./engine.ts";
import type { Executed, Execution, Executor } from "./execution.ts";

export function sandboxSteps(sandboxes: Pick<HostSandboxes, "run" | "settings">): Executor {
  return async (execution) => {
    const { act, workspace, env: wanted } = execution.step;
    if (act.kind === "request") return ended("denied", "a request is for the helper");
    const language = act.kind === "code" ? act.language : null;
    const settings = sandboxes.settings();
    const limits = "flaw" in settings ? profileSchema.parse({}) : settings.profile;
    const seconds = execution.timeoutMs === 0 ? limits.seconds : execution.timeoutMs / 1000;
    const profile = profileFor(language, { ...limits, seconds });
    // What a sandbox has in PATH and HOME is its own.
    const env = Object.fromEntries(wanted.map(([name]) => [name, execution.env[name] ?? ""]));
    const said = outputOf(execution);
    const ran = await sandboxes.run(
      {
        program:
          act.kind === "code"
            ? { kind: "code", language: act.language, text: act.text }
            : { kind: "command", argv: act.argv },
        profile,
        env,
        stdin: execution.stdin,
        workspace: workspace === null ? null : { folder: workspace, access: "read" },
        signal: execution.signal,
        output: said.take,
        patient: true,
      },
      "workflow",
    );
    await said.end();
    if (ran.kind !== "ran") return ended("denied", explainSandboxRefusal(ran).cause);
    return executedOf(ran, profile, said.kept);
  };
}

type Said = {
  take: (stream: Stream, chunk: Buffer) => void;
  end(): Promise<void>;
  kept: KeptOutput;
};

/** Both streams as one, in the order in which they come: whole characters, and no secret in them. */
function outputOf({ secrets, output }: Execution): Said {
  const streams = { stdout: open(), stderr: open() };
  let told: Promise<void> = Promise.resolve();
  const kept = keptOutput();
  function open() {
    return { secrets: redaction(secrets), decoder: new StringDecoder("utf8") };
  }
  const tell = (piece: string): void => {
    if (piece === "") return;
    kept.add(piece);
    told = told.then(() => output(piece));
  };
  return {
    take: (stream, chunk) => {
      const { secrets: without, decoder } = streams[stream];
      tell(decoder.write(without.take(chunk)));
    },
    end: async () => {
      for (const { secrets: without, decoder } of Object.values(streams))
        tell(`${decoder.write(without.rest())}${decoder.end()}`);
      await told;
    },
    kept,
  };
}

type Ran = Extract<SandboxExecuted, { kind: "ran" }>;

function executedOf(ran: Ran, profile: Profile, kept: KeptOutput): Executed {
  const { end, durationMs } = ran;
  const [output, truncated] = [kept.text(), kept.truncated()];
  const failure = explainSandboxEnd(end, profile);
  const common = { output, truncated, durationMs, signal: null, castSha256: null };
  const ownEnd = failure === null || end.by === "itself" ? [] : [failure.cause];
  const reason = [...ownEnd, ...seenIn(ran.examined)].join("; ");
  switch (end.by) {
    case "itself": {
      const state = end.exitStatus === 0 ? "succeeded" : "failed";
      return { ...common, state, exitStatus: end.exitStatus, reason };
    }
    case "cancel":
      return { ...common, state: "cancelled", exitStatus: null, reason: "" };
    case "limit": {
      const state = end.limit === "time" ? "timed-out" : "failed";
      return { ...common, state, exitStatus: null, reason };
    }
    case "unknown":
      return { ...common, state: "failed", exitStatus: null, reason };
    default:
      return end satisfies never;
  }
}

/** The first of what was seen in the code, and how many more there are. */
function seenIn({ findings, more }: Examined): string[] {
  const [first, ...others] = findings;
  if (first === undefined) return [];
  const left = others.length + more;
  return [`code: ${findingText(first)}${left === 0 ? "" : ` (and ${left} more)`}`];
}
