/** Runs an executable inventory, as Ansible does: `FILE --list` prints JSON. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { InventoryError } from "./inventory-error.ts";

const SECONDS = 60;
const MOST_BYTES = 1 << 26;

/** With this process's environment, for it asks a cloud with credentials from there; never as another user. */
export function listing(file: string): Promise<string> {
  return new Promise((done, failed) => {
    // A script may ignore SIGTERM.
    const bounds = {
      timeout: SECONDS * 1000,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    } as const;
    const options = { ...bounds, encoding: "utf8" } as const;
    execFile(resolve(file), ["--list"], options, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const said = stderr.trim().split("\n").at(-1) ?? "";
      const why = said === "" ? String(error.code ?? error.signal) : said;
      failed(new InventoryError(null, `${file} --list failed: ${why}`));
    });
  });
}
