/** What a host shows of Sallyport to the user who logs in; what it means is not judged here. */
import { examineScript, inputLine, newMark, talk, valueOf } from "./remote-script.ts";
import type { Connection } from "./transport.ts";

/** More than sudo's stalls where a host cannot resolve its own name, six times. */
const EXAMINE_SECONDS = 120;

/** Every word of it is the host's own: untrusted text. */
export type Examined = {
  kind: "examined";
  uid: number;
  noNewPrivs: boolean;
  systemd: boolean;
  /** First line of `sudo -V`, or null where there is none. */
  sudo: string | null;
  /** The helper's file, and who can change it: of itself and of each directory above. Null where there is none. */
  helper: {
    place: string;
    /** Lowercase hex; null where it cannot be read. */
    sha256: string | null;
    owners: { path: string; uid: number; mode: number }[];
  } | null;
  /** What `sudo -n HELPER version` and `policy` printed; empty where sudo refused. */
  version: string;
  policy: string;
  /** What sudo said when it refused. */
  refused: string;
  /** Whether sudo runs any program without a password. */
  gateOpen: boolean;
  /** What `sudo -n -l` printed, empty where nothing. */
  listing: string;
  /** Whether that user can read the audit log. */
  logReadable: boolean;
};
export type NotExamined = { kind: "no_answer"; reason: string };

export async function examineRemotely(
  connection: Connection,
  helpers: readonly [string, string],
): Promise<Examined | NotExamined> {
  const mark = newMark();
  const input = [mark, ...helpers].map(inputLine);
  const heard = await talk(connection, {
    script: examineScript(),
    mark,
    input,
    seconds: EXAMINE_SECONDS,
  });
  if (!heard.whole) {
    const why = heard.late ? `no answer within ${EXAMINE_SECONDS} s` : heard.stderr.trim();
    return { kind: "no_answer", reason: why === "" ? "its shell ended without an answer" : why };
  }
  const { lines } = heard;
  const value = (word: string): string => valueOf(lines, word) ?? "";
  const uid = /^\d{1,10}$/.test(value("uid")) ? Number(value("uid")) : null;
  if (uid === null) return { kind: "no_answer", reason: "id(1) does not answer" };
  return {
    kind: "examined",
    uid,
    noNewPrivs: value("new_privs") === "1",
    systemd: value("systemd") === "yes",
    sudo: value("sudo") === "none" ? null : value("sudo"),
    helper: helperIn(lines),
    version: value("version"),
    policy: value("policy"),
    refused: value("refused"),
    gateOpen: value("gate") !== "closed",
    listing: valuesOf(lines, "listed")
      .map((line) => `${line}\n`)
      .join(""),
    logReadable: value("log") === "readable",
  };
}

function helperIn(lines: readonly string[]): Examined["helper"] {
  const place = valueOf(lines, "place");
  if (place === null) return null;
  const sha256 = valueOf(lines, "helper") ?? "";
  const owners = valuesOf(lines, "owner").flatMap((line) => {
    const [, uid, mode, path] = /^(\d{1,10}) ([0-9a-f]{1,8}) (.+)$/.exec(line) ?? [];
    if (uid === undefined || mode === undefined || path === undefined) return [];
    return [{ path, uid: Number(uid), mode: Number.parseInt(mode, 16) }];
  });
  return { place, sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : null, owners };
}

function valuesOf(lines: readonly string[], word: string): string[] {
  return lines.flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
}
