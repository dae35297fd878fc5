/** SSH by OpenSSH's own program: what its configuration can do, it does. One master connection for each host. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  REMOTE_COMMAND,
  type Connecting,
  type Connection,
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
  const open = new Set<Connection>();
  let number = 0;
  return {
    connect: async (target) => {
      const control = join(folder, String((number += 1)));
      const argv = argumentsFor(target, control, acceptNew);
      const login = await run(["-f", "-N", "-o", "ControlMaster=yes", ...argv], LOGIN_SECONDS);
      if (login.status !== 0) return refusal(login);
      const connection = connectionTo(argv, pinsIn(login.stderr), () => open.delete(connection));
      open.add(connection);
      return { kind: "connected", connection };
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every word of a target is behind an option or `--`, and was checked when the inventory was read. */
function argumentsFor(
  { address, port, user, identityFile, proxy }: SshTarget,
  control: string,
  acceptNew: boolean,
): string[] {
  const options = [
    `ControlPath=${control}`,
    "ControlPersist=no",
    "BatchMode=yes",
    `ConnectTimeout=${CONNECT_SECONDS}`,
    "ConnectionAttempts=1",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    `StrictHostKeyChecking=${acceptNew ? "accept-new" : "yes"}`,
    "UpdateHostKeys=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "LogLevel=INFO",
    ...(port === null ? [] : [`Port=${port}`]),
    ...(user === null ? [] : [`User=${user}`]),
    ...(identityFile === null ? [] : [`IdentityFile=${identityFile}`, "IdentitiesOnly=yes"]),
    ...(proxy?.kind === "jump" ? [`ProxyJump=${proxy.hops.join(",")}`] : []),
    ...(proxy?.kind === "command" ? [`ProxyCommand=${proxy.command}`] : []),
  ];
  return ["-T", ...options.flatMap((option) => ["-o", option]), "--", address];
}

function connectionTo(
  argv: readonly string[],
  newPins: readonly string[],
  closed: () => void,
): Connection {
  return {
    via: "openssh",
    why: null,
    newPins,
    start: async () => {
      const child = startSsh(["-o", "ControlMaster=no", ...argv, REMOTE_COMMAND]);
      const { stdin, stdout, stderr } = child;
      if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
      const ended = once(child, "close").then(([status]) => status as number | null);
      return { stdin, stdout, stderr, ended };
    },
    close: async () => {
      closed();
      await run(["-O", "exit", ...argv], CONNECT_SECONDS);
    },
  };
}

type Ended = { status: number | null; stderr: string; late: boolean };

/** Its standard error may stay open in a master that goes on: what counts is that it has ended. */
async function run(argv: readonly string[], seconds: number): Promise<Ended> {
  const child = startSsh(argv, "ignore");
  let [stderr, late] = ["", false];
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < WORDS_MAX) stderr += text;
  });
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, seconds * 1000);
  const [status] = (await once(child, "exit")) as [number | null];
  clearTimeout(timer);
  child.stderr?.destroy();
  return { status, stderr, late };
}

function startSsh(argv: readonly string[], stdio: "ignore" | "pipe" = "pipe"): ChildProcess {
  // The caller's own environment: its agent is there, and no program of ours is found by it.
  const env = { ...process.env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" };
  return spawn(SSH, argv, { cwd: "/", env, stdio: [stdio, stdio, "pipe"] });
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
