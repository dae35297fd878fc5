/** What makes sandboxes: the same profile, by other means. */
import type { Inexact, Language } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";
import type { SandboxJob, SandboxRun } from "./run-bubblewrap.ts";

export const BACKENDS = ["bubblewrap", "docker", "podman"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** `degraded`: limits that hold only nearly, which the profile allows. */
export type BackendRun = SandboxRun & { degraded: readonly Inexact[] };

export type Backend = {
  name: BackendName;
  /** Where it is inside; null where there is none. */
  interpreterOf(language: Language): string | null;
  run(job: SandboxJob): Promise<BackendRun | SandboxRefusal>;
  /** Ends what waits for work. Nothing of it is left then. */
  close(): Promise<void>;
};
