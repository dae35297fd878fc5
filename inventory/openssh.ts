/** SSH by OpenSSH's own program: what its configuration can do, it does. One master connection for each host. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  REMOTE_COMMAND,
  scriptBlock,
  type Connecting,
  type Connection,
  type RemoteProcess,
  type SshTarget,
  type Transport,
} from "./transport.ts";

const SSH = "/usr/bin/ssh";
/** Until a host has answered at all, and until it has let us in. */
const [CONNECT_SECONDS, LOGIN_SECONDS] = [3, 30];
const WORDS_MAX = 1 << 16;

/** `acceptNew`: pin the key of a host that was never seen; a key that has changed is refused all the same. */
export function openSshTransport({ acceptNew }: { acceptNew: boolean }): Transport {
  // Its path is part of the name of a socket, which may have 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), "sallyport-ssh-"));
  const config = join(folder, "config");
  writeFileSync(config, configText(acceptNew), { mode: 0o600 });
  const open = new Set<Connection>();
  let number = 0;
  return {
    connect: async (target) => {
      const control = join(folder, String((number += 1)));
      const argv = ["-F", config, "-o", `ControlPath=${control}`, ...argumentsFor(target)];
      const login = await logIn(["-o", "ControlMaster=yes", ...argv, REMOTE_COMMAND]);
      if (login.kind !== "in") return login;
      const { master, pins } = login;
      const close = async (): Promise<void> => {
        open.delete(connection);
        await end(master);
      };
      const connection: Connection = {
        via: "openssh",
        why: null,
        newPins: pins,
        start: async () => startOn(argv),
        close,
      };
      open.add(connection);
      return { kind: "connected", connection };
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
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

/** Every word of a target is behind an option or `--`, and was checked when the inventory was read. */
function argumentsFor({ address, port, user, identityFile, proxy }: SshTarget): string[] {
  const options = [
    ...(port === null ? [] : [`Port=${port}`]),
    ...(user === null ? [] : [`User=${user}`]),
    ...(identityFile === null ? [] : [`IdentityFile=${identityFile}`, "IdentitiesOnly=yes"]),
    ...(proxy?.kind === "jump" ? [`ProxyJump=${proxy.hops.join(",")}`] : []),
    ...(proxy?.kind === "command" ? [`ProxyCommand=${proxy.command}`] : []),
  ];
  return ["-T", ...options.flatMap((option) => ["-o", option]), "--", address];
}

/** Says that it is in, and then waits for the end of its input: if this process dies, so does the connection. */
const MASTER = "echo sallyport is in\nexec cat >/dev/null\n";

type Login =
  | { kind: "in"; master: ChildProcess; pins: string[] }
  | Exclude<Connecting, { kind: "connected" }>;

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
function refusal({ status, stderr, late }: Ended): Exclude<Connecting, { kind: "connected" }> {
  const lines = stderr.split("\n").map((line) => line.trim());
  const reason = lines.findLast((line) => line !== "" && !/^[@\s]*$/.test(line)) ?? "";
  if (/HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY|host key .* revoked/i.test(stderr))
    return { kind: "host-key-changed", reason };
  if (/host key is known|Host key verification failed/i.test(stderr))
    return { kind: "host-key-unknown", reason };
  if (/Permission denied|Too many authentication failures|No more authentication/i.test(stderr))
    return { kind: "auth-failed", reason };
  if (late) return { kind: "unreachable", reason: `no login within ${LOGIN_SECONDS} s` };
  return { kind: "unreachable", reason: reason === "" ? `ssh ended with ${status}` : reason };
}

function pinsIn(stderr: string): string[] {
  return [...stderr.matchAll(/Permanently added '([^']+)' \(([\w-]+)\)/g)].map(
    ([, host = "", type = ""]) => `${host} (${type})`,
  );
}
