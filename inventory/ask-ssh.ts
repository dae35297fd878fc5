/** What ssh_config(5) says of a host: nobody but ssh(1) itself knows all its rules. */
import { execFile, type ExecFileException } from "node:child_process";
import { homedir, userInfo } from "node:os";
import { answerForAll, type Answer } from "./ssh-config-files.ts";
import { SSH, sshArguments } from "./ssh-arguments.ts";
import { readSshSettings, type SshSettings } from "./ssh-settings.ts";
import type { SshTarget } from "./transport.ts";

const SECONDS = 10;
const OUTPUT_MAX_BYTES = 1 << 20;

type Asked = Omit<SshTarget, "name">;
/** Rejects where ssh(1) is not there or its configuration is broken, in words for whoever runs this. */
export type AskSsh = (target: Asked) => Promise<SshSettings>;

/** To ask takes longer than to log in: where one answer is good for all targets alike, they share it. */
export function sshAsker(): AskSsh {
  const around = { home: homedir(), user: userInfo().username, env: process.env };
  const shared = new Map<string, Promise<Answer | null>>();
  const share = async (target: Asked): Promise<Answer | null> => {
    const { stdout, stderr } = await said(["-v", "-G", ...sshArguments(target)]);
    return answerForAll(stdout, stderr, target);
  };
  return async (target) => {
    const { user, identityFile, proxy } = target;
    const alike = JSON.stringify([user, identityFile, proxy, target.port === null]);
    // Where the first is refused (a jump through itself), that says nothing of the others.
    if (!shared.has(alike))
      shared.set(
        alike,
        share(target).catch(() => null),
      );
    const answer = (await shared.get(alike)) ?? null;
    const text = answer?.(target) ?? (await said(["-G", ...sshArguments(target)])).stdout;
    return readSshSettings(text, around);
  };
}

type Said = { stdout: string; stderr: string };

function said(argv: readonly string[]): Promise<Said> {
  const options = {
    cwd: "/",
    env: { ...process.env, LC_ALL: "C" },
    timeout: SECONDS * 1000,
    maxBuffer: OUTPUT_MAX_BYTES,
  };
  return new Promise((resolve, reject) => {
    execFile(SSH, argv, options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(wordsOf(error, stderr)));
    });
  });
}

function wordsOf({ code, killed }: ExecFileException, stderr: string): string {
  if (code === "ENOENT") return `there is no ${SSH}: apt-get install openssh-client`;
  if (killed === true) return `${SSH} -G did not end within ${SECONDS} s`;
  return `${SSH} -G: ${stderr.trim().split("\n").at(-1) ?? ""}`;
}
