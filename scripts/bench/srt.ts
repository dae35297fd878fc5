/** Anthropic's sandbox-runtime in a host: its `srt` runs a command in bubblewrap, too, and needs socat and ripgrep. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BenchHost } from "./host.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PACKAGES = ["@anthropic-ai/sandbox-runtime", "@pondwader/socks5-server", "node-forge"];
const PROGRAMS = ["rg", "socat"];
/** No network, nothing to write to: as near to a step's sandbox as it gets. */
const SETTINGS = {
  network: { allowedDomains: [], deniedDomains: [] },
  filesystem: { denyRead: [], allowWrite: [], denyWrite: [] },
};

/** Puts it there, and gives back what takes it away again. Throws where it is not here. */
export function putSrt(host: BenchHost): () => void {
  const tools = spawnSync(join(ROOT, "scripts/tools"), ["bench"], { encoding: "utf8" });
  const root = `/proc/${host.pid}/root`;
  for (const name of PROGRAMS)
    cpSync(join(tools.stdout.trim(), name), `${root}/usr/bin/${name}`, { dereference: true });
  mkdirSync(`${root}/opt/srt`, { recursive: true });
  writeFileSync(`${root}/opt/srt/settings.json`, JSON.stringify(SETTINGS));
  // Last of all what sandbox-runs.ts looks for.
  for (const name of PACKAGES)
    cpSync(join(ROOT, "node_modules", name), `${root}/opt/srt/node_modules/${name}`, {
      recursive: true,
    });
  return () => {
    const made = ["/opt/srt", ...PROGRAMS.map((name) => `/usr/bin/${name}`)];
    for (const path of made) rmSync(`${root}${path}`, { recursive: true, force: true });
  };
}
