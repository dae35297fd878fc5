/** What ssh_config(5) says of a host: nobody but ssh(1) itself knows all its rules. */
import { execFile, type ExecFileException } from "node:child_process";
import { homedir, userInfo } from "node:os";
import { SSH, sshArguments } from "./ssh-arguments.ts";
import { readSshSettings, type SshSettings } from "./ssh-settings.ts";
import type { SshTarget } from "./transport.ts";

const SECONDS = 10;
const OUTPUT_MAX_BYTES = 1 << 20;

/** Rejects where ssh(1) is not there or its configuration is broken, in words for whoever runs this. */
export async function askSsh(target: Omit<SshTarget, "name">): Promise<SshSettings> {
  const text = await printed(["-G", ...sshArguments(target)]);
  return readSshSettings(text, { home: homedir(), user: userInfo().username, env: process.env });
}

function printed(argv: readonly string[]): Promise<string> {
  const options = {
    cwd: "/",
    env: { ...process.env, LC_ALL: "C" },
    timeout: SECONDS * 1000,
    maxBuffer: OUTPUT_MAX_BYTES,
  };
  return new Promise((resolve, reject) => {
    execFile(SSH, argv, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(wordsOf(error, stderr)));
    });
  });
}

function wordsOf({ code, killed }: ExecFileException, stderr: string): string {
  if (code === "ENOENT") return `there is no ${SSH}: apt-get install openssh-client`;
  if (killed === true) return `${SSH} -G did not end within ${SECONDS} s`;
  return `${SSH} -G: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}
