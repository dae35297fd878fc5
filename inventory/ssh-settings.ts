/** What ssh_config(5) says of one host, from the text that `ssh -G` prints, and whether ssh2 can do it. */
import { existsSync } from "node:fs";

export type SshSettings = {
  host: string;
  port: number;
  user: string;
  /** HostKeyAlias. */
  alias: string | null;
  family: "any" | "inet" | "inet6";
  identityFiles: readonly string[];
  identitiesOnly: boolean;
  /** A socket; null: there is none. */
  agent: string | null;
  /** As ssh(1) takes them, the first hop first; null: none. */
  jump: readonly string[] | null;
  /** The first is where new keys are pinned. */
  userKnownHosts: readonly string[];
  globalKnownHosts: readonly string[];
  hashKnownHosts: boolean;
  algorithms: Record<"kex" | "ciphers" | "macs" | "hostKeys", readonly string[]>;
  /** A ticket of Kerberos may be there that only OpenSSH could show. */
  gssapi: boolean;
  /** What of it only OpenSSH can do, or null. */
  obstacle: string | null;
};

type Around = { home: string; user: string; env: Readonly<Record<string, string | undefined>> };

/** Each with the values that mean that it is not in use. */
const ONLY_OPENSSH: readonly [keyword: string, words: string, unused: RegExp][] = [
  ["proxycommand", "ProxyCommand", /^none$/i],
  ["certificatefile", "a certificate", /^none$/i],
  ["pkcs11provider", "PKCS11Provider", /^none$/i],
  ["knownhostscommand", "KnownHostsCommand", /^none$/i],
  ["revokedhostkeys", "RevokedHostKeys", /^none$/i],
  ["bindaddress", "BindAddress", /^$/],
  ["bindinterface", "BindInterface", /^$/],
  ["hostbasedauthentication", "HostbasedAuthentication", /^(?:no|false)$/i],
  ["pubkeyauthentication", "PubkeyAuthentication", /^(?:yes|true)$/i],
];

/** Throws where the text is not what `ssh -G` prints. */
export function readSshSettings(text: string, { home, user, env }: Around): SshSettings {
  const all = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, keyword = "", value = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (keyword !== "")
      all.set(keyword.toLowerCase(), [...(all.get(keyword.toLowerCase()) ?? []), value]);
  }
  const one = (keyword: string): string | null => all.get(keyword)?.[0] ?? null;
  const must = (keyword: string): string => {
    const value = one(keyword);
    if (value === null) throw new Error(`ssh -G says nothing of ${keyword}`);
    return value;
  };
  const list = (keyword: string): string[] => must(keyword).split(",");
  const files = (keyword: string): string[] => {
    const values = (one(keyword) ?? "none")
      .split(" ")
      .filter((file) => file !== "none" && file !== "");
    return values.map((file) => file.replace(/^~(?=\/)/, home));
  };
  const found = { host: must("hostname"), port: Number(must("port")), user: must("user") };
  const tokens: Record<string, string> = {
    "%": "%",
    d: home,
    h: found.host,
    p: String(found.port),
    r: found.user,
    u: user,
  };
  const identities = (all.get("identityfile") ?? []).filter((file) => file !== "none");
  const identityFiles = identities.map((file) =>
    file
      .replace(/^~(?=\/)/, home)
      .replace(/%(.)/g, (token, letter: string) => tokens[letter] ?? token),
  );
  const [userKnownHosts, globalKnownHosts] = [
    files("userknownhostsfile"),
    files("globalknownhostsfile"),
  ];
  const family = must("addressfamily");
  const jump = one("proxyjump");
  const alias = one("hostkeyalias");
  return {
    ...found,
    alias: alias === "none" ? null : alias,
    family: family === "inet" || family === "inet6" ? family : "any",
    identityFiles,
    identitiesOnly: isOn(must("identitiesonly")),
    agent: agentIn(one("identityagent"), home, env),
    jump: jump === null || jump.toLowerCase() === "none" ? null : jump.split(","),
    userKnownHosts,
    globalKnownHosts,
    hashKnownHosts: isOn(must("hashknownhosts")),
    algorithms: {
      kex: list("kexalgorithms"),
      ciphers: list("ciphers"),
      macs: list("macs"),
      hostKeys: list("hostkeyalgorithms"),
    },
    gssapi: isOn(one("gssapiauthentication") ?? "no"),
    obstacle:
      ONLY_OPENSSH.find(([keyword, , unused]) =>
        all.get(keyword)?.some((value) => !unused.test(value)),
      )?.[1] ??
      identityFiles.find((file) => /%[^%]|\$\{/.test(file)) ??
      [...userKnownHosts, ...globalKnownHosts].find(
        (file) => !file.startsWith("/") || /%|\$\{/.test(file),
      ) ??
      null,
  };
}

function isOn(value: string): boolean {
  return /^(?:yes|true)$/i.test(value);
}

function agentIn(value: string | null, home: string, env: Around["env"]): string | null {
  if (value === "none") return null;
  if (value === null || value === "SSH_AUTH_SOCK") return env["SSH_AUTH_SOCK"] ?? null;
  if (value.startsWith("$")) return env[value.replace(/^\$\{?|\}$/g, "")] ?? null;
  return value.replace(/^~(?=\/)/, home);
}

/** GSSAPIAuthentication is on everywhere on Debian; without a ticket it means nothing. */
export function hasKerberosTicket(uid: number, env: Around["env"]): boolean {
  return env["KRB5CCNAME"] !== undefined || existsSync(`/tmp/krb5cc_${uid}`);
}
