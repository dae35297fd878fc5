/** What a sandbox gives a program: limits. That it has no network, no capability and no new privilege is no setting. */
import { z } from "zod";

export const LANGUAGES = ["bash", "python", "node"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What bubblewrap cannot hold a program to exactly where it has no control group of its own. */
const INEXACT = ["memory", "cpu", "tmpNoexec"] as const;
export type Inexact = (typeof INEXACT)[number];

export const profileSchema = z.strictObject({
  /** Of all processes together, their files in memory not included. */
  memoryMiB: z
    .int()
    .min(64)
    .max(1 << 20)
    .default(256),
  /** Processors' worth of time. */
  cpus: z.number().min(0.05).max(1024).default(0.5),
  /** Processes and threads at once; by default 10, and 32 for node and python, which have threads of their own. */
  processes: z.int().min(1).max(4096).optional(),
  /** Of each process. */
  openFiles: z.int().min(32).max(65_536).default(256),
  /** Size of /tmp, and of the longest file; /dev/shm has a quarter. */
  tmpMiB: z
    .int()
    .min(1)
    .max(1 << 16)
    .default(64),
  /** Wall clock. */
  seconds: z.number().min(0.1).max(86_400).default(60),
  /** How much of each output stream is kept. */
  outputKiB: z.int().min(1).max(65_536).default(1024),
  /** Limits that need not hold exactly; others that cannot are a refusal. */
  bestEffort: z.array(z.enum(INEXACT)).default([...INEXACT]),
});

/** As a file has it. */
type ProfileSettings = z.infer<typeof profileSchema>;
export type Profile = Omit<ProfileSettings, "processes"> & {
  processes: number;
  /** Memory that the kernel lets each process have. */
  processMiB: number;
};

/** V8 makes its room for machine code writable when it starts, all of it, and uses a little (from Node 20 on). */
const CODE_RANGE_MIB = 512;

/** `language` is null for a command, which may be node. */
export function profileFor(language: Language | null, settings: ProfileSettings): Profile {
  const threaded = language === "node" || language === "python";
  const roomMiB = language === "node" || language === null ? CODE_RANGE_MIB : 0;
  return {
    ...settings,
    processes: settings.processes ?? (threaded ? 32 : 10),
    processMiB: settings.memoryMiB + roomMiB,
  };
}
