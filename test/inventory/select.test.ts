/** Patterns, ranges and folded names. */
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
  [["alone"], "alone"],
  [[], ""],
])("%j folds to %s", (names, folded) => expect(fold(names)).toBe(folded));
