/** A host of a test's own: nothing in it is there until the test puts it there. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../agent/host.ts";

/** An unprivileged user's, all of it below `folder`. */
export function standInHost(folder: string): Host {
  const host: Host = {
    euid: 1000,
    uid: 1000,
    sudo: join(folder, "sudo"),
    socket: join(folder, "socket"),
    socketUnits: [join(folder, "helper.socket")],
    otherElevators: [join(folder, "doas")],
    helpers: [join(folder, "helper"), join(folder, "helper-2")],
    commandLines: [join(folder, "sbin"), join(folder, "bin")],
    rules: join(folder, "sudoers.d"),
    processStatus: join(folder, "status"),
    helperSha256: null,
  };
  mkdirSync(host.rules);
  writeFileSync(host.processStatus, "Name:\tnode\nNoNewPrivs:\t0\n");
  return host;
}
