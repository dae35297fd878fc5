/** What a backend confines a program with, for people: before it runs. */
import type { BackendName } from "./backend.ts";
import { inexactText } from "./explain.ts";
import type { Profile } from "./profile.ts";

/** Name and text, in columns. */
export function describeSandbox(backend: BackendName, profile: Profile): string[] {
  const own = backend === "bubblewrap" ? BUBBLEWRAP : CONTAINER;
  const nearly = backend === "bubblewrap" ? profile.bestEffort : [];
  return [
    `backend     ${backend}: ${own.namespaces}`,
    `user        ${own.user}`,
    `files       ${own.files}`,
    "network     none; system calls by an allow-list",
    ...Object.entries(profile).map(([name, value]) => `${name.padEnd(11)} ${String(value)}`),
    ...nearly.map((limit) => `nearly      ${inexactText(limit, profile)}`),
  ];
}

const BUBBLEWRAP = {
  namespaces: "own user, process, mount, network, IPC, UTS and cgroup namespaces",
  user: "without capabilities, without new privileges; no user namespaces of its own",
  files: "/usr read-only; /tmp and /dev/shm of its own; nothing else of this host",
};

const CONTAINER = {
  namespaces: "own process, mount, network, IPC, UTS and cgroup namespaces, and control group",
  user: "1001, or the caller where there is a workspace; no capabilities, no new privileges",
  files: "those of the image, read-only; /tmp and /dev/shm of its own; nothing of this host",
};
