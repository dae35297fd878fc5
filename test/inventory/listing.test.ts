/** Executable inventories, and what they may print. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test, vi } from "vitest";
import { readInventory } from "../../inventory/read.ts";
import { put } from "./inventory-file.ts";

test("an executable inventory is asked for its list; one that fails is an error", async () => {
  const listing = {
    web: { hosts: ["a", "b"], vars: { ansible_user: "w" }, children: ["sub"] },
    sub: { hosts: ["c"] },
    _meta: { hostvars: { a: { ansible_host: "10.0.0.1" } } },
  };
  const script = put(
    `#!/bin/sh\n[ "$1" = --list ] && echo '${JSON.stringify(listing)}'\n`,
    "script",
    0o755,
  );
  expect(await readInventory([script])).toMatchObject([
    { name: "a", address: "10.0.0.1", user: "w" },
    { name: "b", address: "b" },
    { name: "c", groups: ["web", "sub"], user: "w" },
  ]);
  const broken = put("#!/bin/sh\necho no cloud today >&2\nexit 3\n", "broken", 0o755);
  await expect(readInventory([broken])).rejects.toThrow(/--list failed: no cloud today/);
});

test.each([
  ["an option for a name", { web: ["-oProxyCommand=id"] }, {}, /-oProxyCommand=id" is no name/],
  ["a command for a name", { web: { hosts: ["$(id)"] } }, {}, /"\$\(id\)" is no name of a host/],
  ["a command among variables", {}, { "`id`": {} }, /"`id`" is no name of a host/],
  ["an option for a child", { web: { children: ["-x"] } }, {}, /"-x" is no name of a group/],
  ["a password", { web: { vars: { ansible_password: "x" } } }, {}, /no password/],
])("an executable inventory has no %s", async (_, groups, hostvars, cause) => {
  const listing = put(JSON.stringify({ ...groups, _meta: { hostvars } }));
  const script = put(`#!/bin/sh\ncat ${listing}\n`, `${basename(listing)}-script`, 0o755);
  await expect(readInventory([script])).rejects.toThrow(cause);
});

test("an executable inventory that tells no variables of hosts is an error, not a guess", async () => {
  const script = put(`#!/bin/sh\necho '{"web":["a"]}'\n`, "old-script", 0o755);
  await expect(readInventory([script])).rejects.toThrow(/lists no variables of hosts/);
});

test("an executable inventory is given what it needs of the environment, and nothing else", async () => {
  const given: Record<string, string> = {
    AWS_PROFILE: "lab",
    ANSIBLE_INVENTORY: "x",
    LD_LIBRARY_PATH: "/nowhere",
    PYTHONPATH: "/nowhere",
    NODE_OPTIONS: "",
    GITHUB_TOKEN: "secret",
  };
  for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value);
  const script = put(
    `#!/bin/sh\nenv | cut -d= -f1 >"$0.seen"\necho '{"web": {"hosts": ["a"]}, "_meta": {}}'\n`,
    "environment",
    0o755,
  );
  await readInventory([script]);
  vi.unstubAllEnvs();
  const seen = readFileSync(`${script}.seen`, "utf8").split("\n");
  expect(seen).toEqual(
    expect.arrayContaining(["PATH", "HOME", "AWS_PROFILE", "ANSIBLE_INVENTORY"]),
  );
  for (const name of ["LD_LIBRARY_PATH", "PYTHONPATH", "NODE_OPTIONS", "GITHUB_TOKEN"])
    expect(seen).not.toContain(name);
});
