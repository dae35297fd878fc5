// Decides what is allowed: the table that judge.ts reads, compiled in and read-only at run time.
// If it were wrong, an agent would be handed a service or package it was never meant to touch.
// A site compiles its own in: `npm run build -- --policy site.yaml` replaces this file.
import type { Verdict } from "../protocol/operation.ts";
import type { Verdicts } from "../protocol/reply.ts";

type Row<V extends Verdict> = Record<string, V>;
const READ: Row<"allow"> = { status: "allow", logs: "allow" };
const RUN: Row<"allow"> = { start: "allow", restart: "allow", reload: "allow", enable: "allow" };
const END: Row<"allow"> = { stop: "allow", disable: "allow" };
/** Of ssh a lock-out, of fail2ban a defence switched off. */
const KEEP: Row<"guard"> = { stop: "guard", disable: "guard" };
const TAKE: Row<"allow"> = { install: "allow", upgrade: "allow", info: "allow" };
const ALL: Row<"allow"> = { ...TAKE, remove: "allow" };

/** What is not listed is denied; `guard` needs a person's grant. */
export const VERDICTS: Verdicts = {
  services: {
    nginx: { ...READ, ...RUN, ...END },
    caddy: { ...READ, ...RUN, ...END },
    docker: {
      ...READ,
      restart: "allow",
      start: "guard",
      reload: "guard",
      enable: "guard",
      ...KEEP,
    },
    ssh: { ...READ, ...RUN, ...KEEP },
    fail2ban: { ...READ, ...RUN, ...KEEP },
    "snapd.socket": { ...READ, ...RUN, ...END },
    snapd: { ...READ, ...RUN, ...END },
  },
  packages: {
    curl: ALL,
    git: ALL,
    htop: ALL,
    rsync: ALL,
    ufw: { ...TAKE, remove: "guard" },
    "trash-cli": ALL,
    snapd: ALL,
    nginx: ALL,
    caddy: ALL,
    "docker.io": { info: "allow", install: "guard", upgrade: "guard", remove: "guard" },
    fail2ban: { ...TAKE, remove: "guard" },
  },
  system: { "*": { update: "allow", autoclean: "allow", upgrade: "guard", autoremove: "guard" } },
};

/** Unit of each service, and what it reads as root beyond its unit file: that must be root's alone. */
export const UNITS: Record<string, { unit: string; files: string[] }> = {
  nginx: { unit: "nginx.service", files: ["/etc/nginx"] },
  caddy: { unit: "caddy.service", files: ["/etc/caddy"] },
  docker: { unit: "docker.service", files: ["/etc/docker"] },
  ssh: { unit: "ssh.service", files: ["/etc/ssh"] },
  fail2ban: { unit: "fail2ban.service", files: ["/etc/fail2ban"] },
  "snapd.socket": { unit: "snapd.socket", files: [] },
  snapd: { unit: "snapd.service", files: [] },
};

export const DEADLINE_SECONDS = { read: 30, service: 120, package: 1800 };
