/** One request to the helper of a host, over SSH: the same words that a local one gets. */
import { askScript, inputLine, newMark, talk, valueOf } from "./remote-script.ts";
import type { Connection } from "./transport.ts";

export type RemoteAnswer =
  /** What `sudo -n HELPER …` printed, and its status: 1 without a line is sudo's refusal. */
  | { kind: "answer"; stdout: string; stderr: string; status: number }
  /** A word that is no line, and so cannot be sent; no name of a policy has one. */
  | { kind: "unsendable" }
  /** It may have begun: it is not asked again. */
  | { kind: "unknown_outcome"; reason: string };

/** `helpers`: where it may be, the likelier place first. `seconds`: how long it is waited for; its own deadlines are shorter. */
export async function askHost(
  connection: Connection,
  helpers: readonly [string, string],
  argv: readonly string[],
  seconds: number,
): Promise<RemoteAnswer> {
  if (argv.some((word) => /[\0\r\n]/.test(word))) return { kind: "unsendable" };
  const mark = newMark();
  const input = [mark, ...helpers, argv.length, ...argv].map(inputLine);
  const heard = await talk(connection, { script: askScript(), mark, input, seconds });
  const status = valueOf(heard.lines, "status");
  if (!heard.whole || status === null || !/^\d{1,3}$/.test(status)) {
    const why = heard.late ? `no answer within ${seconds} s` : heard.stderr.trim();
    return { kind: "unknown_outcome", reason: why === "" ? "the connection was lost" : why };
  }
  const said = heard.lines.slice(0, -1).join("\n");
  return { kind: "answer", stdout: said, stderr: heard.stderr, status: Number(status) };
}
