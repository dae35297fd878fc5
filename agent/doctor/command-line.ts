/** What a person gets who types `sudo sallyport`: it shows the facts and takes the answer, so nobody else may have made it. */
import { lstatSync } from "node:fs";
import { BUILD, versionText } from "../build.ts";
import { thisHost, type Host } from "../host.ts";
import { runProgram } from "../run-program.ts";
import { finding, type Finding } from "./finding.ts";
import { flawBehindLinks } from "./ownership.ts";

const CHECK = "sudo sallyport";
const SECONDS = 30;

/** `flaw`: why it could be another's program (lowercase, no period). */
export type CommandLine = { name: string; flaw: string | null };

/** The first one that is there, or null. */
export function rootsCommandLine(host: Host = thisHost()): CommandLine | null {
  const name = host.commandLines.find((one) => lstatSync(one, { throwIfNoEntry: false }));
  if (name === undefined) return null;
  return { name, flaw: flawBehindLinks(name) };
}

export async function examineCommandLine(host: Host): Promise<Finding> {
  const found = rootsCommandLine(host);
  if (found === null) {
    const cause = "there is none, so nobody can approve what waits";
    return finding(CHECK, "warn", cause, "sudo sallyport setup-sudo");
  }
  const { name, flaw } = found;
  if (flaw !== null)
    return finding(CHECK, "fail", `${name} could be another's program: ${flaw}`, `ls -l ${name}`);
  if (BUILD.buildId === null)
    return finding(CHECK, "unknown", "this sallyport was not built together with a helper");
  const end = await runProgram(name, ["--version"], SECONDS);
  if (end.kind !== "ended" || end.status !== 0)
    return finding(CHECK, "fail", `${name} does not run`, `${name} --version`);
  return end.stdout === `${versionText()}\n`
    ? finding(CHECK, "ok", `${name} is root's alone, and of this build`)
    : finding(CHECK, "warn", `${name} is of another build`, "sudo sallyport setup-sudo");
}
