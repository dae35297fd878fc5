/** SSH by OpenSSH's own program: what its configuration can do, it does. One master connection for each host. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unlessDropped } from "./retry.ts";
import { SSH, sshArguments } from "./ssh-arguments.ts";
import {
  REMOTE_COMMAND,
  scriptBlock,
  type Connecting,
  type Connection,
  type RemoteProcess,
  type Transport,
} from "./transport.ts";

/** Until a host has answered at all, and until it has let us in. */
const [CONNECT_SECONDS, LOGIN_SECONDS] = [3, 30];
const WORDS_MAX = 1 << 16;

type OpenSshOptions = {
  /** Pin the key of a host that was never seen; a key that has changed is refused all the same. */
  acceptNew: boolean;
};

export function openSshTransport({ acceptNew }: OpenSshOptions): Transport {
  let folder: string | null = null;
  const open = new Set<Connection>();
  let number = 0;
  return {
    connect: async (target) => {
      folder ??= newFolder(acceptNew);
      const [config, control] = [join(folder, CONFIG), join(folder, String((number += 1)))];
      const argv = ["-F", config, "-o", `ControlPath=${control}`, ...sshArguments(target)];
      const login = await unlessDropped(
        async () => await logIn(["-o", "ControlMaster=yes", ...argv, REMOTE_COMMAND]),
        ({ kind }) => kind === "dropped",
      );
      if (login.kind === "dropped") return { ...login, kind: "unreachable" };
      if (login.kind !== "in") return login;
      const { master, pins } = login;
      const close = async (): Promise<void> => {
        open.delete(connection);
        await end(master);
      };
      const connection: Connection = {
        via: "openssh",
        newPins: pins,
        start: async () => startOn(argv),
        isOpen: () => master.exitCode === null && master.signalCode === null,
        close,
      };
      open.add(connection);
      return { kind: "connected", connection };
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()));
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const CONFIG = "config";

/** Its path is part of the name of a socket, which may have 107 bytes. */
function newFolder(acceptNew: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-ssh-"));
  writeFileSync(join(folder, CONFIG), configText(acceptNew), { mode: 0o600 });
  return folder;
}

/**
 * What stands here counts before whatever the user's own files say, and for the hosts that are jumped through
 * as well: ssh(1) hands its `-F` on to them, but not its `-o`.
 */
function configText(acceptNew: boolean): string {
  return `BatchMode yes
ConnectTimeout ${CONNECT_SECONDS}
ConnectionAttempts 1
ServerAliveInterval 10
ServerAliveCountMax 3
StrictHostKeyChecking ${acceptNew ? "accept-new" : "yes"}
UpdateHostKeys no
ControlPersist no
ForwardAgent no
ForwardX11 no
ClearAllForwardings yes
PermitLocalCommand no
RemoteCommand none
SessionType default
StdinNull no
RequestTTY no
LogLevel INFO
Include ~/.ssh/config
Include /etc/ssh/ssh_config
`;
}

/** Says that it is in, and then waits for the end of its input: if this process dies, so does the connection. */
const MASTER = "echo sallyport is in\nexec cat >/dev/null\n";

type Login = { kind: "in"; master: ChildProcess; pins: string[] } | Refused;
type Refused =
  | Exclude<Connecting, { kind: "connected" }>
  /** Before it has shown a key. */
  | { kind: "dropped"; reason: string };

/** Starts the master connection of a host, and waits until somebody is logged in. */
async function logIn(argv: readonly string[]): Promise<Login> {
  const master = startSsh(argv);
  let [stdout, stderr, late] = ["", "", false];
  const heard = new Promise<"in">((resolve) => {
    master.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < WORDS_MAX) stdout += text;
      if (/^sallyport is in$/m.test(stdout)) resolve("in");
    });
  });
  master.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < WORDS_MAX) stderr += text;
  });
  const ended = once(master, "close").then(([status]) => status as number | null);
  const timer = setTimeout(() => {
    late = true;
    master.kill("SIGKILL");
  }, LOGIN_SECONDS * 1000);
  master.stdin?.on("error", () => {}); // it may end before it has read
  master.stdin?.write(scriptBlock(MASTER));
  const first = await Promise.race([heard, ended]);
  clearTimeout(timer);
  if (first === "in") return { kind: "in", master, pins: pinsIn(stderr) };
  return refusal({ status: first, stderr, late });
}

async function end(master: ChildProcess): Promise<void> {
  if (master.exitCode !== null || master.signalCode !== null) return;
  const ended = once(master, "exit");
  master.stdin?.end();
  const timer = setTimeout(() => master.kill("SIGKILL"), CONNECT_SECONDS * 1000);
  await ended;
  clearTimeout(timer);
}

function startOn(argv: readonly string[]): RemoteProcess {
  const child = startSsh(["-o", "ControlMaster=no", ...argv, REMOTE_COMMAND]);
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
  const ended = once(child, "close").then(([status]) => status as number | null);
  return { stdin, stdout, stderr, ended };
}

type Ended = { status: number | null; stderr: string; late: boolean };

function startSsh(argv: readonly string[]): ChildProcess {
  // The caller's own environment: its agent is there, and no program of ours is found by it.
  const env = { ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" };
  // In a session of its own: ^C is for us, and hosts under way are finished; and there is no terminal to ask on.
  return spawn(SSH, argv, { cwd: "/", env, stdio: "pipe", detached: true });
}

/** ssh(1) tells why in words only; with LC_ALL=C they are these. */
function refusal({ status, stderr, late }: Ended): Refused {
  const lines = stderr.split("\n").map((line) => line.trim());
  const reason = lines.findLast((line) => line !== "" && !/^[@\s]*$/.test(line)) ?? "";
  if (/HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY|host key .* revoked/i.test(stderr))
    return { kind: "host-key-changed", reason };
  if (/host key is known|Host key verification failed/i.test(stderr))
    return { kind: "host-key-unknown", reason };
  if (/Permission denied|Too many authentication failures|No more authentication/i.test(stderr))
    return { kind: "auth-failed", reason };
  if (/kex_exchange_identification/.test(stderr)) return { kind: "dropped", reason };
  if (late) return { kind: "unreachable", reason: `no login within ${LOGIN_SECONDS} s` };
  return { kind: "unreachable", reason: reason === "" ? `ssh ended with ${status}` : reason };
}

function pinsIn(stderr: string): string[] {
  return [...stderr.matchAll(/Permanently added '([^']+)' \(([\w-]+)\)/g)].map(
    ([, host = "", type = ""]) => `${host} (${type})`,
  );
}
