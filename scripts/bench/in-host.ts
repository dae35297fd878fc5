/** Runs one of our programs in a lab host, bundled into one file, by the runtime that is built in. */
import { buildSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runtime } from "../runtime.ts";
import type { BenchHost } from "./host.ts";

const root = resolve(import.meta.dirname, "../..");
const ADDON = join(root, "dist/pty.node");
const PROGRAM = "/opt/bench.cjs";
export const NODE = "/usr/local/bin/node";

export type InHost = { file: string; user: string; words?: readonly string[]; input?: string };

const textOf = (path: string): string => JSON.stringify(readFileSync(join(root, path), "utf8"));

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
      // As the build does it.
      define: {
        "import.meta.url": JSON.stringify(pathToFileURL(PROGRAM)),
        SESSION_SCRIPT: textOf("agent/terminal/session.sh"),
        PYTHON_SANITIZER: textOf("agent/sanitizer/python.py"),
        PTY_SHA256: JSON.stringify(createHash("sha256").update(readFileSync(ADDON)).digest("hex")),
      },
    });
    await host.put(runtime(), NODE);
    await host.put(ADDON, "/usr/local/bin/pty.node");
    await host.put(bundle, PROGRAM);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const child = host.start(user, [NODE, PROGRAM, ...(words ?? [])]);
  child.stdin?.end(input ?? "");
  let text = "";
  for await (const chunk of child.stdout ?? []) text += String(chunk);
  return JSON.parse(text) as unknown;
}
