/** From a connection to somebody logged in: keys exchanged, the host's proved and judged, ours tried. */
import type { Duplex } from "node:stream";
import { Client, type Algorithms, type AuthHandlerMiddleware, type NextAuthHandler } from "ssh2";
import type { HostKeyJudge, KeyRefusal } from "./host-key-judge.ts";
import type { KeyFiles } from "./key-files.ts";
import { keyRing } from "./key-ring.ts";
import { phase } from "./phase.ts";
import { hasKerberosTicket, type SshSettings } from "./ssh-settings.ts";
import type { Connecting } from "./transport.ts";

export type Failed =
  | Exclude<Connecting, { kind: "connected" }>
  /** Only OpenSSH can do it. */
  | { kind: "aside"; why: string }
  /** Before it has shown a key, as sshd(8) does where MaxStartups others are at the door. */
  | { kind: "dropped"; reason: string };
export type Login = { kind: "in"; client: Client; newPins: readonly string[] } | Failed;

type How = {
  settings: SshSettings;
  judge: HostKeyJudge;
  algorithms: Algorithms;
  keys: KeyFiles;
  phaseSeconds: number;
};

const SILENT_SECONDS = 10;
const KEEPALIVE = { keepaliveInterval: 10_000, keepaliveCountMax: 3 };

export function logIn(socket: Duplex, how: How): Promise<Login> {
  const { settings, judge, algorithms, keys, phaseSeconds } = how;
  return new Promise((resolve) => {
    const client = new Client();
    let doing: "exchange of keys" | "login" = "exchange of keys";
    let [refusal, hostKey, newPins]: [KeyRefusal | null, Buffer | null, string[]] = [
      null,
      null,
      [],
    ];
    const fail = (failed: Failed): void => {
      timer.end();
      silence.end();
      resolve(failed);
      client.destroy();
      socket.destroy();
    };
    const late = (): void =>
      fail({ kind: "unreachable", reason: `no end of the ${doing} within ${phaseSeconds} s` });
    let timer = phase(phaseSeconds, late);
    // A host that stands still still accepts connections: its kernel does.
    const silence = phase(SILENT_SECONDS, () =>
      fail({ kind: "unreachable", reason: `not a word within ${SILENT_SECONDS} s` }),
    );
    socket.once("data", () => silence.end());

    const ring = keyRing(settings, {
      ...keys,
      load: async (file) => {
        timer.pause(); // somebody may have to type
        try {
          return await keys.load(file);
        } finally {
          timer.resume();
        }
      },
    });
    const authentication = authenticate(settings.user, ring.agent);

    client.on("handshake", () => {
      if (doing === "login" || hostKey === null) return; // keys are exchanged again from time to time
      const proven = judge.proven(hostKey);
      if (!Array.isArray(proven)) return fail(proven);
      newPins = proven;
      doing = "login";
      timer.end();
      timer = phase(phaseSeconds, late);
    });
    client.on("ready", () => {
      timer.end();
      resolve({ kind: "in", client, newPins });
    });
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level === "agent") return; // of one key; there may be others
      if (refusal !== null) return fail(refusal);
      if (/authentication/i.test(`${error.level} ${error.message}`) && doing === "login")
        return fail(unknownToIt(settings, ring, authentication.methods()));
      if (hostKey === null && !/no matching|timed out/i.test(error.message)) return fail(dropped());
      fail(/no matching host key/.test(error.message) ? noSuchKey(judge) : misfit(error));
    });
    client.on("close", () => fail(hostKey === null ? dropped() : hungUp(doing)));
    client.connect({
      sock: socket,
      username: settings.user,
      algorithms,
      authHandler: authentication.next,
      hostVerifier: (key: Buffer) => {
        hostKey ??= key;
        refusal = key.equals(hostKey)
          ? judge.judge(key)
          : { kind: "host-key-changed", reason: "its key changed while it was connected" };
        return refusal === null;
      },
      readyTimeout: 0,
      ...KEEPALIVE,
    });
  });
}

function authenticate(
  username: string,
  agent: ReturnType<typeof keyRing>["agent"],
): { next: AuthHandlerMiddleware; methods: () => readonly string[] } {
  let [asked, methods]: [number, readonly string[]] = [0, []];
  const next = (
    left: readonly string[] | null,
    _partial: boolean | null,
    go: NextAuthHandler,
  ): void => {
    methods = left ?? methods;
    asked += 1;
    if (asked === 1) return go({ type: "agent", username, agent });
    // With no key to show it has told nothing yet; and some let in whoever comes.
    if (asked === 2 && left === null) return go({ type: "none", username });
    go(false as never);
  };
  return { next, methods: () => methods };
}

function unknownToIt(
  { user, gssapi }: SshSettings,
  { unusable, onlyOpenSsh }: { unusable: string[]; onlyOpenSsh: string[] },
  methods: readonly string[],
): Failed {
  if (onlyOpenSsh[0] !== undefined) return { kind: "aside", why: onlyOpenSsh[0] };
  if (
    gssapi &&
    methods.includes("gssapi-with-mic") &&
    hasKerberosTicket(process.getuid?.() ?? 0, process.env)
  )
    return { kind: "aside", why: "a Kerberos ticket" };
  const words = [`permission denied for ${user} (${methods.join(",")})`, ...new Set(unusable)];
  return { kind: "auth-failed", reason: words.join("; ") };
}

function dropped(): Failed {
  return { kind: "dropped", reason: "it hangs up before it shows a key" };
}

function hungUp(doing: string): Failed {
  return { kind: "unreachable", reason: `it hung up during the ${doing}` };
}

function noSuchKey({ types, only }: HostKeyJudge): Failed {
  const reason = `it has no key of a type that is known of it (${[...types].join(", ")})`;
  return only
    ? { kind: "host-key-changed", reason }
    : { kind: "aside", why: "its types of host keys" };
}

function misfit({ message }: Error): Failed {
  const [, what] = /no matching (.*)$/.exec(message) ?? [];
  if (what !== undefined) return { kind: "aside", why: `ssh2 has no ${what} that the server has` };
  return { kind: "unreachable", reason: message };
}
