/** The helper, built from the sources beside this file, for the tests that start it in folders of their own. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { bundleHelper } from "../../scripts/bundle-helper.ts";
import { HELPER_OPTIONS } from "../../scripts/interpreter.ts";
import { pack } from "../../scripts/pack.ts";

const root = resolve(import.meta.dirname, "../..");
const built = join(root, ".mutation/helper");
/** Where nobody but root can write, wherever this checkout is. */
const PLACE = "/run/alone/sallyport-helper";
const USUAL = "idle: 600, life: 86_400";

/** Its path. A session of it may be idle for four seconds, and live for ten. */
export async function builtHelper(): Promise<string> {
  // Once in this namespace: where mutants are tried, all are in one build, and a variable chooses.
  if (existsSync(PLACE)) return PLACE;
  const usual = readFileSync(join(root, "helper/policy.ts"), "utf8");
  if (!usual.includes(USUAL)) throw new Error(`helper/policy.ts has no "${USUAL}"`);
  const policy = usual.replace(USUAL, "idle: 4, life: 10");
  const { text } = await bundleHelper(root, "0.0.0", policy);
  const key = createHash("sha256").update(text).digest("hex");
  const out = join(built, key);
  if (!existsSync(join(out, "sallyport-helper"))) {
    rmSync(built, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    const work = mkdtempSync(join(built, "work-"));
    await pack(text, "sallyport-helper", work, out, HELPER_OPTIONS);
    rmSync(work, { recursive: true });
  }
  writeFileSync(PLACE, "");
  const words = ["--bind", join(out, "sallyport-helper"), PLACE];
  const { status } = spawnSync("/usr/bin/mount", words, { stdio: "inherit" });
  if (status !== 0) throw new Error(`mount ended with ${status}`);
  return PLACE;
}

export type Said = {
  success?: boolean;
  requestId?: string;
  stdout?: string;
  stream?: string;
  text?: string;
  end?: string;
  durationMs?: number;
  data?: { kind: string } | null;
  error?: { code: string } | null;
};

/** Which of all mutants in one build is tried. */
const MUTANT = Object.entries(process.env).filter(([name]) => name.startsWith("__STRYKER"));

/** `stdout`: a file that the test has opened, in place of a pipe. */
export function start(
  helper: string,
  words: string[],
  environment: Record<string, string> = {},
  stdout: number | "pipe" = "pipe",
) {
  const env = { ...Object.fromEntries(MUTANT), SUDO_UID: "1000", ...environment };
  // What a mutant hangs is soon ended.
  const limits = { timeout: 40_000, killSignal: "SIGKILL" } as const;
  const child = spawn(helper, words, { env, stdio: ["pipe", stdout, "inherit"], ...limits });
  child.stdin?.on("error", () => {}); // it may have ended
  let text = "";
  child.stdout?.setEncoding("utf8");
  const read = (): void => void child.stdout?.on("data", (more: string) => void (text += more));
  const ended = once(child, "close").then(([status]) => status as number | null);
  const said = (): Said[] => {
    expect(text === "" || text.endsWith("\n")).toBe(true);
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Said);
  };
  /** All that it has said when it has said so much. */
  const told = async (count: number): Promise<Said[]> => {
    for (let tries = 0; text.split("\n").length <= count && tries < 800; tries += 1)
      await sleep(10);
    return said();
  };
  return { child, read, ended, said, told };
}

export async function ask(
  helper: string,
  words: string[],
  environment: Record<string, string> = {},
) {
  const { child, read, ended, said } = start(helper, words, environment);
  read();
  const status = await ended;
  return { status, said: said(), pid: child.pid };
}
