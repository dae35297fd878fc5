/** Decides on the key that a server shows, and pins the first one of a host, if that is wanted. */
import { createHash } from "node:crypto";
import type { KnownHostsFiles } from "./known-hosts-file.ts";
import {
  judgeKey,
  knownName,
  namesOf,
  pinLine,
  pinsFor,
  typeOf,
  type Pins,
} from "./known-hosts.ts";
import type { SshSettings } from "./ssh-settings.ts";

export type KeyRefusal = { kind: "host-key-changed" | "host-key-unknown"; reason: string };

export type HostKeyJudge = {
  /** Of the keys that are pinned, and whether only those are asked for. */
  types: ReadonlySet<string>;
  only: boolean;
  /** Where a certificate authority for this host is trusted, or null. */
  authority: string | null;
  judge(key: Buffer): KeyRefusal | null;
  /** To be called once the server has proved that the key is its own; says what was pinned. */
  proven(key: Buffer): string[] | KeyRefusal;
};

export function hostKeyJudge(
  settings: SshSettings,
  files: KnownHostsFiles,
  acceptNew: boolean,
): HostKeyJudge {
  const { userKnownHosts, globalKnownHosts, hashKnownHosts } = settings;
  const name = knownName(settings);
  const pins = (): Pins => {
    const lines = files.linesFor(namesOf(settings), [...userKnownHosts, ...globalKnownHosts]);
    return pinsFor(lines, settings);
  };
  const judge = (key: Buffer): KeyRefusal | null => {
    const verdict = judgeKey(pins(), key);
    const shown = `${shortType(key)} key ${fingerprint(key)} of ${name}`;
    switch (verdict.kind) {
      case "pinned":
        return null;
      case "unknown":
        if (acceptNew) return null;
        return { kind: "host-key-unknown", reason: `the ${shown} is not known` };
      case "revoked":
        return { kind: "host-key-changed", reason: `the ${shown} is revoked in ${verdict.where}` };
      case "changed":
      case "other-types":
        return { kind: "host-key-changed", reason: `the ${shown} is not that of ${verdict.where}` };
      default:
        return verdict satisfies never;
    }
  };
  const { keys, portless, authorities } = pins();
  const known = keys.length > 0 ? keys : portless;
  return {
    types: new Set(known.map(({ type }) => type)),
    only: keys.length > 0,
    authority: authorities[0]?.where ?? null,
    judge,
    proven: (key) => {
      // Again: another host of the same name may have pinned another key meanwhile.
      const refusal = judge(key);
      if (refusal !== null) return refusal;
      if (judgeKey(pins(), key).kind === "pinned") return [];
      try {
        const [file] = userKnownHosts;
        if (file === undefined) throw new Error("ssh_config(5) names no UserKnownHostsFile");
        files.append(file, pinLine(name, key, hashKnownHosts));
      } catch (error) {
        return {
          kind: "host-key-unknown",
          reason: `it cannot be pinned: ${(error as Error).message}`,
        };
      }
      return [`${name} (${shortType(key)}) ${fingerprint(key)}`];
    },
  };
}

/** As ssh(1) says them. */
function shortType(key: Buffer): string {
  return typeOf(key)
    .replace(/^(?:ssh-)?(\w+).*/, "$1")
    .toUpperCase();
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}
