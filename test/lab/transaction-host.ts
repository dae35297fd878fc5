/** Runs lines for sh(1) beside sudoers/transaction.sh on a lab host, staged by transaction-stage.sh. */
import { readFileSync } from "node:fs";
import { exec, type Host } from "./host.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

export const TRANSACTION = read("../../sudoers/transaction.sh");
export const KILL_AT_EACH_STEP = read("./kill-at-each-step.sh");
const STAGE = read("./transaction-stage.sh");

/** What `lines` printed. Each call has mounts of its own. `transaction`: the script, or a changed one. */
export async function onStage(
  host: Host,
  lines: string,
  timeoutMs = 120_000,
  transaction = TRANSACTION,
): Promise<string> {
  const script = `cat >/tmp/transaction.$$
cat >/tmp/stage.$$ <<'STAGE'
${STAGE}STAGE
. /tmp/stage.$$
stage /tmp/transaction.$$
mv /tmp/stage.$$ /run/stage.sh
rm /tmp/transaction.$$
${lines}`;
  const argv = ["unshare", "--mount", "sh", "-c", script];
  const { stdout, stderr, status } = await exec(host, "root", argv, {
    input: transaction,
    timeoutMs,
  });
  if (status !== 0) throw new Error(`${host.name}: ${status}: ${stderr}${stdout}`);
  return stdout;
}
