/** known_hosts as sshd(8) describes it, SSH_KNOWN_HOSTS FILE FORMAT: text in, verdict out. */
import { createHmac, randomBytes } from "node:crypto";

export type KnownHost = {
  /** File and line, for messages. */
  where: string;
  marker: "revoked" | "cert-authority" | null;
  /** As they stand there: patterns, or one hash. */
  names: string;
  type: string;
  key: Buffer;
};

/** A line that says nothing is skipped, as ssh(1) does. */
export function readKnownHosts(text: string, file: string): KnownHost[] {
  return text.split("\n").flatMap((line, at) => knownHostIn(line, `${file}:${at + 1}`) ?? []);
}

const LINE = /^[ \t]*(?:(@\S+)[ \t]+)?([^\s#@]\S*)[ \t]+(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?=\s|$)/;

function knownHostIn(line: string, where: string): KnownHost | null {
  const [, marked, names = "", type = "", base64 = ""] = LINE.exec(line) ?? [];
  const marker = marked?.slice(1) ?? null;
  if (marker !== null && marker !== "revoked" && marker !== "cert-authority") return null;
  const key = Buffer.from(base64, "base64");
  return type !== "" && typeOf(key) === type ? { where, marker, names, type, key } : null;
}

/** What a key says of itself, RFC 4253 6.6; empty where it is none. */
export function typeOf(key: Buffer): string {
  if (key.length < 4) return "";
  return key.toString("latin1", 4, 4 + key.readUInt32BE(0));
}

/** What a server is looked up by; `alias` is HostKeyAlias, which has no port. */
export type ServerName = { host: string; port: number; alias: string | null };

export function knownName({ host, port, alias }: ServerName): string {
  const name = (alias ?? host).toLowerCase();
  return alias !== null || port === 22 ? name : `[${name}]:${port}`;
}

/** The names that a line is for, if it says them plainly; null where they are hashed or patterns. */
export function plainNames({ names }: KnownHost): string[] | null {
  return /[|*?!]/.test(names) ? null : names.toLowerCase().split(",");
}

export type Pins = {
  keys: readonly KnownHost[];
  /** Of the same host at port 22: where nothing else is known, ssh(1) takes these, too. */
  portless: readonly KnownHost[];
  revoked: readonly KnownHost[];
  /** Somebody may sign keys for it: only OpenSSH can tell whether they did. */
  authorities: readonly KnownHost[];
};

/** Whatever may be pinned for a server is pinned for one of these. */
export function namesOf(server: ServerName): [own: string, portless: string] {
  return [knownName(server), knownName({ ...server, port: 22 })];
}

export function pinsFor(lines: readonly KnownHost[], server: ServerName): Pins {
  const [name, plain] = namesOf(server);
  const ours = lines.filter(({ names }) => isNamed(names, name));
  const portless = plain === name ? [] : lines.filter(({ names }) => isNamed(names, plain));
  return {
    keys: ours.filter(({ marker }) => marker === null),
    portless: portless.filter(({ marker }) => marker === null),
    revoked: [...ours, ...portless].filter(({ marker }) => marker === "revoked"),
    authorities: ours.filter(({ marker }) => marker === "cert-authority"),
  };
}

export type Verdict =
  | { kind: "pinned" | "unknown" }
  | { kind: "revoked" | "changed" | "other-types"; where: string };

export function judgeKey(
  { keys, portless, revoked }: Omit<Pins, "authorities">,
  key: Buffer,
): Verdict {
  const same = (pin: KnownHost): boolean => pin.key.equals(key);
  const veto = revoked.find(same);
  if (veto !== undefined) return { kind: "revoked", where: veto.where };
  if (keys.some(same)) return { kind: "pinned" };
  const before = keys.find(({ type }) => type === typeOf(key)) ?? keys[0];
  if (before === undefined) return { kind: portless.some(same) ? "pinned" : "unknown" };
  const kind = before.type === typeOf(key) ? "changed" : "other-types";
  return { kind, where: before.where };
}

/** The line that pins a key; `hashed`: as HashKnownHosts wants it. */
export function pinLine(name: string, key: Buffer, hashed: boolean): string {
  const salt = randomBytes(20);
  const names = hashed ? `|1|${salt.toString("base64")}|${hashOf(salt, name)}` : name;
  return `${names} ${typeOf(key)} ${key.toString("base64")}\n`;
}

function isNamed(names: string, name: string): boolean {
  if (names.startsWith("|")) {
    const [, version, salt = "", hash] = names.split("|");
    return version === "1" && hash === hashOf(Buffer.from(salt, "base64"), name);
  }
  let found = false;
  for (const pattern of names.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!isLike(pattern.slice(negated ? 1 : 0), name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

function hashOf(salt: Buffer, name: string): string {
  return createHmac("sha1", salt).update(name).digest("base64");
}

/** `*` and `?`, in time that no pattern can make long. */
function isLike(pattern: string, name: string): boolean {
  let [at, from, star, retry] = [0, 0, -1, 0];
  while (at < name.length) {
    if (pattern[from] === "*") [star, retry, from] = [from, at, from + 1];
    else if (pattern[from] === "?" || pattern[from] === name[at]) [from, at] = [from + 1, at + 1];
    else if (star === -1) return false;
    else [from, at, retry] = [star + 1, retry + 1, retry + 1];
  }
  while (pattern[from] === "*") from += 1;
  return from === pattern.length;
}
