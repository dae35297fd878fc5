/** Our reading of known_hosts beside that of ssh-keygen(1), on lines made at random and on what people write. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import {
  judgeKey,
  knownName,
  namesOf,
  pinLine,
  pinsFor,
  readKnownHosts,
} from "../../inventory/known-hosts.ts";
import { knownHostsFiles } from "../../inventory/known-hosts-file.ts";
import { put } from "./inventory-file.ts";

/** The same numbers at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 256) % below;
  };
}

/** An ed25519 key as it goes over the wire, of 32 times one byte. */
function keyOf(byte: number): Buffer {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.alloc(32, byte))]);
}

const SERVERS = ["web1", "web12", "db.example.org", "10.0.0.7", "fe80::1"].flatMap((host) =>
  [22, 2222].map((port) => ({ host, port, alias: null })),
);
const WORDS = [
  "web1",
  "WEB1",
  "web*",
  "web?",
  "!web1",
  "!web12",
  "*",
  "*.example.org",
  "[web1]:2222",
  "[*]:2222",
  "[db.example.org]:2222",
  "![web12]:*",
  "10.0.0.*",
  "fe80::1",
  "[fe80::1]:2222",
  "we*b*1*",
];
const MARKERS = ["", "", "", "@cert-authority ", "@revoked ", "@unknown "];
const NOISE = [
  "",
  "# web1 ssh-ed25519 AAAA",
  "web1",
  "web1 ssh-ed25519",
  "\tnowhere ssh-ed25519 !!!",
];

/** Names, sometimes hashed, as each line of a file has them. */
function linesOf(seed: number): string[] {
  const next = numbers(seed);
  const pick = (from: readonly string[]): string => from[next(from.length)] ?? "";
  return Array.from({ length: 40 }, (_, at) => {
    const key = `ssh-ed25519 ${keyOf(at + 1).toString("base64")}`;
    switch (next(6)) {
      case 0:
        return pick(NOISE);
      case 1: {
        const server = SERVERS[next(SERVERS.length)];
        return server === undefined ? "" : pinLine(knownName(server), keyOf(at + 1), true).trim();
      }
      default: {
        const names = Array.from({ length: 1 + next(3) }, () => pick(WORDS)).join(",");
        return `${pick(MARKERS)}${names} ${key}${pick(["", " comment", "\r", "\tx # y"])}`;
      }
    }
  });
}

/** The numbers of the lines that ssh-keygen(1) finds for a name. */
function foundBySshKeygen(name: string, file: string): number[] {
  const { stdout } = spawnSync("/usr/bin/ssh-keygen", ["-F", name, "-f", file], {
    encoding: "utf8",
    env: { LC_ALL: "C" },
  });
  return [...stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
}

test("the lines that count for a server are the ones that ssh-keygen -F finds", () => {
  let compared = 0;
  for (let seed = 1; seed <= 12; seed += 1) {
    const file = put(linesOf(seed).join("\n"), `known-hosts-${seed}`);
    const files = knownHostsFiles();
    for (const server of SERVERS) {
      const lines = files.linesFor(namesOf(server), [file]);
      const { keys, revoked, portless } = pinsFor(lines, server);
      const own = pinsFor(lines, { ...server, alias: knownName(server) });
      const theirs = foundBySshKeygen(knownName(server), file);
      const ours = [...own.keys, ...own.revoked, ...own.authorities];
      const numbered = ours.map(({ where }) => Number(where.split(":").at(-1)));
      expect(
        numbered.toSorted((a, b) => a - b),
        `${knownName(server)} in seed ${seed}`,
      ).toEqual(theirs);
      expect(keys).toEqual(own.keys);
      compared += theirs.length;
      // Revoked for the plain name is revoked at every port.
      for (const { key } of own.revoked)
        expect(judgeKey({ keys, revoked, portless }, key).kind).toBe("revoked");
    }
  }
  expect(compared).toBeGreaterThan(500);
});

const [KEY, OTHER] = [keyOf(1), keyOf(2)];
const line = (names: string, key = KEY): string => `${names} ssh-ed25519 ${key.toString("base64")}`;
const server = { host: "web1", port: 2222, alias: null };

test.each([
  ["nothing is known", "", KEY, "unknown"],
  ["it is the pinned one", line("[web1]:2222"), KEY, "pinned"],
  ["it is pinned for port 22 only", line("web1"), KEY, "pinned"],
  ["another is pinned for port 22, nothing for this", line("web1", OTHER), KEY, "unknown"],
  ["another is pinned", line("[web1]:2222", OTHER), KEY, "changed"],
  ["one of two", `${line("[web1]:2222", OTHER)}\n${line("[web1]:2222")}`, KEY, "pinned"],
  ["pinned and revoked", `${line("[web1]:2222")}\n@revoked ${line("*")}`, KEY, "revoked"],
  ["revoked before", `@revoked ${line("*")}\n${line("[web1]:2222")}`, KEY, "revoked"],
  ["another is revoked", `${line("[web1]:2222")}\n@revoked ${line("*", OTHER)}`, KEY, "pinned"],
  ["of another type", "[web1]:2222 ssh-rsa AAAAB3NzaC1yc2EAAAAA", KEY, "other-types"],
  ["the line lies about its type", line("[web1]:2222").replace("ed25519", "rsa"), KEY, "unknown"],
  ["an authority is no pinned key", `@cert-authority ${line("*")}`, KEY, "unknown"],
  ["negated", line("!web1,![web1]:2222,*"), KEY, "unknown"],
  ["a pattern that would take for ever", line(`${"*a".repeat(200)}b`), KEY, "unknown"],
])("%s", (_name, text, key, verdict) => {
  const pins = pinsFor(readKnownHosts(text, "file"), server);
  expect(judgeKey(pins, key).kind).toBe(verdict);
});
