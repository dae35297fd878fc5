/** Has a sandbox on record, whose process outlives it, and is killed: what a crash may leave behind. */
import { spawn } from "node:child_process";
import { profileFor, profileSchema } from "../../../agent/sandbox/profile.ts";
import { openRecords } from "../../../agent/sandbox/records.ts";

const [folder = ""] = process.argv.slice(2);
const records = openRecords(folder, (error) => {
  throw error;
});
if ("flaw" in records) throw new Error(records.flaw);
const { pid } = spawn("/bin/sleep", ["600"], { detached: true, stdio: "ignore" });
if (pid === undefined) throw new Error("no sleep");
const execution = {
  program: { kind: "code", language: "bash", text: "sleep 600" },
  profile: profileFor("bash", profileSchema.parse({})),
  env: {},
  stdin: null,
  workspace: null,
  signal: null,
  output: () => undefined,
} as const;
records.watch({ kind: "begun", id: "left", by: "exec", execution });
records.watch({ kind: "started", id: "left", pid });
records.watch({ kind: "begun", id: "unstarted", by: "exec", execution });
process.stdout.write(String(pid), () => process.kill(process.pid, "SIGKILL"));
