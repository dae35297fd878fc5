/** The sandboxes, tried: a program that does nothing is run in one of each kind, and what confined it is looked at. */
import { statSync } from "node:fs";
import { BACKENDS, type BackendName } from "../sandbox/backend.ts";
import { chooseBackends } from "../sandbox/choice.ts";
import { explainSandboxRefusal } from "../sandbox/explain.ts";
import { executor, type Executed } from "../sandbox/executor.ts";
import { profileFor, profileSchema } from "../sandbox/profile.ts";
import { readSandboxSettings, type SandboxSettings } from "../sandbox/settings.ts";
import { finding, type Finding } from "./finding.ts";

export async function examineSandboxes(): Promise<Finding[]> {
  const settings = readSandboxSettings();
  if ("flaw" in settings) {
    return [finding("sandbox", "fail", settings.flaw, settings.hint ?? null)];
  }
  return await Promise.all(BACKENDS.map((backend) => examineSandbox(backend, settings)));
}

async function examineSandbox(backend: BackendName, settings: SandboxSettings): Promise<Finding> {
  const check = backend === "bubblewrap" ? "sandbox" : `sandbox by ${backend}`;
  if (process.getuid?.() === 0) {
    return finding(check, "unknown", "it is not for root", "sallyport doctor, as an ordinary user");
  }
  const isChosen = [settings.backend, ...Object.values(settings.languages)].includes(backend);
  const ran = await tryOne(backend, settings);
  if (ran.kind === "no_socket" && !isChosen) {
    return finding(check, "unknown", "there is none here, and the settings do not ask for it");
  }
  if (ran.kind !== "ran") {
    const { cause, hint } = explainSandboxRefusal(ran);
    const state = ["not_confined", "foreign_socket"].includes(ran.kind) ? "fail" : "unknown";
    return finding(check, state, cause, hint);
  }
  if (ran.end.by !== "itself" || ran.end.exitStatus !== 0) {
    return finding(check, "warn", "a program that does nothing did not come to its end in it");
  }
  const nearly = ran.degraded.length === 0 ? "" : `; held only nearly: ${ran.degraded.join(", ")}`;
  const held = `${backend} confines what is run${nearly}`;
  if (backend === "bubblewrap" || !isRoots(settings.sockets[backend])) {
    return finding(check, "ok", held);
  }
  const worth = `${held}; but who may use ${settings.sockets[backend]}, as this user may, is as good as root`;
  return finding(check, "warn", worth, "dockerd-rootless-setuptool.sh install");
}

async function tryOne(backend: BackendName, settings: SandboxSettings): Promise<Executed> {
  const sandboxes = executor({ backends: chooseBackends(settings) });
  try {
    return await sandboxes.run({
      program: { kind: "command", argv: ["true"] },
      profile: profileFor(null, profileSchema.parse({ seconds: 10 })),
      env: {},
      stdin: null,
      workspace: null,
      signal: null,
      output: () => undefined,
      backend,
      isLast: true,
    });
  } finally {
    await sandboxes.close();
  }
}

/** A daemon of a user's own has that user's socket, and no more than that user's rights. */
function isRoots(socket: string): boolean {
  return statSync(socket, { throwIfNoEntry: false })?.uid === 0;
}
