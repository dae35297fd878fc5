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
  hasSudo: boolean;
  /** First line of `sudo -V`: untrusted text; null where there is none, or it was not wanted. */
  sudoVersion: string | null;
  /** `same`: as far as its digest tells, or at first sight its size. */
  helper: "same" | "different" | "none";
  /** Whether that user has this very helper, without a password; null where only root can tell. */
  current: boolean | null;
};
export type NoLook =
  /** The words of the host are untrusted text. */
  { kind: "no_answer"; reason: string } | { kind: "no_user"; user: string };

export type LookFor = {
  /** Whom the rule is to be for, or null for whoever logs in. */
  user: string | null;
  /** The absolute path of the helper. */
  helperPath: string;
  build: HelperBuild;
  /** Whether the helper's digest is wanted, and sudo's version: seconds of a host's time. */
  thorough: boolean;
};

export async function look(
  connection: Connection,
  { user, helperPath, build, thorough }: LookFor,
): Promise<Look | NoLook> {
  const mark = newMark();
  const input = [mark, user ?? "", helperPath, thorough ? "" : build.bytes].map(inputLine);
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
  const helper =
    HELPERS[value("helper")] ?? (value("helper") === build.sha256 ? "same" : "different");
  return {
    kind: "look",
    login,
    uid,
    system: value("system"),
    hasSudo: value("sudo") !== "none",
    sudoVersion: /^(?:none|there)$/.test(value("sudo")) ? null : value("sudo"),
    helper,
    current:
      value("effect") === "unknown"
        ? null
        : helper === "same" && isBuild(value("effect"), build.buildId),
  };
}

const HELPERS: Partial<Record<string, Look["helper"]>> = {
  none: "none",
  "same-size": "same",
  "other-size": "different",
};

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
