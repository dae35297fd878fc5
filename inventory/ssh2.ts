/** SSH in this process. Each host's key is judged by our own reading of known_hosts, whatever ssh_config(5) says. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { askSsh } from "./ask-ssh.ts";
import { algorithmsFor } from "./ssh2-algorithms.ts";
import { hostKeyJudge } from "./host-key-judge.ts";
import { keyFiles, type AskPassphrase } from "./key-files.ts";
import { knownHostsFiles } from "./known-hosts-file.ts";
import { logIn, type Failed, type Login } from "./ssh2-login.ts";
import type { SshSettings } from "./ssh-settings.ts";
import { REMOTE_COMMAND, type Connecting, type Connection, type RemoteProcess, type SshTarget } from "./transport.ts";
import { phase } from "./phase.ts";

export type Ssh2Options = {
  /** Pin the key of a host that was never seen; one that has changed is refused all the same. */
  acceptNew: boolean;
  askPassphrase: AskPassphrase;
  /** Until a connection is there. */
  connectSeconds: number;
  /** For each of: keys exchanged, logged in, a command started. */
  phaseSeconds: number;
};

/** `aside`: only OpenSSH can do it, and why. */
export type Ssh2Connecting = Connecting | { kind: "aside"; why: string };
export type Ssh2Transport = {
  connect(target: SshTarget): Promise<Ssh2Connecting>;
  close(): Promise<void>;
};

/** More than anybody has; a circle would have no end. */
const HOPS_MAX = 8;

type Way = { kind: "way"; socket: Duplex } | Failed;

export function ssh2Transport(options: Ssh2Options): Ssh2Transport {
  const files = knownHostsFiles();
  const keys = keyFiles(options.askPassphrase);
  const open = new Set<Client>();
  const hops = new Map<string, Promise<Login>>();

  const logInto = async (settings: SshSettings, depth: number): Promise<Login> => {
    if (settings.obstacle !== null) return { kind: "aside", why: settings.obstacle };
    const judge = hostKeyJudge(settings, files, options.acceptNew);
    if (judge.authority !== null) return { kind: "aside", why: `@cert-authority in ${judge.authority}` };
    const algorithms = algorithmsFor(settings.algorithms, judge);
    if (typeof algorithms === "string") return { kind: "aside", why: algorithms };
    const way = await wayTo(settings, depth);
    if (way.kind !== "way") return way;
    const { phaseSeconds } = options;
    const login = await logIn(way.socket, { settings, judge, algorithms, keys, phaseSeconds });
    if (login.kind === "in") {
      open.add(login.client);
      login.client.once("close", () => open.delete(login.client));
    }
    return login;
  };

  const wayTo = async ({ jump, host, port, family }: SshSettings, depth: number): Promise<Way> => {
    if (jump === null) return await overTcp({ host, port, family, seconds: options.connectSeconds });
    const name = jump.at(-1) ?? "";
    const hop = await hopTo(jump, depth + 1);
    if (hop.kind === "aside") return { kind: "aside", why: `${name}: ${hop.why}` };
    if (hop.kind !== "in") return { kind: hop.kind, reason: `${name}: ${hop.reason}` };
    return await overHop(hop.client, name, { host, port, seconds: options.phaseSeconds });
  };

  /** All hosts behind a hop share one connection to it: a bastion takes no more than MaxStartups at once. */
  const hopTo = (jump: readonly string[], depth: number): Promise<Login> => {
    const name = jump.join(",");
    const before = hops.get(name);
    if (before !== undefined) return before;
    const login = logIntoHop(jump, depth);
    hops.set(name, login);
    const forget = (): unknown => hops.delete(name);
    void login.then((hop) => (hop.kind === "in" ? hop.client.once("close", forget) : forget()), forget);
    return login;
  };

  const logIntoHop = async (jump: readonly string[], depth: number): Promise<Login> => {
    const words = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:[\]@]+))(?::(\d{1,5}))?\/?$/.exec(jump.at(-1) ?? "");
    const address = words?.[2] ?? words?.[3] ?? "";
    if (address === "" || address.startsWith("-") || depth > HOPS_MAX)
      return { kind: "unreachable", reason: depth > HOPS_MAX ? "jumps in a circle" : "no name of a host" };
    const rest = jump.slice(0, -1);
    const settings = await askSsh({
      address,
      port: words?.[4] === undefined ? null : Number(words[4]),
      user: words?.[1] ?? null,
      identityFile: null,
      proxy: rest.length === 0 ? null : { kind: "jump", hops: rest },
    });
    return await logInto(settings, depth);
  };

  return {
    connect: async (target) => {
      try {
        const login = await logInto(await askSsh(target), 0);
        if (login.kind !== "in") return login;
        return { kind: "connected", connection: connectionOf(login, options.phaseSeconds) };
      } catch (error) {
        return { kind: "unreachable", reason: (error as Error).message };
      }
    },
    close: async () => {
      await Promise.all([...open].map(endClient));
    },
  };
}

type Address = { host: string; port: number; seconds: number };

async function overTcp({ host, port, seconds, family }: Address & Pick<SshSettings, "family">): Promise<Way> {
  const socket = connectTcp({
    host,
    port,
    family: family === "any" ? 0 : family === "inet" ? 4 : 6,
    noDelay: true,
  });
  const timer = phase(seconds, () => socket.destroy(new Error(`no connection within ${seconds} s`)));
  try {
    await once(socket, "connect");
    return { kind: "way", socket };
  } catch (error) {
    socket.destroy();
    return { kind: "unreachable", reason: (error as Error).message };
  } finally {
    timer.end();
  }
}

function overHop(hop: Client, name: string, { host, port, seconds }: Address): Promise<Way> {
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve({ kind: "unreachable", reason: `${name}: ${why}` });
    const timer = phase(seconds, () => failed(`no connection to ${host} within ${seconds} s`));
    try {
      hop.forwardOut("127.0.0.1", 0, host, port, (error, socket) => {
        timer.end();
        if (error === undefined) resolve({ kind: "way", socket });
        else failed(error.message);
      });
    } catch (error) {
      timer.end();
      failed((error as Error).message);
    }
  });
}

function connectionOf({ client, newPins }: Extract<Login, { kind: "in" }>, seconds: number): Connection {
  return {
    via: "ssh2",
    why: null,
    newPins,
    start: async () => await startOn(client, seconds),
    close: async () => await endClient(client),
  };
}

/** Rejects where the host starts nothing; no terminal, no environment, no agent goes with it. */
function startOn(client: Client, seconds: number): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    const timer = phase(seconds, () => {
      reject(new Error(`no command was started within ${seconds} s`));
      client.destroy();
    });
    client.exec(REMOTE_COMMAND, (error, channel) => {
      timer.end();
      if (error !== undefined) return reject(error);
      let status: number | null = null;
      channel.on("exit", (code: number | null) => (status = code));
      channel.on("error", () => {}); // its end says it, too
      const ended = new Promise<number | null>((done) => channel.once("close", () => done(status)));
      resolve({ stdin: channel, stdout: channel, stderr: channel.stderr, ended });
    });
  });
}

const END_SECONDS = 3;

async function endClient(client: Client): Promise<void> {
  const closed = new Promise<void>((done) => client.once("close", () => done()));
  const timer = phase(END_SECONDS, () => client.destroy());
  client.end();
  await closed;
  timer.end();
}
