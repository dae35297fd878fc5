/** Debian's podman, in a lab host: real containers, of which nothing is left when it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { containerApi, type ContainerApi } from "../agent/sandbox/container-api.ts";
import { groupsBelow, sweepGroups } from "./control-groups.ts";
import { buildSandboxImage } from "./sandbox-image.ts";

const TOOLS = resolve(import.meta.dirname, "../node_modules/.cache/sallyport-tools/usr");
const PROGRAMS = ["bin/podman", "bin/conmon", "sbin/runc"];
/** Where the programs look for what the host has not: conmon is started without variables. */
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";
const SOCKET = "/run/podman-of-tests.sock";
const SETTINGS = "/etc/sallyport/sandbox.yaml";
/** Of user `agent`. */
const AGENT = 1001;

/** No journal, no systemd: what podman would ask of either is in files. */
const CONFIGURATION: Record<string, string> = {
  "containers.conf": `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
conmon_path = ["/opt/podman/conmon"]
[engine.runtimes]
runc = ["/opt/podman/runc"]
`,
  "policy.json": '{"default":[{"type":"insecureAcceptAnything"}]}',
  "storage.conf": `[storage]
driver = "overlay"
runroot = "/run/podman-of-tests"
graphroot = "/var/lib/containers"
`,
};

/**
 * In the host, with mounts of its own: control groups that can be written to, and memory for images, as there is no
 * overlay upon the host's own. `$1`: the control group that podman is in, and makes its containers' below.
 */
const START = `for controller in /sys/fs/cgroup/*/; do
	mount -o remount,bind,rw "$controller"
	mkdir -p "$controller$1"
	for file in cpuset.cpus cpuset.mems; do
		[ ! -e "$controller$file" ] || cat "$controller$file" >"$controller$1/$file"
	done
	echo $$ >"$controller$1/cgroup.procs"
done
mount -t tmpfs -o mode=711 none /var/lib/containers
exec podman system service --time=0 unix://${SOCKET}`;

/** Name of a control group, before the number of the host's process 1. */
const GROUP = "/sallyport-podman.";

export type Podman = {
  api: ContainerApi;
  image: string;
  /** Control groups of its containers. */
  groups(): string[];
  stop(): Promise<void>;
};

/** Loads the image and writes the host's settings. */
export async function startPodman(host: { pid: number }): Promise<Podman> {
  if (!PROGRAMS.every((name) => existsSync(`${TOOLS}/${name}`))) {
    throw new Error("podman is not here: scripts/tools");
  }
  const root = `/proc/${host.pid}/root`;
  for (const folder of [
    "/opt/podman",
    "/var/lib/containers",
    "/etc/containers",
    "/etc/sallyport",
  ]) {
    mkdirSync(`${root}${folder}`, { recursive: true });
  }
  for (const name of PROGRAMS)
    copyFileSync(`${TOOLS}/${name}`, `${root}/opt/podman/${name.split("/")[1]}`);
  for (const [name, text] of Object.entries(CONFIGURATION))
    writeFileSync(`${root}/etc/containers/${name}`, text);
  const libraries = readdirSync(`${TOOLS}/lib/podman`)
    .map((name) => [`${TOOLS}/lib/podman/${name}`, `${root}${LIBRARIES}/${name}`] as const)
    .filter(([, to]) => !existsSync(to));
  for (const [from, to] of libraries) copyFileSync(from, to);
  sweepGroups(GROUP);
  const group = `${GROUP}${host.pid}`;
  const namespaces = ["-t", String(host.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w"];
  const own = ["unshare", "--mount", "--propagation", "slave", "/bin/sh", "-euc", START];
  const child = spawn("/usr/bin/nsenter", [...namespaces, ...own, "sh", group], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/opt/podman:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" },
  });
  let said = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (said = `${said}${text}`.slice(-4096)));
  const ended = once(child, "close");
  const socket = `${root}${SOCKET}`;
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (child.exitCode !== null || tries > 300) throw new Error(`podman did not start: ${said}`);
    await setTimeout(100);
  }
  const api = containerApi(socket);
  const archive = `${root}/opt/podman/image.tar`;
  const { digest } = buildSandboxImage(archive);
  await api.load(archive);
  rmSync(archive);
  // For a user's own podman there would have to be ranges of user ids, and control groups that are given away.
  chownSync(socket, 0, AGENT);
  chmodSync(socket, 0o660);
  writeFileSync(
    `${root}${SETTINGS}`,
    `image: ${digest}\nsockets: { podman: ${SOCKET}, docker: /run/no.sock }\n`,
  );
  return {
    api,
    image: digest,
    groups: () =>
      groupsBelow(group).filter((path) => !path.endsWith(group) && !path.endsWith("libpod_parent")),
    async stop() {
      api.close();
      for (const pid of processesIn(group)) process.kill(pid, "SIGKILL");
      await ended;
      for (let tries = 0; tries < 50 && processesIn(group).length > 0; tries += 1)
        await setTimeout(100);
      for (const path of groupsBelow(group)) rmdirSync(path);
      const made = [
        "/opt/podman",
        "/var/lib/containers",
        "/etc/containers",
        SETTINGS,
        SOCKET,
        "/run/podman-of-tests",
        "/run/libpod",
      ].map((path) => `${root}${path}`);
      for (const path of [...made, ...libraries.map(([, to]) => to)])
        rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Podman, and what it has started. */
function processesIn(group: string): number[] {
  const lists = groupsBelow(group).map((path) => readFileSync(`${path}/cgroup.procs`, "latin1"));
  const pids = lists.flatMap((list) => list.split("\n")).map(Number);
  return [...new Set(pids)].filter((pid) => pid > 0);
}
