/** The helper that was built together with this command line: what an installation copies. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import type { HelperBuild } from "../../sudoers/transaction.ts";
import { BUILD } from "../build.ts";
import { isThisBuild } from "../diagnose.ts";
import { thisHost } from "../host.ts";
import type { Failure } from "./errors.ts";

/** The packaged one where there is a package, else the one beside this program. */
export function helperSource(): string {
  const [packaged] = HELPER_PATHS;
  if (existsSync(packaged)) return packaged;
  return join(dirname(realpathSync(process.execPath)), "sallyport-helper");
}

/**
 * The command line that is running, by a name that stays its own whatever others do to its path: nobody can write
 * to a program that runs. Only this process, and root, can follow it.
 */
export const RUNNING_LINE = `/proc/${process.pid}/exe`;

/** What the helper of this build is known by. */
export function helperBuild(): HelperBuild | Failure {
  const { helperSha256: sha256, helperBytes: bytes, buildId } = BUILD;
  if (sha256 !== null && bytes !== null && buildId !== null) return { sha256, bytes, buildId };
  const cause = "run from source: this command line was not built together with a helper";
  return { code: "unavailable", cause, hint: "npm run build", status: EXIT_STATUS.unavailable };
}

/** Null if `source` is the helper of this build, or why nothing can be installed from it. */
export async function notTheHelper(source: string): Promise<Failure | null> {
  const hint = "put sallyport and sallyport-helper of one build side by side";
  if (!existsSync(source)) {
    const cause = `there is no helper at ${source}`;
    return { code: "unavailable", cause, hint, status: EXIT_STATUS.unavailable };
  }
  if ((await isThisBuild(thisHost(), source)) === true) return null;
  const cause = `${source} is not the helper of this build`;
  return { code: "unsafe", cause, hint, status: EXIT_STATUS.unsafe };
}
