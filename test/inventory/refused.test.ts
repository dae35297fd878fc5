/** What is no inventory: one error, with its place. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InventoryError } from "../../inventory/inventory-error.ts";
import { readInventory } from "../../inventory/read.ts";
import { folder, put } from "./inventory-file.ts";

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
      /no password, not even an encrypted one/,
    ],
    [
      "an address in the vault",
      "all:\n  hosts:\n    a:\n      ansible_host: !vault |\n        x\n",
      4,
      28,
      /encrypted/,
    ],
    [
      "a password that no host has",
      "web: { hosts: { a: } }\nnone:\n  vars: { ansible_become_password: x }\n",
      3,
      36,
      /no password/,
    ],
    [
      "a passphrase of a key",
      "all:\n  vars: { ansible_ssh_private_key_passphrase: x }\n  hosts: { a: }\n",
      2,
      47,
      /no password/,
    ],
    [
      "a group whose hosts are misspelt",
      "all: { hostss: { a: } }\n",
      1,
      8,
      /unknown key hostss in the group all/,
    ],
    [
      "a host among groups",
      "db: { hosts: { b: } }\nweb: { hostname: a }\n",
      2,
      1,
      /"web" is written like a host/,
    ],
    [
      "an unknown tag",
      "all:\n  hosts: { a: { ansible_host: !env HOME } }\n",
      2,
      31,
      /unknown tag !env/,
    ],
    [
      "an object of Python",
      "all:\n  hosts: { a: }\n  vars: { x: !!python/object:os.x {} }\n",
      3,
      14,
      /unknown tag !!python/,
    ],
    [
      "host keys unchecked in ansible_ssh_args",
      "all:\n  vars:\n    ansible_ssh_args: -o StrictHostKeyChecking=no\n  hosts: { a: }\n",
      3,
      23,
      /not honoured/,
    ],
    [
      "host keys unchecked by a variable",
      "all:\n  vars: { ansible_host_key_checking: false }\n  hosts: { a: }\n",
      2,
      38,
      /not honoured/,
    ],
    [
      "host keys unchecked for SSH",
      "all:\n  vars: { ansible_ssh_host_key_checking: 'no' }\n  hosts: { a: }\n",
      2,
      42,
      /not honoured/,
    ],
    [
      "another program for SSH",
      "all:\n  vars:\n    ansible_ssh_executable: /opt/ssh\n  hosts: { a: }\n",
      3,
      29,
      /not honoured/,
    ],
    [
      "a token's library",
      "all:\n  vars:\n    ansible_ssh_pkcs11_provider: /lib/p11.so\n  hosts: { a: }\n",
      3,
      34,
      /not honoured/,
    ],
    [
      "another port in the extra words",
      "all:\n  vars:\n    ansible_ssh_extra_args: -p 2222\n  hosts: { a: }\n",
      3,
      29,
      /not honoured/,
    ],
    [
      "another configuration file",
      "all:\n  vars:\n    ansible_ssh_common_args: -F /dev/null\n  hosts: { a: }\n",
      3,
      30,
      /not honoured/,
    ],
    [
      "a proxy of paramiko's",
      "all:\n  vars:\n    ansible_paramiko_proxy_command: nc %h %p\n  hosts: { a: }\n",
      3,
      37,
      /not honoured/,
    ],
    [
      "host keys unchecked by paramiko",
      "all:\n  vars:\n    ansible_paramiko_host_key_checking: false\n  hosts: { a: }\n",
      3,
      41,
      /not honoured/,
    ],
    [
      "a private key",
      "all:\n  vars:\n    ansible_ssh_private_key: x\n  hosts: { a: }\n",
      3,
      30,
      /no private key/,
    ],
    [
      "a priority in words",
      "web: { hosts: { a: }, vars: { ansible_group_priority: high } }\n",
      1,
      55,
      /is no priority/,
    ],
    ["an octal port", "all:\n  hosts:\n    a: { ansible_port: 022 }\n", 3, 24, /no port/],
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

  test("groups without a host, groups in a circle, a file that is not there, and a folder", async () => {
    expect((await failure("all:\n  children: { web: }\n")).message).toMatch(/no host in/);
    const circle = "a:\n  hosts: { x: }\n  children: { b: }\nb:\n  children: { a: }\n";
    expect((await failure(circle)).message).toMatch(/among its own children/);
    await expect(readInventory([join(folder, "none.yaml")])).rejects.toThrow(
      /cannot be read \(ENOENT\)/,
    );
    await expect(readInventory([folder])).rejects.toThrow(/cannot be read \(EISDIR\)/);
  });

  test("a few lines do not become millions by aliases", async () => {
    const levels = Array.from({ length: 9 }, (_, at) => {
      const children = Array.from({ length: 9 }, (_each, child) => `c${child}: *g${at}`);
      return `g${at + 1}: &g${at + 1} { children: { ${children.join(", ")} } }`;
    });
    const error = await failure(`g0: &g0 { hosts: { a: } }\n${levels.join("\n")}\n`);
    expect(error.message).toMatch(/too many groups|among its own children/);
  });

  test("nesting without end", async () => {
    const deep = `all: ${"{ children: { x: ".repeat(5000)}${" } }".repeat(5000)}\n`;
    expect((await failure(deep)).message).toMatch(/:1:\d+: it is nested too deeply$/);
  });
});
