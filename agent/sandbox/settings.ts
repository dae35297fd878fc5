/** What an administrator says of sandboxes on this host: one small YAML file, which agents cannot write. */
import { z } from "zod";
import { codeSettingsSchema } from "../sanitizer/settings.ts";
import { readSettingsFile, type Flaw } from "../settings-file.ts";
import { choiceSchema } from "./choice.ts";
import { QUEUE } from "./executor.ts";
import { profileSchema } from "./profile.ts";

const SANDBOX_FILE = "/etc/sallyport/sandbox.yaml";

export const sandboxSettingsSchema = z.strictObject({
  /** Of one process of Sallyport: how many run, and how many more wait. */
  atOnce: z.int().min(1).max(100).default(QUEUE.atOnce),
  waiting: z.int().min(0).max(1000).default(QUEUE.waiting),
  /** Limits of those that are given no profile of their own. */
  profile: profileSchema.prefault({}),
  code: codeSettingsSchema.prefault({}),
  ...choiceSchema.shape,
});

export type SandboxSettings = z.output<typeof sandboxSettingsSchema>;

/** The defaults where there is no file. */
export function readSandboxSettings(file = SANDBOX_FILE): SandboxSettings | Flaw {
  return readSettingsFile(sandboxSettingsSchema, file, true);
}
