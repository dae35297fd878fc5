/**
 * A second opinion on a command, by a language model or whoever else: a program that is given one JSON
 * object on standard input and answers with one. It may only raise a level; its silence, its failure
 * and its nonsense change nothing.
 */
import { spawn } from "node:child_process";
import { z } from "zod";
import { LEVELS, worse, type Level, type Risk } from "./level.ts";

/** Null: none. */
type Opinion = { level: Level; reason: string } | null;
export type SecondOpinion = (command: string, risk: Risk) => Promise<Opinion>;

const answerSchema = z.object({ level: z.enum(LEVELS), reason: z.string().optional() });
const LONGEST_ANSWER = 64 * 1024;
const LONGEST_REASON = 500;

/** Asks `opinion`, and takes of its answer only what makes the command more dangerous. */
export async function withOpinion(
  command: string,
  risk: Risk,
  opinion: SecondOpinion,
): Promise<Risk> {
  const said = await opinion(command, risk).catch(() => null);
  if (said === null || worse(said.level, risk.level) === risk.level) return risk;
  const text = `a second opinion, which nobody checked, says: ${said.reason.slice(0, LONGEST_REASON)}`;
  const reason = { rule: "opinion.second", span: [0, command.length] as [number, number], text };
  return { ...risk, level: said.level, reasons: [reason, ...risk.reasons] };
}

/**
 * The opinion of a program: `file` is an absolute path, there is no shell, and it is ended after
 * `seconds`. It reads `{"v":1,"command","level","axes","reasons"}` and prints `{"level","reason"}`.
 */
export function opinionOf(file: string, seconds: number): SecondOpinion {
  return (command, risk) =>
    new Promise((resolve) => {
      const child = spawn(file, [], {
        cwd: "/",
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
        stdio: ["pipe", "pipe", "ignore"],
      });
      let text = "";
      const end = (opinion: Opinion): void => {
        clearTimeout(deadline);
        child.stdout.destroy();
        child.kill("SIGKILL");
        resolve(opinion);
      };
      const deadline = setTimeout(() => end(null), seconds * 1000);
      child.on("error", () => end(null));
      // It may answer without reading.
      child.stdin.on("error", () => undefined);
      child.stdin.end(`${JSON.stringify({ v: 1, command, ...risk })}\n`);
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > LONGEST_ANSWER) end(null);
      });
      child.on("close", (status) => end(status === 0 ? parsed(text) : null));
    });
}

function parsed(text: string): Opinion {
  try {
    const answer = answerSchema.safeParse(JSON.parse(text));
    if (!answer.success) return null;
    return { level: answer.data.level, reason: answer.data.reason ?? "no reason given" };
  } catch {
    return null;
  }
}
