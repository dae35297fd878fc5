/** Where the hostile programs run: a lab host with things in it that they must not reach, as an ordinary user. */
import type { ChildProcess } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { arrangeScript, endOf, exec, start, type Ended, type Host } from "../../lab/host.ts";

export const CANARY = "CANARY-7f3a";

/** Listens where a host's own services do, until its standard input ends. */
const SERVICES = `import os, socket, sys
if os.path.exists("/run/docker.sock"): os.unlink("/run/docker.sock")
kept = []
for family, address in [(socket.AF_UNIX, "/run/docker.sock"), (socket.AF_UNIX, "\\0sallyport-canary"), (socket.AF_INET, ("127.0.0.1", 7199))]:
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(address)
    s.listen(64)
    kept.append(s)
os.chmod("/run/docker.sock", 0o666)
print("listening", flush=True)
sys.stdin.read()
`;

export type Place = { host: Host; backend: string; leave(): Promise<void> };

/** What the host lacks is put there: a node. */
export async function enter(host: Host, backend = "bubblewrap"): Promise<Place> {
  copyFileSync(process.execPath, `/proc/${host.pid}/root/usr/local/bin/node`);
  await arrangeScript(
    host,
    `install -d -m 700 -o agent -g agent /home/agent/.ssh
echo ${CANARY} >/home/agent/.ssh/id_canary
chown agent: /home/agent/.ssh/id_canary`,
  );
  const services = start(host, "root", ["python3", "-c", SERVICES]);
  const process1 = start(host, "agent", ["sh", "-c", "sleep 7101 >/dev/null 2>&1 & cat; kill $!"], {
    SECRET: CANARY,
  });
  await new Promise((listening) => services.stdout?.once("data", listening));
  return {
    host,
    backend,
    async leave() {
      await Promise.all([end(services), end(process1)]);
      await arrangeScript(host, "rm -rf /run/docker.sock /usr/local/bin/node /home/agent/.ssh");
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  await endOf(child);
}

/** What `sallyport exec --json` answers; see agent/cli/exec.ts. */
export type Answer = {
  success: boolean;
  exitCode: number | null;
  stdout: string;
  stderr: string;
  truncated: boolean;
  timedOut: boolean;
  data: {
    end: Record<string, unknown>;
    confinement: Record<string, unknown>;
    peak: { processes: number; memoryBytes: number } | null;
  };
  error: { code: string; message: string } | null;
};

export const SALLYPORT = "/opt/sallyport/sallyport";

export function execWords({ backend }: Place, language: string, ...options: string[]): string[] {
  const words = ["--json", "--backend", backend, "--language", language];
  return [SALLYPORT, "exec", ...words, ...options, "-"];
}

export async function runInSandbox(
  place: Place,
  language: string,
  code: string,
  ...options: string[]
): Promise<Answer> {
  const words = execWords(place, language, ...options);
  const { stdout, stderr } = await exec(place.host, "agent", words, {
    input: code,
  });
  if (!stdout.startsWith("{")) throw new Error(`${stdout}${stderr}`);
  return JSON.parse(stdout) as Answer;
}

const INTERPRETERS: Record<string, string> = {
  bash: "bash",
  python: "python3",
  node: "/usr/local/bin/node",
};

/** The same program as the same user, with nothing to confine it. */
export async function runOutside({ host }: Place, language: string): Promise<Ended> {
  const file = `/tmp/hostile-${language}`;
  writeFileSync(`/proc/${host.pid}/root${file}`, hostile(language));
  const tidy = `rm -f /tmp/s /tmp/link /tmp/allowed /tmp/new /tmp/sh ${file}`;
  const ended = await exec(host, "agent", [INTERPRETERS[language] ?? "", file]);
  await arrangeScript(host, tidy);
  return ended;
}

const ENDINGS: Record<string, string> = { bash: "sh", python: "py", node: "js" };

export function hostile(language: string): string {
  const file = `hostile.${ENDINGS[language]}`;
  return readFileSync(resolve(import.meta.dirname, file), "utf8");
}

/** Lines of `name`, tab, result. */
export function results(stdout: string): Map<string, string> {
  const pairs = stdout.split("\n").map((line) => line.split("\t"));
  return new Map(pairs.map(([name = "", result = ""]) => [name, result]));
}
