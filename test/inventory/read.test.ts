/** Inventories as operators have them, and those that are none. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { InventoryError } from "../../inventory/inventory-error.ts";
import { readInventory } from "../../inventory/read.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-inventory-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function put(text: string, name = `inventory-${(files += 1)}.yaml`, mode = 0o644): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

async function failure(text: string): Promise<InventoryError> {
  try {
    await readInventory([put(text)]);
  } catch (error) {
    if (error instanceof InventoryError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("what is no inventory is one error with file, line and column", () => {
  test.each([
    ["nothing", "", 1, 1, /empty/],
    ["only comments", "# none yet\n", 1, 1, /empty/],
    ["a word", "web01\n", 1, 1, /is a map/],
    ["a list", "- web01\n- web02\n", 1, 1, /is a map/],
    ["a broken line", "all:\n  hosts:\n   web01:\n  x\n", 4, 3, /./],
    ["a name twice", "all:\n  hosts:\n    web01:\n    web01:\n", 4, 5, /twice/],
    ["a list of hosts", "all:\n  hosts:\n    - web01\n", 3, 5, /hosts is a map/],
    [
      "an unknown key of a group",
      "all:\n  hosts:\n    a:\n  host:\n    b:\n",
      4,
      3,
      /unknown key host/,
    ],
    ["an open range", "all:\n  hosts:\n    web[01:]:\n", 3, 5, /no name and no range/],
    ["a range backwards", "all:\n  hosts:\n    web[5:1]:\n", 3, 5, /no name and no range/],
    ["an option for a name", "all:\n  hosts:\n    -oProxyCommand=x:\n", 3, 5, /no name/],
    [
      "an option for an address",
      "all:\n  hosts:\n    a: { ansible_host: -oProxyCommand=x }\n",
      3,
      24,
      /no address/,
    ],
    [
      "a space in an address",
      "all:\n  hosts:\n    a: { ansible_host: 'a b' }\n",
      3,
      24,
      /no address/,
    ],
    [
      "an option for a user",
      "all:\n  vars: { ansible_user: -l }\n  hosts: { a: }\n",
      2,
      25,
      /no name of a user/,
    ],
    [
      "a command for a user",
      "all:\n  hosts:\n    a: { ansible_user: '$(id)' }\n",
      3,
      24,
      /no name of a user/,
    ],
    [
      "a command for a hop",
      "all:\n  hosts:\n    a: { proxy_jump: 'gate;id' }\n",
      3,
      22,
      /is no host/,
    ],
    [
      "an option for a hop",
      "all:\n  vars:\n    ansible_ssh_common_args: -J -oProxyCommand=id\n  hosts: { a: }\n",
      3,
      30,
      /is no host/,
    ],
    [
      "a command for an address",
      "all:\n  hosts:\n    a: { ansible_host: '`id`' }\n",
      3,
      24,
      /no address/,
    ],
    ["a port too high", "all:\n  hosts:\n    a: { ansible_port: 70000 }\n", 3, 24, /no port/],
    ["a port in words", "all:\n  hosts:\n    a: { ansible_port: ssh }\n", 3, 24, /no port/],
    [
      "a password",
      "all:\n  vars:\n    ansible_password: x\n  hosts: { a: }\n",
      3,
      23,
      /no password/,
    ],
    [
      "a password for sudo",
      "all:\n  hosts:\n    a:\n      ansible_become_pass: x\n",
      4,
      28,
      /no password/,
    ],
    [
      "a password in the vault",
      "all:\n  hosts:\n    a:\n      ansible_become_password: !vault |\n        x\n",
      4,
      39,
      /no password/,
    ],
    [
      "an address in the vault",
      "all:\n  hosts:\n    a:\n      ansible_host: !vault |\n        x\n",
      4,
      28,
      /encrypted/,
    ],
    ["a template", "all:\n  hosts:\n    a: { ansible_host: '{{ ip }}' }\n", 3, 24, /template/],
    [
      "host keys unchecked",
      "all:\n  vars:\n    ansible_ssh_common_args: -o StrictHostKeyChecking=no\n  hosts: { a: }\n",
      3,
      30,
      /not honoured/,
    ],
    [
      "another known_hosts",
      "all:\n  vars:\n    ansible_ssh_common_args: -oUserKnownHostsFile=/dev/null\n  hosts: { a: }\n",
      3,
      30,
      /not honoured/,
    ],
    [
      "an open quote",
      "all:\n  vars:\n    ansible_ssh_common_args: '-J \"a'\n  hosts: { a: }\n",
      3,
      30,
      /within quotes/,
    ],
    [
      "a map for an address",
      "all:\n  hosts:\n    a: { ansible_host: { x: y } }\n",
      3,
      24,
      /one word/,
    ],
  ])("%s", async (_, text, line, column, cause) => {
    const error = await failure(text);
    expect(error.message).toMatch(cause);
    expect(error.place).toMatchObject({ line, column });
    expect(error.message.startsWith(`${error.place?.file}:${line}:${column}: `)).toBe(true);
  });

  test("groups without a host, groups in a circle, and a file that is not there", async () => {
    expect((await failure("all:\n  children: { web: }\n")).message).toMatch(/no host in/);
    const circle = "a:\n  hosts: { x: }\n  children: { b: }\nb:\n  children: { a: }\n";
    expect((await failure(circle)).message).toMatch(/among its own children/);
    await expect(readInventory([join(folder, "none.yaml")])).rejects.toThrow(
      /cannot be read \(ENOENT\)/,
    );
  });

  test("a few lines do not become millions by aliases", async () => {
    const levels = Array.from({ length: 9 }, (_, at) => {
      const children = Array.from({ length: 9 }, (_each, child) => `c${child}: *g${at}`);
      return `g${at + 1}: &g${at + 1} { children: { ${children.join(", ")} } }`;
    });
    const error = await failure(`g0: &g0 { hosts: { a: } }\n${levels.join("\n")}\n`);
    expect(error.message).toMatch(/too many groups|among its own children/);
  });
});

const read = async (...texts: string[]) => await readInventory(texts.map((text) => put(text)));

describe("an Ansible inventory, unchanged", () => {
  test("has groups, children to any depth, and variables by precedence", async () => {
    const hosts = await read(`
all:
  vars: { ansible_user: everybody, ansible_port: 22 }
  hosts:
    lone:
  children:
    prod:
      vars: { ansible_user: prod, other: { any: [thing] }, secret: !vault "x" }
      children:
        web:
          vars: { ansible_port: 2222 }
          hosts:
            web[01:02].example.org:
              ansible_user: own
        db:
          hosts: { "db-[a:b]": }
ungrouped:
  hosts: { stray: }
`);
    expect(hosts.map(({ name, user, port, groups }) => [name, user, port, groups])).toEqual([
      ["lone", "everybody", 22, []],
      ["web01.example.org", "own", 2222, ["prod", "web"]],
      ["web02.example.org", "own", 2222, ["prod", "web"]],
      ["db-a", "prod", 22, ["prod", "db"]],
      ["db-b", "prod", 22, ["prod", "db"]],
      ["stray", "everybody", 22, ["ungrouped"]],
    ]);
  });

  test("the deeper group wins, then the higher priority, then the later name", async () => {
    const hosts = await read(`
a: { hosts: { x: , y: , z: }, vars: { ansible_user: a, ansible_group_priority: 10 } }
b: { hosts: { x: , z: }, vars: { ansible_user: b } }
c: { children: { d: { hosts: { y: }, vars: { ansible_user: d } } }, vars: { ansible_user: c } }
e: { hosts: { w: }, vars: { ansible_user: e } }
f: { hosts: { w: }, vars: { ansible_user: f } }
`);
    expect(hosts.map(({ name, user }) => [name, user])).toEqual([
      ["x", "a"],
      ["y", "d"],
      ["z", "a"],
      ["w", "f"],
    ]);
  });

  test.each([
    ["-o ProxyJump=a,b", { kind: "jump", hops: ["a", "b"] }],
    ["-J ops@gate:2222", { kind: "jump", hops: ["ops@gate:2222"] }],
    [
      `-C -o ControlMaster=auto -o ProxyCommand="ssh -W %h:%p gate"`,
      { kind: "command", command: "ssh -W %h:%p gate" },
    ],
    ["-oProxyJump=none", null],
    ["-o ServerAliveInterval=5", null],
  ])("ansible_ssh_common_args: %s", async (words, proxy) => {
    const [host] = await read(
      `all:\n  hosts:\n    a:\n      ansible_ssh_common_args: '${words}'\n`,
    );
    expect(host?.proxy).toEqual(proxy);
  });

  test("a port beside a name, an address of IPv6, a connection that is not SSH", async () => {
    const hosts = await read(
      "all:\n  hosts:\n    a:2022:\n    b: { ansible_host: 'fe80::1%eth0' }\n    c: { ansible_connection: local }\n",
    );
    expect(hosts).toMatchObject([
      { name: "a", port: 2022, offline: null },
      { name: "b", address: "fe80::1%eth0" },
      { name: "c", offline: "its connection is local, not SSH" },
    ]);
  });
});

test("the flat form, and the hosts of a wrapper", async () => {
  const flat =
    "web01: { hostname: 10.0.0.1, user: ops, port: 2222, identity_file: /k, proxy_jump: gate }\ngr1080: { offline: true, offline_reason: being repaired }\nplain:\n";
  const wanted = [
    {
      name: "web01",
      address: "10.0.0.1",
      user: "ops",
      port: 2222,
      identityFile: "/k",
      proxy: { kind: "jump", hops: ["gate"] },
      groups: [],
      offline: null,
    },
    { name: "gr1080", address: "gr1080", offline: "being repaired" },
    { name: "plain", address: "plain", user: null, port: null, offline: null },
  ];
  expect(await read(flat)).toMatchObject(wanted);
  expect(await read(`hosts:\n${flat.replace(/^/gm, "  ")}`)).toMatchObject(wanted);
});

test("of several files the later one wins, and adds", async () => {
  const hosts = await read(
    "all: { hosts: { a: { ansible_user: one, ansible_port: 1 } } }\n",
    "web: { hosts: { a: { ansible_user: two }, b: } }\n",
  );
  expect(hosts).toMatchObject([
    { name: "a", user: "two", port: 1, groups: ["web"] },
    { name: "b", user: null },
  ]);
});

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
