/** SSH in this process. Each host's key is judged by our own reading of known_hosts, whatever ssh_config(5) says. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { sshAsker } from "./ask-ssh.ts";
import { algorithmsFor } from "./ssh2-algorithms.ts";
import { hostKeyJudge } from "./host-key-judge.ts";
import { keyFiles, type AskPassphrase } from "./key-files.ts";
import { knownHostsFiles } from "./known-hosts-file.ts";
import { unlessDropped } from "./retry.ts";
import { logIn, type Failed, type Login } from "./ssh2-login.ts";
import type { SshSettings } from "./ssh-settings.ts";
import {
  REMOTE_COMMAND,
  type Connecting,
  type Connection,
  type RemoteProcess,
  type SshTarget,
} from "./transport.ts";
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
type Ssh2Connecting = Connecting | { kind: "aside"; why: string };
type Ssh2Transport = {
  connect(target: SshTarget): Promise<Ssh2Connecting>;
  close(): Promise<void>;
};

/** How long a host that is jumped through and could not be reached is not tried again. */
const HOP_PAUSE_MS = 10_000;

type Way = { kind: "way"; socket: Duplex } | Failed;

export function ssh2Transport(options: Ssh2Options): Ssh2Transport {
  const askSsh = sshAsker();
  const files = knownHostsFiles();
  const keys = keyFiles(options.askPassphrase);
  const open = new Set<Client>();
  const hops = new Map<string, Promise<Login>>();

  /** `through`: what is jumped through to it already, so that a circle ends. */
  const logInto = async (settings: SshSettings, through: readonly string[]): Promise<Login> => {
    if (settings.obstacle !== null) return { kind: "aside", why: settings.obstacle };
    const judge = hostKeyJudge(settings, files, options.acceptNew);
    if (judge.authority !== null)
      return { kind: "aside", why: `@cert-authority in ${judge.authority}` };
    const algorithms = algorithmsFor(settings.algorithms, judge);
    if (typeof algorithms === "string") return { kind: "aside", why: algorithms };
    const { phaseSeconds } = options;
    const attempt = async (): Promise<Login> => {
      const way = await wayTo(settings, through);
      if (way.kind !== "way") return way;
      return await logIn(way.socket, { settings, judge, algorithms, keys, phaseSeconds });
    };
    const login = await unlessDropped(attempt, ({ kind }) => kind === "dropped");
    if (login.kind === "in") {
      open.add(login.client);
      login.client.once("close", () => open.delete(login.client));
    }
    return login;
  };

  const wayTo = async (settings: SshSettings, through: readonly string[]): Promise<Way> => {
    const { jump, host, port, family } = settings;
    if (jump === null)
      return await overTcp({ host, port, family, seconds: options.connectSeconds });
    const name = jump.at(-1) ?? "";
    const hop = await hopTo(jump, through);
    if (hop.kind === "aside") return { kind: "aside", why: `${name}: ${hop.why}` };
    if (hop.kind !== "in") return { kind: hop.kind, reason: `${name}: ${hop.reason}` };
    return await overHop(hop.client, name, { host, port, seconds: options.phaseSeconds });
  };

  /** All hosts behind a hop share one connection to it: a bastion takes no more than MaxStartups at once. */
  const hopTo = async (jump: readonly string[], through: readonly string[]): Promise<Login> => {
    const name = jump.join(",");
    if (through.includes(name)) return { kind: "unreachable", reason: "jumps go in a circle" };
    const path = [...through, name];
    const key = path.join(" ");
    const before = hops.get(key);
    if (before !== undefined) return await before;
    const login = logIntoHop(jump, path);
    hops.set(key, login);
    const forget = (): unknown => hops.delete(key);
    void login.then((hop) => {
      if (hop.kind === "in") hop.client.once("close", forget);
      else setTimeout(forget, HOP_PAUSE_MS).unref();
    }, forget);
    return await login;
  };

  const logIntoHop = async (
    jump: readonly string[],
    through: readonly string[],
  ): Promise<Login> => {
    const [last, ...before] = jump.toReversed();
    const hop = hopIn(last ?? "");
    if (hop === null) return { kind: "unreachable", reason: "that is no host to jump through" };
    const proxy =
      before.length === 0 ? null : ({ kind: "jump", hops: before.toReversed() } as const);
    return await logInto(await askSsh({ ...hop, identityFile: null, proxy }), through);
  };

  return {
    connect: async (target) => {
      try {
        const login = await logInto(await askSsh(target), []);
        if (login.kind === "dropped") return { ...login, kind: "unreachable" };
        if (login.kind !== "in") return login;
        const { client, newPins } = login;
        const connection: Connection = {
          via: "ssh2",
          newPins,
          start: async () => await startOn(client, options.phaseSeconds),
          isOpen: () => open.has(client),
          close: async () => {
            if (open.has(client)) await endClient(client);
          },
        };
        return { kind: "connected", connection };
      } catch (error) {
        return { kind: "unreachable", reason: (error as Error).message };
      }
    },
    close: async () => {
      await Promise.all([...open].map(endClient));
    },
  };
}

const HOP = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:[\]@]+))(?::(\d{1,5}))?\/?$/;

/** One hop of ProxyJump: `[user@]host[:port]`, or the same as ssh:// */
function hopIn(word: string): Pick<SshTarget, "address" | "port" | "user"> | null {
  const [, user, bracketed, plain, port] = HOP.exec(word) ?? [];
  const address = bracketed ?? plain ?? "";
  if (address === "" || address.startsWith("-")) return null;
  return { address, port: port === undefined ? null : Number(port), user: user ?? null };
}

type Address = { host: string; port: number; seconds: number };

async function overTcp({
  host,
  port,
  seconds,
  family,
}: Address & Pick<SshSettings, "family">): Promise<Way> {
  const socket = connectTcp({
    host,
    port,
    family: family === "any" ? 0 : family === "inet" ? 4 : 6,
    noDelay: true,
  });
  const timer = phase(seconds, () =>
    socket.destroy(new Error(`no connection within ${seconds} s`)),
  );
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
    const failed = (why: string): void =>
      resolve({ kind: "unreachable", reason: `${name}: ${why}` });
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
