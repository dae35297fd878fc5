/** What a host is like before anything is done to it. */
import type { Reply } from "../protocol/reply.ts";
import type { HelperBuild } from "../sudoers/transaction.ts";
import { inputLine, lookScript, newMark, talk, valueOf } from "./remote-script.ts";
import type { Connection } from "./transport.ts";

/** More than sudo's stalls where a host cannot resolve its own name, twice. */
const LOOK_SECONDS = 60;

export type Look = {
  kind: "look";
  /** Who logs in. */
  login: number;
  /** Whom the rule is for. */
  uid: number;
  /** As `uname -sm` says it. */
  system: string;
  /** First line of `sudo -V`, or null where there is none. */
  sudo: string | null;
  /** SHA-256 of the helper that is there, or null. */
  helper: string | null;
  /** Whether that user has this very helper, without a password; null where only root can tell. */
  current: boolean | null;
};
export type NoLook =
  /** The words of the host are untrusted text. */
  { kind: "no_answer"; reason: string } | { kind: "no_user"; user: string };

/** `user`: whom the rule is to be for, or null for whoever logs in. `helper`: its absolute path. */
export async function look(
  connection: Connection,
  user: string | null,
  helper: string,
  build: HelperBuild,
): Promise<Look | NoLook> {
  const mark = newMark();
  const input = [mark, user ?? "", helper].map(inputLine);
  const heard = await talk(connection, {
    script: lookScript(),
    mark,
    input,
    seconds: LOOK_SECONDS,
  });
  const value = (word: string): string => valueOf(heard.lines, word) ?? "";
  if (!heard.whole) {
    const why = heard.late ? `no answer within ${LOOK_SECONDS} s` : heard.stderr.trim();
    return { kind: "no_answer", reason: why === "" ? "its shell ended without an answer" : why };
  }
  if (user !== null && value("uid") === "none") return { kind: "no_user", user };
  const [login, uid] = [numberIn(value("login")), numberIn(value("uid"))];
  if (login === null || uid === null) return { kind: "no_answer", reason: "id(1) does not answer" };
  const helperThere = value("helper");
  return {
    kind: "look",
    login,
    uid,
    system: value("system"),
    sudo: value("sudo") === "none" ? null : value("sudo"),
    helper: /^[0-9a-f]{64}$/.test(helperThere) ? helperThere : null,
    current:
      value("effect") === "unknown"
        ? null
        : helperThere === build.sha256 && isBuild(value("effect"), build.buildId),
  };
}

function numberIn(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}

/** Whether this is the reply to `version` of that build; whoever is root on a host can say anything. */
function isBuild(line: string, buildId: string): boolean {
  try {
    const { success, data } = JSON.parse(line) as Partial<Reply>;
    return success === true && data?.kind === "version" && data.buildId === buildId;
  } catch {
    return false;
  }
}
