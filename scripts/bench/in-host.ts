/** Runs one of our programs in a lab host, bundled into one file, by the runtime that is built in. */
import { buildSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runtime } from "../runtime.ts";
import type { BenchHost } from "./host.ts";

const root = resolve(import.meta.dirname, "../..");
const ADDON = join(root, "dist/pty.node");
export const NODE = "/usr/local/bin/node";

export type InHost = { file: string; user: string; words?: readonly string[]; input?: string };

/** `file`: beside this one. Gives back what it prints as JSON; throws where that is none. */
export async function runInHost(host: BenchHost, { file, user, words, input }: InHost) {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const bundle = join(folder, "program.cjs");
    buildSync({
      entryPoints: [join(import.meta.dirname, file)],
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node24",
      outfile: bundle,
      logLevel: "error",
      define: {
        SESSION_SCRIPT: JSON.stringify(
          readFileSync(join(root, "agent/terminal/session.sh"), "utf8"),
        ),
        PYTHON_SANITIZER: JSON.stringify(
          readFileSync(join(root, "agent/sanitizer/python.py"), "utf8"),
        ),
        PTY_SHA256: JSON.stringify(createHash("sha256").update(readFileSync(ADDON)).digest("hex")),
      },
    });
    await host.put(runtime(), NODE);
    await host.put(ADDON, "/usr/local/bin/pty.node");
    await host.put(bundle, "/opt/bench.cjs");
  } finally {
    rmSync(folder, { recursive: true });
  }
  const child = host.start(user, [NODE, "/opt/bench.cjs", ...(words ?? [])]);
  child.stdin?.end(input ?? "");
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return JSON.parse(text) as unknown;
}
