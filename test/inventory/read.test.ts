/** Inventories as operators have them. */
import { describe, expect, test } from "vitest";
import { readInventory } from "../../inventory/read.ts";
import { put } from "./inventory-file.ts";

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
      ["stray", "everybody", 22, []],
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

  test("of several proxies the first counts, as for ssh(1), in the order of Ansible's variables", async () => {
    const hosts = await read(`
all:
  vars: { ansible_ssh_args: -C -o ProxyJump=args }
  hosts:
    a: { ansible_ssh_common_args: -J common }
    b: { ansible_ssh_args: -C, ansible_ssh_common_args: -J common, ansible_ssh_extra_args: -J extra }
    c: { ansible_ssh_args: -o ProxyJump=one -o ProxyJump=two }
    d: { ansible_ssh_args: -o ProxyJump=none -o ProxyCommand=x }
    e: { ansible_ssh_args: -o ProxyCommand=none }
`);
    expect(hosts.map(({ name, proxy }) => [name, proxy])).toEqual([
      ["a", { kind: "jump", hops: ["args"] }],
      ["b", { kind: "jump", hops: ["common"] }],
      ["c", { kind: "jump", hops: ["one"] }],
      ["d", null],
      ["e", null],
    ]);
  });

  test("names and values that look like numbers are as they are written", async () => {
    const hosts = await read("all: { hosts: { 010: { ansible_user: 007 }, 1.10: } }\n");
    expect(hosts).toMatchObject([{ name: "010", user: "007" }, { name: "1.10" }]);
  });

  test("a priority may be quoted", async () => {
    const [host] = await read(`
a: { hosts: { x: }, vars: { ansible_user: a, ansible_group_priority: "10" } }
b: { hosts: { x: }, vars: { ansible_user: b, ansible_group_priority: 9 } }
`);
    expect(host?.user).toBe("a");
  });

  test("variables of ungrouped are for hosts that no other group has", async () => {
    const hosts = await read(`
all: { hosts: { lone: } }
ungrouped: { hosts: { stray: , w: }, vars: { ansible_user: nobody } }
web: { hosts: { w: } }
`);
    expect(hosts.map(({ name, user, groups }) => [name, user, groups])).toEqual([
      ["lone", "nobody", []],
      ["stray", "nobody", []],
      ["w", null, ["web"]],
    ]);
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
