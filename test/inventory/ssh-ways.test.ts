/** Every way that ssh_config(5) and known_hosts can lead to a host, or keep from it; real sshd, real keys. */
import { once } from "node:events";
import { expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  start,
  type Ended,
  type Host,
} from "../lab/host.ts";
import { asOperator, pin, withServers } from "./ssh-place.ts";

type Way = {
  /** What the host is called, in the inventory as in ssh_config(5) and known_hosts. */
  name: string;
  /** Lines of its Host block. */
  config?: string;
  /** Lines of known_hosts; KEY is the server's key, OTHER and ECDSA are not. */
  known?: string;
  state: string;
  reason?: RegExp;
  /** Why OpenSSH's program was taken, if it was. */
  aside?: string;
  /** At which of the servers. */
  server?: number;
};

const WAYS: Way[] = [
  { name: "plain", known: "plain KEY", state: "needed" },
  { name: "hashed", known: "HASHED", state: "needed" },
  { name: "comma", known: "# a comment\n\nx,comma,y KEY of whom", state: "needed" },
  { name: "wild", known: "wi*,!wildcat KEY", state: "needed" },
  { name: "wildcat", state: "host-key-unknown" },
  { name: "upper", known: "UPPER KEY", state: "needed" },
  { name: "second", known: "second OTHER\nsecond KEY", state: "needed" },
  { name: "port", config: "HostKeyAlias none", known: "[127.0.0.1]:PORT KEY", state: "needed" },
  { name: "changed", known: "changed OTHER", state: "host-key-changed", reason: /is not that of/ },
  {
    name: "careless",
    config: "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null",
    state: "host-key-unknown",
  },
  {
    name: "revoked",
    known: "revoked KEY\n@revoked rev* KEY",
    state: "host-key-changed",
    reason: /is revoked in/,
  },
  { name: "ecdsa", known: "ecdsa ECDSA", state: "host-key-changed", reason: /no key of a type/ },
  { name: "malformed", known: "malformed ssh-ed25519 AAAA", state: "host-key-unknown" },
  {
    name: "authority",
    known: "@cert-authority authority AUTHORITY",
    state: "needed",
    aside: "@cert-authority in",
  },
  {
    name: "command",
    config: "ProxyCommand ssh -W 127.0.0.1:PORT plain",
    known: "command KEY",
    state: "needed",
    aside: "ProxyCommand",
  },
  { name: "jump", config: "ProxyJump plain", known: "jump KEY", state: "needed" },
  { name: "circle", config: "ProxyJump circle2", known: "circle KEY", state: "unreachable" },
  { name: "badjump", config: "ProxyJump wildcat", known: "badjump KEY", state: "host-key-unknown" },
  {
    name: "quantum",
    known: "quantum QUANTUM",
    server: 1,
    state: "needed",
    aside: "ssh2 has no key exchange",
  },
  {
    name: "certificate",
    config: "IdentityFile ~/.ssh/certified\nIdentitiesOnly yes",
    known: "certificate KEY",
    state: "auth-failed",
    aside: "certified has a certificate",
  },
  {
    name: "fido",
    config: "IdentityFile ~/.ssh/fido\nIdentitiesOnly yes",
    known: "fido KEY",
    state: "auth-failed",
    aside: "fido has a key of type sk-ssh-ed25519@openssh.com",
  },
  {
    name: "open",
    config: "IdentityFile ~/.ssh/open\nIdentitiesOnly yes",
    known: "open KEY",
    state: "auth-failed",
    reason: /can be read by others/,
  },
  {
    name: "locked",
    config: "IdentityFile ~/.ssh/locked\nIdentitiesOnly yes",
    known: "locked KEY",
    state: "auth-failed",
    reason: /needs a passphrase/,
  },
  {
    name: "keyless",
    config: "IdentityFile none\nIdentitiesOnly yes",
    known: "keyless KEY",
    state: "auth-failed",
    reason: /permission denied for ops \(publickey/,
  },
  { name: "nobody", config: "User nobody-here", known: "nobody KEY", state: "auth-failed" },
  { name: "refused", config: "Port 1", known: "refused KEY", state: "unreachable" },
];

/** A host certificate for `authority`, and a server without any key exchange that ssh2 has. */
const CERTIFIED = `ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/authority
echo HostCertificate /etc/ssh/own_key-cert.pub >/etc/ssh/own_more
`;
const QUANTUM = "echo KexAlgorithms sntrup761x25519-sha512@openssh.com >/etc/ssh/own_more\n";

/** Keys of the operator: one that needs a passphrase, one that others can read, and two for OpenSSH alone. */
const KEYS = `cd /home/ops/.ssh
cp id_ed25519 locked
chmod 600 locked
ssh-keygen -q -p -N 'open sesame' -f locked
cp id_ed25519 open
chmod 644 open
ssh-keygen -q -t ed25519 -N '' -f certified
ssh-keygen -q -s certified -I test -n ops certified.pub
echo nothing >fido
chmod 600 fido
{
  printf 'sk-ssh-ed25519@openssh.com '
  perl -e 'print pack("N/a N/a N/a", "sk-ssh-ed25519\\@openssh.com", "k" x 32, "ssh:")' | base64 -w0
} >fido.pub
ssh-keygen -q -t ed25519 -N '' -f other
ssh-keygen -q -t ecdsa -N '' -f ecdsa
chown -R ops:ops .
`;

const SALLYPORT = "/opt/sallyport/sallyport";
const INVENTORY = "/home/ops/inventory.yaml";

async function put(place: Host, file: string, text: string): Promise<void> {
  await exec(place, "ops", ["sh", "-c", 'cat >"$0"', file], { input: text });
}

async function check(place: Host, words: readonly string[]): Promise<Ended> {
  return await exec(place, "ops", [
    SALLYPORT,
    "bootstrap-cluster-sudo",
    "-i",
    INVENTORY,
    "--check",
    "--json",
    "--no-input",
    ...words,
  ]);
}

type End = { name: string; state: string; reason: string };
const endsIn = ({ stdout }: Ended): End[] =>
  (JSON.parse(stdout) as { data: { hosts: End[] } }).data.hosts;

/** Two servers and an operator who knows them in all those ways. */
async function withWays(
  port: number,
  visit: (place: Host, ports: readonly number[]) => Promise<void>,
): Promise<void> {
  const host = ownHost();
  await withServers(host, port, [CERTIFIED, QUANTUM], async (servers) => {
    const [server, quantum] = servers;
    if (server === undefined || quantum === undefined) throw new Error("no servers");
    const sign = "ssh-keygen -q -s /etc/ssh/authority -I test -h -n authority /etc/ssh/own_key.pub";
    await arrange(server.place, ...sign.split(" "));
    await arrangeScript(server.place, "kill -HUP $(cat /etc/ssh/own_pid)");
    await asOperator(host, [], async (place) => {
      await arrangeScript(place, KEYS);
      const keyIn = async (at: Host, file: string): Promise<string> =>
        (await arrange(at, "cat", file)).split(" ").slice(0, 2).join(" ").trim();
      const words: Record<string, string> = {
        KEY: server.hostKey,
        QUANTUM: quantum.hostKey,
        PORT: String(server.port),
        OTHER: await keyIn(place, "/home/ops/.ssh/other.pub"),
        ECDSA: await keyIn(place, "/home/ops/.ssh/ecdsa.pub"),
        AUTHORITY: await keyIn(server.place, "/etc/ssh/authority.pub"),
      };
      await put(place, "/home/ops/.ssh/hashed", `hashed ${server.hostKey}\n`);
      await exec(place, "ops", ["ssh-keygen", "-q", "-H", "-f", "/home/ops/.ssh/hashed"]);
      words["HASHED"] = (await arrange(place, "cat", "/home/ops/.ssh/hashed")).trim();
      const filled = (text: string): string =>
        text.replace(/\b[A-Z]{3,}\b/g, (word) => words[word] ?? word);
      const known = WAYS.flatMap(({ known: lines }) =>
        lines === undefined ? [] : [filled(lines)],
      );
      await put(place, "/home/ops/.ssh/known_hosts", `${known.join("\n")}\n`);
      const blocks = WAYS.map(({ name, config = "", server: at = 0 }) => {
        const lines = `Host ${name}\n${filled(config)}\n`;
        return `${lines}HostName 127.0.0.1\nPort ${port + at}\nHostKeyAlias ${name}\n`;
      });
      const circle = "Host circle2\nHostName 127.0.0.1\nProxyJump circle\n";
      await put(place, "/home/ops/.ssh/config", `${blocks.join("")}${circle}`);
      await put(place, INVENTORY, `hosts:\n${WAYS.map(({ name }) => `  ${name}:\n`).join("")}`);
      await visit(place, [server.port, quantum.port]);
    });
  });
}

describeInLab("the ways to a host", () => {
  test("every one leads where ssh(1) leads, or less far", { timeout: 150_000 }, async () => {
    await withWays(2360, async (place) => {
      const ended = await check(place, []);
      const ends = new Map(endsIn(ended).map((end) => [end.name, end]));
      const found = WAYS.map(({ name }) => `${name} ${ends.get(name)?.state}`);
      expect(found, ended.stdout).toEqual(WAYS.map(({ name, state }) => `${name} ${state}`));
      for (const { name, reason } of WAYS)
        if (reason !== undefined) expect(ends.get(name)?.reason, name).toMatch(reason);
      const asides = ended.stderr.split("\n").filter((line) => line !== "");
      const expected = WAYS.filter(({ aside }) => aside !== undefined);
      expect(asides, ended.stderr).toHaveLength(expected.length);
      for (const { name, aside = "" } of expected)
        expect(ended.stderr).toMatch(new RegExp(`^sallyport: ${name} by OpenSSH.*${aside}`, "m"));

      const forced = await check(place, [
        "--transport",
        "openssh",
        "--limit",
        "plain:command:jump",
      ]);
      expect(endsIn(forced).map(({ state }) => state)).toEqual(["needed", "needed", "needed"]);
      const never = await check(place, ["--transport", "ssh2", "--limit", "command"]);
      expect(endsIn(never)).toMatchObject([
        { state: "unreachable", reason: "ProxyCommand: --transport openssh can do it" },
      ]);
      const pinned = await check(place, ["--accept-new", "--limit", "wildcat:changed:revoked"]);
      const states = endsIn(pinned).map(({ name, state }) => `${name} ${state}`);
      expect(states.toSorted()).toEqual([
        "changed host-key-changed",
        "revoked host-key-changed",
        "wildcat needed",
      ]);
      const known = await exec(place, "ops", ["ssh-keygen", "-F", "wildcat"]);
      expect(known.stdout).toContain("found");
      expect(await check(place, ["--limit", "wildcat"])).toMatchObject({ status: 0 });
    });
  });

  test(
    "the passphrase of a key is asked for once for all hosts; keys in an agent need none",
    { timeout: 150_000 },
    async () => {
      await withWays(2364, async (place, [port = 0]) => {
        const name = (alias: string): string => `Host ${alias}
HostName 127.0.0.1
Port ${port}
HostKeyAlias plain
IdentityFile ~/.ssh/locked
IdentitiesOnly yes
`;
        await put(place, "/home/ops/.ssh/config", [1, 2, 3].map((at) => name(`web${at}`)).join(""));
        await put(place, INVENTORY, "hosts:\n  web1:\n  web2:\n  web3:\n");
        const command = `${SALLYPORT} bootstrap-cluster-sudo -i ${INVENTORY} --check`;
        const typed = async (keys: string): Promise<string> => {
          const child = start(place, "ops", ["script", "-qfec", command, "/dev/null"]);
          let screen = "";
          child.stdout?.on("data", (text: Buffer) => {
            if (!screen.includes("Passphrase") && String(text).includes("Passphrase"))
              child.stdin?.write(keys);
            screen += text.toString();
          });
          await once(child, "close");
          return screen;
        };
        const good = await typed("open sesame\r");
        expect(good.match(/Passphrase for \S+locked: /g)).toHaveLength(1);
        expect(good).toContain("3  needed: web[1-3]");
        expect(good).not.toContain("sesame");
        const bad = await typed("open barley\r");
        expect(bad.match(/Passphrase/g)).toHaveLength(1);
        expect(bad).toContain("3  auth-failed: web[1-3]");
        expect(bad).toContain("locked is not opened by that passphrase");

        const agent = `ssh-add -q ~/.ssh/id_ed25519 && ${command} --json`;
        await put(
          place,
          "/home/ops/.ssh/config",
          [1, 2, 3].map((at) => name(`web${at}`).replace(/Identit.*\n/g, "")).join(""),
        );
        await arrange(place, "mv", "/home/ops/.ssh/id_ed25519", "/home/ops/.ssh/away");
        const without = await check(place, []);
        expect(endsIn(without).map(({ state }) => state)).toEqual(Array(3).fill("auth-failed"));
        const held = agent.replace("id_ed25519", "away");
        const within = await exec(place, "ops", ["ssh-agent", "sh", "-c", held]);
        expect(endsIn(within).map(({ state }) => state)).toEqual(Array(3).fill("needed"));
      });
    },
  );

  test(
    "a server with MaxStartups 2 that others besiege is reached when one of them goes",
    { timeout: 150_000 },
    async () => {
      const few = "printf 'MaxStartups 2\\nLoginGraceTime 2\\n' >/etc/ssh/own_more\n";
      await withServers(ownHost(), 2368, [few], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          const inventory = `hosts:\n  web1: { ansible_host: 127.0.0.1, ansible_port: 2368 }\n`;
          await put(place, INVENTORY, inventory);
          const besiegers = "exec 3<>/dev/tcp/127.0.0.1/2368 4<>/dev/tcp/127.0.0.1/2368; cat";
          const siege = start(place, "ops", ["bash", "-c", besiegers]);
          const over = once(siege, "close");
          await exec(place, "ops", ["sleep", "0.3"]);
          for (const transport of ["ssh2", "openssh"])
            expect(endsIn(await check(place, ["--transport", transport]))).toMatchObject([
              { state: "needed" },
            ]);
          siege.stdin?.end();
          await over;
        });
      });
    },
  );
});
