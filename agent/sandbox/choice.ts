/** Which backend runs what: settings of the user, or else of the host. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readSettingsFile } from "../settings-file.ts";
import { BACKENDS, type Backend, type BackendName } from "./backend.ts";
import { bubblewrap } from "./bubblewrap-backend.ts";
import { containerBackend } from "./container-backend.ts";
import type { Language } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";

export const HOST_SETTINGS = "/etc/sallyport/sandbox.yaml";

const backend = z.enum(BACKENDS);
const socket = z.string().startsWith("/").max(107);

const choiceSchema = z.strictObject({
  backend: backend.default("bubblewrap"),
  /** For code of that language. */
  languages: z
    .strictObject({ bash: backend, python: backend, node: backend })
    .partial()
    .default({}),
  /** By digest: what `npm run sandbox-image` prints. */
  image: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits are expected")
    .optional(),
  /** Containers that wait for programs, of each kind that was used, where sallyport goes on running. */
  warm: z.int().min(0).max(8).default(1),
  sockets: z
    .strictObject({
      docker: socket.default("/run/docker.sock"),
      podman: socket.default(`/run/user/${process.getuid?.()}/podman/podman.sock`),
    })
    .prefault({}),
});

type Choice = z.infer<typeof choiceSchema>;

type SettingsFlaw = Extract<SandboxRefusal, { kind: "settings" }>;

export type Backends = {
  /** `language` is null for a command. */
  of(language: Language | null): Backend | SandboxRefusal;
  nameFor(language: Language | null): BackendName | SettingsFlaw;
  close(): Promise<void>;
};

/** What `only` has in place of the settings' choice. `warm`: whether this process goes on for further programs. */
export function chosenBackends({
  only = null,
  warm = false,
}: { only?: BackendName | null; warm?: boolean } = {}): Backends {
  const made = new Map<BackendName, Backend>();
  const nameIn = (choice: Choice, language: Language | null): BackendName =>
    only ?? (language === null ? undefined : choice.languages[language]) ?? choice.backend;
  return {
    nameFor(language) {
      const choice = readChoice();
      return "kind" in choice ? choice : nameIn(choice, language);
    },
    of(language) {
      const choice = readChoice();
      if ("kind" in choice) return choice;
      const name = nameIn(choice, language);
      const found = made.get(name) ?? make(name, choice, warm);
      if (!("kind" in found)) made.set(name, found);
      return found;
    },
    async close() {
      await Promise.all([...made.values()].map((one) => one.close()));
    },
  };
}

/** The user's own settings, as a whole, before those of the host; the defaults where there are none. */
function readChoice(): Choice | SettingsFlaw {
  const config = process.env["XDG_CONFIG_HOME"];
  const base = config?.startsWith("/") === true ? config : join(homedir(), ".config");
  const own = join(base, "sallyport", "sandbox.yaml");
  const read = readSettingsFile(choiceSchema, existsSync(own) ? own : HOST_SETTINGS, true);
  return "flaw" in read ? { kind: "settings", ...read } : read;
}

function make(name: BackendName, choice: Choice, warm: boolean): Backend | SandboxRefusal {
  if (name === "bubblewrap") return bubblewrap;
  const { image, sockets } = choice;
  const settings = { socket: sockets[name], warm: warm ? choice.warm : 0 };
  if (image === undefined)
    return { kind: "no_image", image: null, backend: name, socket: settings.socket };
  return containerBackend(name, { ...settings, image });
}
