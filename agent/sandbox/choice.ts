/** Which backend runs what. */
import { z } from "zod";
import { BACKENDS, type Backend, type BackendName } from "./backend.ts";
import { bubblewrap } from "./bubblewrap-backend.ts";
import { containerBackend } from "./container-backend.ts";
import type { Language } from "./profile.ts";
import type { SandboxRefusal } from "./refusal.ts";

const backend = z.enum(BACKENDS);
const socket = z.string().startsWith("/").max(107);

/** Keys of the host's settings of sandboxes. */
export const choiceSchema = z.strictObject({
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

export type Backends = {
  /** `language` is null for a command; `only` stands before what the settings say. */
  of(language: Language | null, only: BackendName | null): Backend | SandboxRefusal;
  close(): Promise<void>;
};

export function backendFor({ backend: usual, languages }: Choice, language: Language | null) {
  return (language === null ? undefined : languages[language]) ?? usual;
}

export function chooseBackends(choice: Choice): Backends {
  const made = new Map<BackendName, Backend>();
  return {
    of(language, only) {
      const name = only ?? backendFor(choice, language);
      const found = made.get(name) ?? make(name, choice);
      if (!("kind" in found)) made.set(name, found);
      return found;
    },
    async close() {
      await Promise.all([...made.values()].map((one) => one.close()));
    },
  };
}

function make(name: BackendName, { image, sockets, warm }: Choice): Backend | SandboxRefusal {
  if (name === "bubblewrap") return bubblewrap;
  const at = { backend: name, socket: sockets[name] };
  if (image === undefined) return { ...at, kind: "no_image", image: null };
  return containerBackend(name, { socket: at.socket, image, warm });
}
