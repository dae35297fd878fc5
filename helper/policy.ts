// Decides what is allowed: the table that judge.ts reads, compiled in and read-only at run time.
// If it were wrong, an agent would be handed a service or package it was never meant to touch.
// A site compiles its own in: `npm run build -- --policy site.yaml` replaces this file.
import type { Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";

type Row = Record<string, Verdict>;
const READ: Row = { status: "allow", logs: "allow" };
const RUN: Row = { ...READ, start: "allow", restart: "allow", reload: "allow", enable: "allow" };
const ALL: Row = { ...RUN, stop: "allow", disable: "allow" };
const KEEP: Row = { ...RUN, stop: "guard", disable: "guard" }; // a lock-out, a defence gone
const TAKE: Row = { install: "allow", upgrade: "allow", info: "allow" };
const PACKAGE: Row = { ...TAKE, remove: "allow" };

/** What is not listed is denied; `guard` needs a person's grant. */
export const VERDICTS: Verdicts = {
  services: {
    nginx: ALL,
    caddy: ALL,
    docker: { ...KEEP, start: "guard", reload: "guard", enable: "guard" },
    ssh: KEEP,
    fail2ban: KEEP,
    "snapd.socket": ALL,
    snapd: ALL,
  },
  packages: {
    curl: PACKAGE,
    git: PACKAGE,
    htop: PACKAGE,
    rsync: PACKAGE,
    ufw: { ...TAKE, remove: "guard" },
    "trash-cli": PACKAGE,
    snapd: PACKAGE,
    nginx: PACKAGE,
    caddy: PACKAGE,
    "docker.io": { install: "guard", upgrade: "guard", remove: "guard", info: "allow" },
    fail2ban: { ...TAKE, remove: "guard" },
  },
  system: { "*": { update: "allow", autoclean: "allow", upgrade: "guard", autoremove: "guard" } },
};

/** How long an action may take. */
export const DEADLINE_SECONDS = { read: 30, service: 120, package: 1800 };
