/** What Ansible itself makes of the same files. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { readInventory } from "../../inventory/read.ts";
import { lacks } from "../packaging/deb.ts";
import { folder, put } from "./inventory-file.ts";

const ANSIBLE = "/usr/bin/ansible-inventory";
const absent = lacks("ansible-inventory");

/** The same numbers at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 256) % below;
  };
}

type Written = {
  hosts: Record<string, object | null>;
  vars: Record<string, string | number>;
  children: Record<string, null>;
};

/** Six groups over the same few hosts: parents, priorities, and what they say against each other. */
function inventoryOf(seed: number): Record<string, Written> {
  const next = numbers(seed);
  const host = (): string => `h${next(8)}`;
  const all: Written = { hosts: { [host()]: null }, vars: { ansible_user: "all" }, children: {} };
  const root: Record<string, Written> = { all };
  for (let at = 0; at < 6; at += 1) {
    const name = `g${at}`;
    const group: Written = { hosts: {}, vars: { ansible_user: name }, children: {} };
    for (let count = next(4); count > 0; count -= 1)
      group.hosts[host()] = next(4) === 0 ? { ansible_user: `own-${name}` } : null;
    if (next(3) === 0) group.vars["ansible_port"] = 1000 + next(100);
    const priority = next(4);
    if (next(3) === 0)
      group.vars["ansible_group_priority"] = next(2) === 0 ? priority : String(priority);
    for (let child = at + 1; child < 6; child += 1)
      if (next(4) === 0) group.children[`g${child}`] = null;
    root[name] = group;
  }
  const vars = { ansible_user: "ungrouped" };
  return { ...root, ungrouped: { hosts: { [host()]: null }, vars, children: {} } };
}

type Listing = {
  _meta: { hostvars: Record<string, { ansible_user?: string; ansible_port?: number }> };
};

test.skipIf(absent)("users and ports are the ones that Ansible finds", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const file = put(JSON.stringify(inventoryOf(seed)));
    const env = { HOME: folder, LC_ALL: "C.UTF-8", PATH: "/usr/bin:/bin" };
    const stdout = execFileSync(ANSIBLE, ["-i", file, "--list"], { env, encoding: "utf8" });
    const { hostvars } = (JSON.parse(stdout) as Listing)._meta;
    const theirs = Object.entries(hostvars).map(([name, vars]) => {
      return [name, { user: vars.ansible_user ?? null, port: vars.ansible_port ?? null }];
    });
    const ours = (await readInventory([file])).map(({ name, user, port }) => [
      name,
      { user, port },
    ]);
    expect(Object.fromEntries(ours), `seed ${seed}`).toEqual(Object.fromEntries(theirs));
  }
});
