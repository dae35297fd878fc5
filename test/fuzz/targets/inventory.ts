/** Inventory files: a file is refused with its place, or its hosts are words that SSH takes for nothing else. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { InventoryError } from "../../../inventory/inventory-error.ts";
import { readInventory } from "../../../inventory/read.ts";
import { sshArguments } from "../../../inventory/ssh-arguments.ts";
import { edited, edits, oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const SETTINGS = [
  "ansible_host",
  "ansible_port",
  "ansible_user",
  "ansible_ssh_private_key_file",
  "ansible_ssh_common_args",
  "ansible_ssh_extra_args",
  "ansible_host_key_checking",
  "ansible_connection",
  "ansible_group_priority",
  "ansible_password",
  "host",
  "port",
  "user",
  "jump",
  "identity_file",
  "offline",
];
const VALUES = [
  "10.0.0.1",
  "[2001:db8::1]:22",
  "ops",
  "22",
  "70000",
  "-oProxyCommand=id",
  "a,b",
  "u@gate:2222",
  "-J gate",
  "-o ProxyCommand=none",
  '-o ProxyJump="a,b"',
  "-o StrictHostKeyChecking=no",
  "-F /tmp/x",
  "local",
];
const NAMES = ["all", "web", "web[01:03]", "db[a:c].example.org", "h:22", "::1", "hosts", "_meta"];
const PARTS = ["hosts", "vars", "children", "hostvars", "<<"];
const PIECES = [
  ": ",
  "- ",
  "\n",
  "  ",
  "{",
  "}",
  "[",
  "]",
  "&a ",
  "*a",
  "!vault ",
  "? ",
  "|\n",
  "#",
];

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
const scalar: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: oddText(VALUES) },
  { weight: 1, arbitrary: fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.double()) },
);
const variables = fc.dictionary(oddText(SETTINGS), scalar, { maxKeys: 4 });
const hosts = fc.dictionary(oddText(NAMES), fc.oneof(fc.constant(null), variables), { maxKeys: 3 });
const { group } = fc.letrec<{ group: Json }>((tie) => ({
  group: fc.dictionary(
    oddText(PARTS),
    fc.oneof({ maxDepth: 3 }, variables, hosts, fc.dictionary(oddText(NAMES), tie("group"))),
    { maxKeys: 3 },
  ),
}));
const tree: fc.Arbitrary<Json> = fc.oneof(
  fc.dictionary(oddText(NAMES), group, { maxKeys: 3 }),
  fc.record({ hosts, vars: variables }),
  hosts,
);

/** Options that are ours to give; which values they take is checked above and in test/inventory. */
const OURS = /^(?:Port|User|IdentityFile|IdentitiesOnly|ProxyJump|ProxyCommand)=/;

const file = join(mkdtempSync(join(tmpdir(), "sallyport-fuzz-")), "inventory.yaml");

export const inventory = target<string>({
  // JSON is YAML: what is generated as values is edited as text.
  input: fc
    .tuple(tree, edits(PIECES), fc.constantFrom(0, 2))
    .map(([value, changes, indent]) => edited(JSON.stringify(value, null, indent), changes)),
  async holds(text) {
    writeFileSync(file, text);
    const began = performance.now();
    const found = await readInventory([file]).catch((error: unknown) => {
      if (!(error instanceof InventoryError)) throw error;
      checkPlace(error, text);
      return [];
    });
    // Garbage collection included; a text of a few hundred bytes takes one or two.
    assert(performance.now() - began < 5000, "it takes too long");
    for (const host of found) {
      const { name, address, port, user, proxy } = host;
      for (const word of [name, address]) assert.match(word, /^[^-\p{Cc}\s][^\p{Cc}\s]*$/u);
      if (user !== null) assert.match(user, /^[^-\p{Cc}\s][^\p{Cc}\s]*$/u);
      assert(port === null || (Number.isInteger(port) && port >= 1 && port <= 65_535));
      if (proxy?.kind === "jump")
        for (const hop of proxy.hops)
          assert.match(hop, /^[^-\p{Cc}\s%,'"`$;][^\p{Cc}\s%,'"`$;]*$/u);
      const argv = sshArguments(host);
      assert.equal(argv.at(-2), "--");
      assert(argv.every((word) => !/\p{Cc}/u.test(word)));
      for (const [index, word] of argv.slice(1, -2).entries())
        assert.match(word, index % 2 === 0 ? /^-o$/ : OURS);
    }
  },
});

function checkPlace({ message, place }: InventoryError, text: string): void {
  assert(message.length > 0);
  if (place === null) return;
  const lines = text.split("\n");
  assert(place.line >= 1 && place.line <= lines.length, message);
  const width = (lines[place.line - 1] ?? "").length;
  assert(place.column >= 1 && place.column <= width + 1, message);
}
