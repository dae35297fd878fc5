/** A sandboxed step of nothing but code; throws where it was not run, or did not succeed. */
import type { Executor } from "../../agent/sandbox/executor.ts";
import { profileFor, profileSchema, type Language } from "../../agent/sandbox/profile.ts";

export function steps(sandboxes: Executor): (language: Language, text: string) => Promise<void> {
  return async (language, text) => {
    const ran = await sandboxes.run({
      program: { kind: "code", language, text },
      profile: profileFor(language, profileSchema.parse({})),
      env: {},
      stdin: null,
      workspace: null,
      signal: null,
      output: () => undefined,
    });
    if (ran.kind !== "ran" || ran.end.by !== "itself" || ran.end.exitStatus !== 0)
      throw new Error(JSON.stringify(ran));
  };
}
