/** The sandbox, tried: a program that does nothing is run in one, and what confined it is looked at. */
import { explainSandboxRefusal } from "../sandbox/explain.ts";
import { executor } from "../sandbox/executor.ts";
import { profileFor, profileSchema } from "../sandbox/profile.ts";
import { finding, type Finding } from "./finding.ts";

const CHECK = "sandbox";

export async function examineSandbox(): Promise<Finding> {
  const ran = await executor().run({
    program: { kind: "command", argv: ["true"] },
    profile: profileFor(null, profileSchema.parse({ seconds: 10 })),
    env: {},
    stdin: null,
    workspace: null,
    signal: null,
    output: () => undefined,
  });
  if (ran.kind === "is_root") {
    return finding(CHECK, "unknown", "it is not for root", "sallyport doctor, as an ordinary user");
  }
  if (ran.kind !== "ran") {
    const { cause, hint } = explainSandboxRefusal(ran);
    const state = ran.kind === "not_confined" ? "fail" : "unknown";
    return finding(CHECK, state, cause, hint);
  }
  if (ran.end.by !== "itself" || ran.end.exitStatus !== 0) {
    return finding(CHECK, "warn", "a program that does nothing did not come to its end in it");
  }
  const nearly = ran.degraded.join(", ");
  return finding(CHECK, "ok", `bubblewrap confines what is run; held only nearly: ${nearly}`);
}
