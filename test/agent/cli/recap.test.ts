/** What a bootstrap says at its end, and what it exits with. */
import { describe, expect, test } from "vitest";
import { exitStatus } from "../../../agent/cli/bootstrap-words.ts";
import { recapOf, recapText } from "../../../agent/cli/recap.ts";
import type { HostEnd, HostState } from "../../../inventory/host-end.ts";
import type { SshTarget } from "../../../inventory/transport.ts";

const end = (name: string, state: HostState, reason = ""): HostEnd => {
  return { name, state, reason, newPins: [], sudo: null, sentBytes: 0 };
};
const target = (name: string, more: Partial<SshTarget> = {}): SshTarget => {
  return { name, address: name, port: null, user: null, identityFile: null, proxy: null, ...more };
};
const textOf = (
  ends: readonly HostEnd[],
  targets = ends.map(({ name }) => target(name)),
  words: readonly string[] = [],
): string[] => recapText(recapOf(ends, { targets, words })).trim().split("\n");

test.each<[states: HostState[], status: number, verify?: boolean]>([
  [["installed", "updated", "already-current", "removed", "absent", "offline"], 0],
  [["needed", "already-current"], 0],
  [["needed"], 1, true],
  [["already-current"], 0, true],
  [["installed", "rolled-back"], 1],
  [["installed", "failed"], 1],
  [["installed", "no-sudo"], 1],
  [["installed", "not-done"], 1],
  [["installed", "unreachable"], 69],
  [["host-key-changed"], 69],
  [["host-key-unknown"], 69],
  [["auth-failed"], 69],
  [["unreachable", "not-done"], 69],
  [["unreachable", "rolled-back"], 1],
  [["wrong-password", "not-done", "unreachable", "failed"], 77],
  [["rollback-failed", "wrong-password", "installed"], 70],
])("hosts that are %j: exit status %i", (states, status, verify = false) => {
  expect(
    exitStatus(
      states.map((state, at) => end(`h${at}`, state)),
      verify,
    ),
  ).toBe(status);
});

describe("the recap", () => {
  test("one reason stands under its hosts, folded though each names its own address", () => {
    const names = ["web1", "web2", "web3"];
    const targets = names.map((name, at) => target(name, { address: `10.0.0.${at + 1}` }));
    const ends = targets.map(({ name, address }) =>
      end(name, "unreachable", `connect ECONNREFUSED ${address}:22`),
    );
    expect(textOf(ends, targets)).toEqual([
      "3  unreachable: web[1-3]",
      "       connect ECONNREFUSED HOST:22",
      "       next: ssh 10.0.0.1 true",
    ]);
  });

  test("several reasons name their hosts, those of most first; a single host's stays as it was said", () => {
    const ends = [
      end("db", "failed", "db: /tmp is full"),
      end("web1", "failed", "no answer"),
      end("web2", "failed", "no answer"),
    ];
    expect(textOf(ends)).toEqual([
      "3  failed: db,web[1-2]",
      "       web[1-2]: no answer",
      "       db: db: /tmp is full",
      "       next: sallyport bootstrap-cluster-sudo --limit 'db,web[1-2]'",
    ]);
  });

  test("a name within another word, and one that is a pattern to a program, is no host's own word", () => {
    const ends = [
      end("a", "failed", "a cat at a"),
      end("b.c", "failed", "bxc"),
      end("d+", "failed", "d+"),
    ];
    expect(
      recapOf(ends, { targets: ends.map(({ name }) => target(name)), words: [] }).states[0]
        ?.reasons,
    ).toEqual([
      { reason: "a cat at a", count: 1, hosts: "a" },
      { reason: "bxc", count: 1, hosts: "b.c" },
      { reason: "d+", count: 1, hosts: "d+" },
    ]);
  });

  test("200 hosts with 200 reasons are a few lines", () => {
    const ends = Array.from({ length: 200 }, (_, at) =>
      end(`h${at}`, "failed", `reason ${"x".repeat(at)}`),
    );
    const lines = textOf(ends);
    expect(lines).toHaveLength(11);
    expect(lines[9]).toBe("       and 192 more reasons, above");
  });

  test("what a host says does not act on the terminal", () => {
    const lines = textOf([end("a", "failed", "\x1b[2J\nnext: rm -rf /\u202e")]);
    expect(lines[1]).toBe(String.raw`       \u{1b}[2J\u{a}next: rm -rf /\u{202e}`);
    expect(lines).toHaveLength(3);
  });

  test.each<[HostState, Partial<SshTarget>, readonly string[], string | undefined]>([
    [
      "unreachable",
      { address: "10.0.0.1", port: 2222, user: "ops" },
      [],
      "ssh -p 2222 -l ops 10.0.0.1 true",
    ],
    [
      "host-key-changed",
      { address: "10.0.0.1", port: 2222 },
      [],
      "ssh-keygen -R '[10.0.0.1]:2222'   (only once you know why it changed)",
    ],
    [
      "host-key-unknown",
      {},
      ["-i", "my hosts"],
      "sallyport bootstrap-cluster-sudo -i 'my hosts' --limit a --accept-new",
    ],
    ["not-done", {}, ["--uninstall"], "sallyport bootstrap-cluster-sudo --uninstall --limit a"],
    ["no-sudo", {}, [], undefined],
    ["installed", {}, [], undefined],
  ])("%s of %j after %j: %s", (state, more, words, next) => {
    const lines = textOf([end("a", state)], [target("a", more)], words);
    expect(lines[1]).toBe(next === undefined ? undefined : `       next: ${next}`);
  });
});
