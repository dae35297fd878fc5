/** Runs one transaction on this machine. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseReport, type Report } from "./report.ts";
import { transactionArguments, transactionScript, type Task } from "./transaction.ts";

/** More than the script ever says. */
const ANSWER_MAX_BYTES = 1 << 20;

/**
 * Runs `task` as root (the script refuses anybody else).
 * `helper`, `line`: paths of the programs to install; they are copied by the script and believed by their digests only.
 */
export async function runTransaction(task: Task, helper: string, line: string): Promise<Report> {
  // Root's own directory of a file system that no one else can write: never /tmp (CVE-2021-23240).
  const upload = mkdtempSync("/run/sallyport-");
  try {
    const script = join(upload, "transaction.sh");
    writeFileSync(script, transactionScript(), { mode: 0o600, flag: "wx" });
    writeFileSync(join(upload, "rule"), task.rule.text, { mode: 0o600, flag: "wx" });
    symlinkSync(helper, join(upload, "helper"));
    symlinkSync(line, join(upload, "line"));
    return parseReport(await run([script, ...transactionArguments(task, upload)]));
  } finally {
    rmSync(upload, { recursive: true, force: true });
  }
}

function run(argv: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", argv, {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let answer = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      if (answer.length < ANSWER_MAX_BYTES) answer += text;
    });
    // The script rolls back on these; this process waits for it, and then takes its directory away.
    const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
    const pass = (signal: NodeJS.Signals) => void child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    const settled = () => {
      for (const signal of signals) process.off(signal, pass);
    };
    child.on("error", (error) => {
      settled();
      reject(error);
    });
    child.on("close", () => {
      settled();
      resolve(answer);
    });
  });
}
