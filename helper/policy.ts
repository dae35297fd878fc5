// Decides what is allowed: the table that judge.ts reads, compiled in and read-only at run time.
// If it were wrong, an agent would be handed a service or package it was never meant to touch.
// A site compiles its own in: `npm run build -- --policy site.yaml` replaces this file.
import type { Verdict } from "../protocol/operation.ts";

const RUN = "status logs start restart reload enable";
const TAKE = "install upgrade info";
/** Names, or none for the whole system; what is allowed at once; what needs a person's grant. */
const TABLE: readonly [kind: string, names: string, allow: string, guard: string][] = [
  ["service", "nginx caddy snapd snapd.socket", `${RUN} stop disable`, ""],
  ["service", "ssh fail2ban", RUN, "stop disable"], // a lock-out, a defence gone
  ["service", "docker", "status logs restart", "start stop reload enable disable"],
  ["package", "curl git htop rsync trash-cli snapd nginx caddy", `${TAKE} remove`, ""],
  ["package", "ufw fail2ban", TAKE, "remove"],
  ["package", "docker.io", "info", "install upgrade remove"],
  ["package", "", "update autoclean", "upgrade autoremove"],
];

/** The requests of a row that get `verdict`. */
const wishes = ([kind, names]: (typeof TABLE)[number], actions: string, verdict: Verdict) =>
  (actions.match(/\S+/g) ?? []).flatMap((action) =>
    names.split(" ").map((name) => [`${kind} ${action} ${name}`.trim(), verdict] as const),
  );

/** What is not listed is denied. */
export const VERDICTS: Record<string, Verdict> = Object.fromEntries(
  TABLE.flatMap((row) => [...wishes(row, row[2], "allow"), ...wishes(row, row[3], "guard")]),
);
/** How long an action may take; how long a session may be idle, and live. */
export const DEADLINE_SECONDS = { read: 30, service: 120, package: 1800, idle: 600, life: 86_400 };
