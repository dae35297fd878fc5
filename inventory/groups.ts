/** Groups and hosts as inventory files write them, before it is worked out what that means for a host. */
import { expandRange } from "./host-range.ts";
import { InventoryError, type Place } from "./inventory-error.ts";
import { refusePassword } from "./no-password.ts";
import { isSetting } from "./settings.ts";
import type { Tree } from "./source.ts";

export type Variables = Map<string, Tree>;
export type Group = {
  name: string;
  vars: Variables;
  hosts: Set<string>;
  children: Set<string>;
};
export type Groups = {
  groups: Map<string, Group>;
  /** What is written beside the name of a host. */
  hosts: Map<string, { place: Place; vars: Variables }>;
  /** How often a group was written. */
  written: number;
};

type MapTree = Extract<Tree, { kind: "map" }>;
/** A few aliases, each in the next, could stand for millions. */
const MOST_WRITTEN = 100_000;
const PARTS = ["hosts", "vars", "children"];

export function noGroups(): Groups {
  const all: Group = { name: "all", vars: new Map(), hosts: new Set(), children: new Set() };
  return { groups: new Map([["all", all]]), hosts: new Map(), written: 0 };
}

/** Adds what a file says; where it says something again, the later file wins. */
export function addFile(groups: Groups, tree: Tree): void {
  const root = mapIn(tree, "an inventory is a map of groups, or of hosts");
  if (root.entries.has("_meta")) return addListing(groups, root);
  const names = [...root.entries.keys()];
  // A `hosts:` wrapper is the group of all without its name.
  if (names.includes("hosts") && names.every((name) => PARTS.includes(name)))
    return addGroup(groups, "all", root, []);
  const flat = [...root.entries].find(([, entry]) => isFlatHost(entry));
  if (flat !== undefined) {
    // A slip in the name of a part must not turn groups into hosts.
    if ([...root.entries.values()].some(isGroup)) {
      const hint = "a group has hosts, vars and children; a host's settings stand under its name";
      const cause = `${JSON.stringify(flat[0])} is written like a host, but stands among groups`;
      throw new InventoryError(placeIn(root, flat[0]), cause, hint);
    }
    return addHosts(groups, "all", root);
  }
  for (const [name, entry] of root.entries)
    addGroup(groups, groupName(name, placeIn(root, name)), entry, []);
}

/** An entry of the flat form: a host with settings, which no group has; a misspelt `hosts` is none. */
function isFlatHost(entry: Tree): boolean {
  return entry.kind === "map" && [...entry.entries.keys()].some(isSetting) && !isGroup(entry);
}

function isGroup(entry: Tree): boolean {
  return entry.kind === "map" && PARTS.some((part) => entry.entries.has(part));
}

function addGroup(groups: Groups, name: string, entry: Tree, above: readonly string[]): void {
  const group = groupOf(groups, name);
  groups.written += 1;
  if (groups.written > MOST_WRITTEN)
    throw new InventoryError(entry.place, "its aliases stand for too many groups");
  if (isNothing(entry)) return;
  const { entries, keys, place } = mapIn(entry, "a group is a map of hosts, vars and children");
  if (above.includes(name))
    throw new InventoryError(place, `the group ${name} is among its own children`);
  for (const [part, tree] of entries) {
    if (part === "hosts") addHosts(groups, name, tree);
    else if (part === "vars") addVariables(group.vars, tree);
    else if (part === "children") addChildren(groups, group, tree, [...above, name]);
    else {
      const hint = "a group has hosts, vars and children; a host's settings stand under its name";
      throw new InventoryError(
        keys.get(part) ?? place,
        `unknown key ${part} in the group ${name}`,
        hint,
      );
    }
  }
}

function addChildren(groups: Groups, group: Group, tree: Tree, above: readonly string[]): void {
  if (isNothing(tree)) return;
  const children = mapIn(tree, "children is a map of groups");
  for (const [name, entry] of children.entries) {
    group.children.add(groupName(name, placeIn(children, name)));
    addGroup(groups, name, entry, above);
  }
}

function addHosts(groups: Groups, group: string, tree: Tree): void {
  if (isNothing(tree)) return;
  const hosts = mapIn(tree, "hosts is a map; a host without settings ends with a colon");
  for (const [pattern, entry] of hosts.entries) {
    const place = hosts.keys.get(pattern) ?? hosts.place;
    for (const { name, port } of hostNames(pattern, place)) {
      const vars = addHost(groups, group, name, place);
      if (port !== null) vars.set("ansible_port", { kind: "scalar", place, value: port });
      if (!isNothing(entry)) addVariables(vars, entry);
    }
  }
}

function addHost(groups: Groups, group: string, name: string, place: Place): Variables {
  groupOf(groups, group).hosts.add(name);
  const host = groups.hosts.get(name) ?? { place, vars: new Map() };
  groups.hosts.set(name, host);
  return host.vars;
}

/** `web[01:03]:2222` is three hosts, each with a port. */
function hostNames(pattern: string, place: Place): { name: string; port: number | null }[] {
  const [, bare = pattern, port] = /^(.*[^:]):(\d{1,5})$/.exec(pattern) ?? [];
  const isPort = port !== undefined && !bare.includes("::");
  const names = expandRange(isPort ? bare : pattern);
  if (names === null) {
    const hint = "a range is like web[01:20], [a:f] or [0:9:2]";
    throw new InventoryError(place, `${JSON.stringify(pattern)} is no name and no range`, hint);
  }
  return names.map((name) => {
    return { name: hostName(name, place), port: isPort ? Number(port) : null };
  });
}

/** A name is an address too, where nothing else is said: ssh(1) and its proxies are given it. */
function hostName(name: string, place: Place): string {
  if (/^[\p{L}\p{N}_.[\]:@%-]+$/u.test(name) && !name.startsWith("-")) return name;
  throw new InventoryError(place, `${JSON.stringify(name)} is no name of a host`);
}

function addVariables(into: Variables, tree: Tree): void {
  if (isNothing(tree)) return;
  for (const [name, value] of mapIn(tree, "variables are a map").entries) {
    refusePassword(name, value);
    into.set(name, value);
  }
}

/** What an executable inventory prints for `--list`: hosts in lists, and their variables apart. */
export function addListing(groups: Groups, tree: Tree): void {
  const root = mapIn(tree, "a listing is a map of groups");
  if (!root.entries.has("_meta") && root.entries.size > 0) {
    const hint = "print _meta with hostvars: it is not run with --host for each host";
    throw new InventoryError(root.place, "it lists no variables of hosts", hint);
  }
  for (const [name, entry] of root.entries) {
    if (name === "_meta") continue;
    const group = groupOf(groups, groupName(name, placeIn(root, name)));
    const parts =
      entry.kind === "list"
        ? new Map([["hosts", entry]])
        : mapIn(entry, "a group is a map").entries;
    for (const { word, place } of wordsIn(parts.get("hosts")))
      addHost(groups, name, hostName(word, place), place);
    for (const { word, place } of wordsIn(parts.get("children"))) {
      group.children.add(groupName(word, place));
      groupOf(groups, word);
    }
    const vars = parts.get("vars");
    if (vars !== undefined) addVariables(group.vars, vars);
  }
  const meta = mapIn(root.entries.get("_meta") ?? root, "_meta is a map of hostvars");
  const hostVars = meta.entries.get("hostvars");
  if (hostVars === undefined) return;
  const ofHosts = mapIn(hostVars, "hostvars is a map");
  for (const [name, vars] of ofHosts.entries) {
    const place = placeIn(ofHosts, name);
    addVariables(addHost(groups, "all", hostName(name, place), place), vars);
  }
}

function wordsIn(tree: Tree | undefined): { word: string; place: Place }[] {
  if (tree === undefined || isNothing(tree)) return [];
  if (tree.kind !== "list") throw new InventoryError(tree.place, "this is a list of names");
  return tree.items.map((item) => {
    if (item.kind !== "scalar" || item.value === null)
      throw new InventoryError(item.place, "a name is one word");
    return { word: String(item.value), place: item.place };
  });
}

function groupOf(groups: Groups, name: string): Group {
  const group = groups.groups.get(name) ?? {
    name,
    vars: new Map(),
    hosts: new Set<string>(),
    children: new Set<string>(),
  };
  groups.groups.set(name, group);
  return group;
}

function groupName(name: string, place: Place): string {
  if (/^[\p{L}\p{N}_.-]+$/u.test(name) && !name.startsWith("-")) return name;
  throw new InventoryError(place, `${JSON.stringify(name)} is no name of a group`);
}

function placeIn({ keys, place }: MapTree, name: string): Place {
  return keys.get(name) ?? place;
}

function isNothing(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

function mapIn(tree: Tree, expected: string): MapTree {
  if (tree.kind !== "map") throw new InventoryError(tree.place, expected);
  return tree;
}
