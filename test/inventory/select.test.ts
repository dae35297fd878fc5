/** Patterns, ranges and folded names. */
import { isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { fold } from "../../inventory/fold.ts";
import { expandRange } from "../../inventory/host-range.ts";
import { select } from "../../inventory/select.ts";
import type { InventoryHost } from "../../inventory/target.ts";

const host = (name: string, ...groups: string[]): InventoryHost => {
  return {
    name,
    address: name,
    port: null,
    user: null,
    identityFile: null,
    proxy: null,
    groups,
    offline: null,
  };
};
const HOSTS = [
  host("web01", "web", "prod"),
  host("web02", "web", "prod"),
  host("web03", "web", "test"),
  host("db1", "db", "prod"),
  host("db2", "db", "test"),
  host("lone"),
];

describe("patterns", () => {
  test.each([
    ["all", "web01 web02 web03 db1 db2 lone"],
    ["*", "web01 web02 web03 db1 db2 lone"],
    ["ungrouped", "lone"],
    ["all:!ungrouped:!db", "web01 web02 web03"],
    ["web", "web01 web02 web03"],
    ["web*", "web01 web02 web03"],
    ["web0[12]", "web01 web02"],
    ["web[01-02]", "web01 web02"],
    ["web[01,03],db[1-2]", "web01 web03 db1 db2"],
    ["web0?:db2", "web01 web02 web03 db2"],
    ["db,web01", "web01 db1 db2"],
    ["web:!web03", "web01 web02"],
    ["web:&prod", "web01 web02"],
    ["web*:!web02:&prod", "web01"],
    ["!web02:web:&prod", "web01"],
    ["!db", "web01 web02 web03 lone"],
    ["~(web0[23]|db1)$", "web02 web03 db1"],
  ])("%s", (pattern, names) => {
    const chosen = select(HOSTS, pattern);
    if (!Array.isArray(chosen)) throw new Error(chosen.kind);
    expect(chosen.map(({ name }) => name).join(" ")).toBe(names);
  });

  test.each([
    ["wbe*", "unmatched"],
    ["web:dbb", "unmatched"],
    ["web[1-3]", "unmatched"],
    ["web:!nobody", "unmatched"],
    ["", "malformed"],
    [":", "malformed"],
    ["~(", "malformed"],
    // To Ansible it is the second to the fourth host of a group, in a file it is names.
    ["web[1:3]", "malformed"],
    ["web[01:03],db1", "malformed"],
  ])("%s is %s", (pattern, kind) => {
    expect(select(HOSTS, pattern)).toMatchObject({ kind });
  });
});

test.each([
  ["web[01:03]", "web01 web02 web03"],
  ["[a:c]x", "ax bx cx"],
  ["n[1:9:4]", "n1 n5 n9"],
  ["r[1:2]-[a:b]", "r1-a r1-b r2-a r2-b"],
  ["[fe80::1]", "[fe80::1]"],
  ["plain", "plain"],
])("%s is %s", (pattern, names) => expect(expandRange(pattern)?.join(" ")).toBe(names));

test.each(["web[01:3]", "web[3:1]", "x[1:a]", "x[1:5:0]", "x[1:999999999]", "x[", "x]", "x[1]"])(
  "%s is no range",
  (pattern) => expect(expandRange(pattern)).toBe(null),
);

test.each([
  [["web01", "web02", "web03"], "web[01-03]"],
  [["web1", "web3", "web2", "db"], "db,web[1-3]"],
  [["web01", "web03", "web04"], "web[01,03-04]"],
  [["a1.example.org", "a2.example.org"], "a[1-2].example.org"],
  [["web1", "web01"], "web01,web1"],
  [["web08", "web09", "web10", "web11"], "web[08-11]"],
  [["web1", "web01", "web10", "web100"], "web[01,10],web[1,100]"],
  [["n0", "n1", "n10"], "n[0-1,10]"],
  [["10.0.0.1", "10.0.0.2", "10.0.1.1"], "10.0.0.[1-2],10.0.1.1"],
  [["fe80::1", "fe80::2", "fe80::a"], "fe80::1,fe80::2,fe80::a"],
  [["[::1]", "[::2]"], "[::1],[::2]"],
  [["a1234567890", "a1234567891"], "a1234567890,a1234567891"],
  [["1", "2", "02"], "02,[1-2]"],
  [["über1", "über2"], "über[1-2]"],
  [["alone"], "alone"],
  [[], ""],
])("%j folds to %s", (names, folded) => expect(fold(names)).toBe(folded));

/** The next one of a sequence that is always the same. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("what is folded selects these hosts and no other, whatever they are called", () => {
  const next = sequence(7);
  const parts = [
    "web",
    "db-",
    "0",
    "1",
    "9",
    "10",
    "01",
    "009",
    ".",
    "a",
    "_",
    "ü",
    "99999999",
    "::",
    "x.",
  ];
  for (let round = 0; round < 500; round += 1) {
    const names = new Set(["fe80::1", "fe80::2", "[::1]", "web1", "web01", "web10"]);
    for (let at = 0; at < 30; at += 1) {
      const name = Array.from({ length: 1 + next(4) }, () => parts[next(parts.length)]).join("");
      if (!name.includes("::") || isIPv6(name)) names.add(name);
    }
    const hosts = [...names].map((name) => host(name));
    const chosen = hosts.filter(() => next(3) === 0);
    if (chosen.length === 0) continue;
    const folded = fold(chosen.map(({ name }) => name));
    const found = select(hosts, folded);
    expect([folded, Array.isArray(found) && found.map(({ name }) => name)]).toEqual([
      folded,
      chosen.map(({ name }) => name),
    ]);
  }
});
