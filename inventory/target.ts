/** How a host is reached, from its variables: what SSH cannot be told, or must not be, is an error. */
import { InventoryError, type Place } from "./inventory-error.ts";
import { NAMES, REFUSED } from "./settings.ts";
import type { Tree } from "./source.ts";
import type { SshTarget } from "./transport.ts";
import type { Variables } from "./groups.ts";

export type InventoryHost = SshTarget & {
  /** From the outermost in, without `all` and `ungrouped`. */
  groups: readonly string[];
  /** Why it is not to be reached at all, or null. */
  offline: string | null;
};

export function targetOf(name: string, groups: readonly string[], vars: Variables): InventoryHost {
  const word = (names: readonly string[]): { text: string; place: Place } | null => {
    const found = names.find((one) => vars.has(one));
    return found === undefined ? null : wordIn(found, vars.get(found));
  };
  const address = word(NAMES.address);
  const [port, user, identity] = [word(NAMES.port), word(NAMES.user), word(NAMES.identityFile)];
  if (address !== null) checkAddress(address.text, address.place);
  if (user !== null && !USER.test(user.text))
    throw new InventoryError(user.place, `${JSON.stringify(user.text)} is no name of a user`);
  for (const variable of NAMES.hostKeys) {
    const given = word([variable]);
    if (given !== null && !/^(?:true|yes|on|1)$/i.test(given.text))
      throw refusedOption(variable, given.text, given.place);
  }
  for (const [variable, harmless] of REFUSED) {
    const given = word([variable]);
    if (given !== null && !harmless.test(given.text))
      throw refusedOption(variable, given.text, given.place);
  }
  const jump = word(NAMES.jump);
  const proxies = NAMES.arguments.flatMap((variable) => {
    const given = word([variable]);
    return given === null ? [] : proxyIn(variable, given.text, given.place);
  });
  return {
    name,
    address: address?.text ?? name,
    port: port === null ? null : portIn(port.text, port.place),
    user: user?.text ?? null,
    identityFile: identity?.text ?? null,
    proxy: jump === null ? (proxies[0] ?? null) : jumpOver(jump.text, jump.place),
    groups: groups.filter((group) => group !== "all" && group !== "ungrouped"),
    offline: offlineReason(word),
  };
}

type Word = (names: readonly string[]) => { text: string; place: Place } | null;

function offlineReason(word: Word): string | null {
  const connection = word(NAMES.connection)?.text;
  if (connection !== undefined && !["ssh", "smart", "paramiko"].includes(connection))
    return `its connection is ${connection}, not SSH`;
  const offline = word(NAMES.offline);
  if (offline === null || /^(?:false|no)$/i.test(offline.text)) return null;
  const reason = word(NAMES.offlineReason)?.text;
  const said = /^(?:true|yes)$/i.test(offline.text) ? "the inventory says so" : offline.text;
  return reason ?? said;
}

function wordIn(variable: string, tree: Tree | undefined): { text: string; place: Place } | null {
  if (tree === undefined) return null;
  const { place } = tree;
  if (tree.kind === "secret") {
    const hint = "write it in plain text: nothing here opens Ansible's vault";
    throw new InventoryError(place, `${variable} is encrypted`, hint);
  }
  if (tree.kind !== "scalar") throw new InventoryError(place, `${variable} is one word`);
  if (tree.value === null || tree.value === "") return null;
  const text = String(tree.value);
  if (text.includes("{{") || text.includes("{%")) {
    const hint = "write the value itself, or use an executable inventory";
    throw new InventoryError(place, `${variable} is a template, which only Ansible fills in`, hint);
  }
  if (/\p{Cc}/u.test(text))
    throw new InventoryError(place, `${variable} has a control character in it`);
  return { text, place };
}

/** ssh(1) puts names into the text of a proxy command, which a shell reads (CVE-2023-51385). */
const USER = /^[\p{L}\p{N}_](?:[\p{L}\p{N}_.+@\\-]*[\p{L}\p{N}_.+-])?$/u;
const HOP = /^(?:[\w][\w.+-]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_][\w.-]*)(?::\d{1,5})?$/;

function jumpOver(text: string, place: Place): NonNullable<SshTarget["proxy"]> {
  const hops = text.split(",");
  const odd = hops.find((hop) => !HOP.test(hop));
  if (odd === undefined) return { kind: "jump", hops };
  const hint = "a host that is jumped through is USER@HOST:PORT";
  throw new InventoryError(place, `${JSON.stringify(odd)} is no host`, hint);
}

function checkAddress(text: string, place: Place): void {
  if (/^[\p{L}\p{N}_.:%[\]-]+$/u.test(text) && !text.startsWith("-")) return;
  throw new InventoryError(place, `${JSON.stringify(text)} is no address`);
}

function portIn(text: string, place: Place): number {
  // To Ansible, a number that begins with a zero is octal.
  if (/^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InventoryError(place, `${JSON.stringify(text)} is no port`, "a port is 1 to 65535");
}

/** Change nothing about whom we talk to, and are ours to decide. */
const HARMLESS =
  /^(?:ControlMaster|ControlPersist|ControlPath|ServerAliveInterval|ServerAliveCountMax|TCPKeepAlive|Compression|ConnectTimeout|ConnectionAttempts|LogLevel|BatchMode|PreferredAuthentications)=/i;
const HARMLESS_FLAGS = ["-C", "-q", "-4", "-6", "-T", "-x", "-a"];

/** The proxies in words for ssh(1), null for none; what would weaken or change more than the way is refused. */
function proxyIn(variable: string, text: string, place: Place): SshTarget["proxy"][] {
  const words = wordsOf(text);
  if (words === null) throw new InventoryError(place, `${variable} ends within quotes`);
  const found: SshTarget["proxy"][] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (HARMLESS_FLAGS.includes(word)) continue;
    const [, flag, joined] = /^(-J|-o)(.*)$/.exec(word) ?? [];
    if (flag === undefined) throw refusedOption(variable, word, place);
    const value = joined === "" ? (words[(at += 1)] ?? "") : (joined ?? "");
    const option = value.replace(/^([A-Za-z]+)(?:\s*=\s*|\s+)/, "$1=");
    if (flag === "-J" || /^ProxyJump=/i.test(option)) {
      const hops = flag === "-J" ? value : option.slice("ProxyJump=".length);
      found.push(hops.toLowerCase() === "none" ? null : jumpOver(hops, place));
    } else if (/^ProxyCommand=/i.test(option)) {
      const command = option.slice("ProxyCommand=".length);
      found.push(command.toLowerCase() === "none" ? null : { kind: "command", command });
    } else if (!HARMLESS.test(option)) throw refusedOption(variable, value, place);
  }
  return found;
}

function refusedOption(variable: string, option: string, place: Place): InventoryError {
  const hint = "host keys are always verified; put other settings into ssh_config(5)";
  return new InventoryError(
    place,
    `${variable}: ${JSON.stringify(option)} is not honoured here`,
    hint,
  );
}

/** Words as a shell splits them, with quotes and nothing else; null where a quote is open. */
function wordsOf(text: string): string[] | null {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const bare = text.replace(/"[^"]*"|'[^']*'/g, "");
  if (/["']/.test(bare)) return null;
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
