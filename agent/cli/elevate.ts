/** Runs this same command line again as root, through sudo, on the person's own terminal. */
import { spawn } from "node:child_process";
import { quote } from "../escape.ts";

const SUDO = "/usr/bin/sudo";

/** The command that a person may also type; `words` are those of the command line after the program. */
export function elevatedCommand(words: readonly string[]): string {
  return ["sudo", ...elevatedArguments(words)]
    .map((word) => (/^[\w./:=-]+$/.test(word) ? word : quote(word)))
    .join(" ");
}

function elevatedArguments(words: readonly string[]): string[] {
  const script = process.argv[1];
  // A single executable stands in its own argv[1]; node run from source has the script there.
  const fromSource = script !== undefined && /\.[cm]?ts$/.test(script);
  return [process.execPath, ...(fromSource ? [script] : []), ...words];
}

/** Whether there is a person to ask for a password. */
export function onTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Exit status of the command as root; null where sudo itself could not be started. */
export function runElevated(words: readonly string[]): Promise<number | null> {
  return new Promise((resolve) => {
    const term = process.env["TERM"];
    const child = spawn(SUDO, ["--", ...elevatedArguments(words)], {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...(term === undefined ? {} : { TERM: term }) },
      stdio: "inherit",
    });
    // The terminal sends these to sudo as well, which decides; this process only waits.
    const signals = ["SIGINT", "SIGQUIT"] as const;
    const wait = () => undefined;
    for (const signal of signals) process.on(signal, wait);
    const end = (status: number | null) => {
      for (const signal of signals) process.off(signal, wait);
      resolve(status);
    };
    child.on("error", () => end(null));
    child.on("close", (status) => end(status ?? 1));
  });
}
