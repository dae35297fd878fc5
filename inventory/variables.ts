/** Which variables a host has, by Ansible's precedence: all, then groups from the outermost in, then the host's own. */
import { InventoryError } from "./inventory-error.ts";
import type { Group, Groups, Variables } from "./groups.ts";

/** The groups of each host, from the outermost in; `all` is first. */
export function groupsOfHosts({ groups, hosts }: Groups): Map<string, Group[]> {
  const parents = new Map<string, string[]>();
  for (const { name, children } of groups.values())
    for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name]);

  const depths = new Map<string, number>();
  const depthOf = (name: string, below: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    if (below.includes(name))
      throw new InventoryError(null, `the group ${name} is among its own children`);
    const above = (parents.get(name) ?? []).map((parent) => depthOf(parent, [...below, name]));
    const depth = name === "all" ? 0 : 1 + Math.max(0, ...above);
    depths.set(name, depth);
    return depth;
  };
  const ancestors = new Map<string, Set<string>>();
  const ancestorsOf = (name: string): Set<string> => {
    const known = ancestors.get(name);
    if (known !== undefined) return known;
    const found = new Set(["all", name]);
    for (const parent of parents.get(name) ?? [])
      for (const above of ancestorsOf(parent)) found.add(above);
    ancestors.set(name, found);
    return found;
  };
  for (const name of groups.keys()) depthOf(name, []);

  const direct = new Map<string, Set<string>>(
    [...hosts.keys()].map((name) => [name, new Set(["all"])]),
  );
  for (const group of groups.values())
    for (const host of group.hosts)
      for (const name of ancestorsOf(group.name)) direct.get(host)?.add(name);

  // As Ansible has it: of those only that are in no other group.
  if (groups.has("ungrouped"))
    for (const names of direct.values()) {
      names.delete("ungrouped");
      if (names.size === 1) names.add("ungrouped");
    }

  const priorities = new Map([...groups.values()].map((group) => [group, priorityOf(group)]));
  const order = [...groups.values()].toSorted(
    (one, other) =>
      (depths.get(one.name) ?? 0) - (depths.get(other.name) ?? 0) ||
      (priorities.get(one) ?? 1) - (priorities.get(other) ?? 1) ||
      (one.name < other.name ? -1 : 1),
  );
  const places = new Map(order.map(({ name }, at) => [name, at]));
  return new Map(
    [...direct].map(([host, names]) => [
      host,
      [...names]
        .toSorted((one, other) => (places.get(one) ?? 0) - (places.get(other) ?? 0))
        .flatMap((name) => groups.get(name) ?? []),
    ]),
  );
}

function priorityOf({ vars }: Group): number {
  const priority = vars.get("ansible_group_priority");
  if (priority === undefined) return 1;
  const text = priority.kind === "scalar" ? String(priority.value) : priority.kind;
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InventoryError(priority.place, `${JSON.stringify(text)} is no priority`);
}

export function variablesOf(groups: readonly Group[], own: Variables): Variables {
  const merged: Variables = new Map();
  for (const vars of [...groups.map((group) => group.vars), own])
    for (const [name, value] of vars) merged.set(name, value);
  return merged;
}
