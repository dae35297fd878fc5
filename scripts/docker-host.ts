/** Debian's docker, in a lab host: real containers, of which nothing is left when it ends. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
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
const PROGRAMS = ["sbin/dockerd", "sbin/runc", "bin/containerd", "bin/containerd-shim-runc-v2"];

/** Beside the socket that hostile programs look for. */
const SOCKET = "/run/docker-of-tests.sock";
const PID_FILE = "/run/docker-of-tests.pid";
const SETTINGS = "/etc/sallyport/sandbox.yaml";

/**
 * In the host, with mounts of its own: control groups that can be written to, and memory for images, as there is no
 * overlay upon the host's own. `$1`: the control group of this lab's containers.
 */
const START = `for controller in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$controller"; done
mount -t tmpfs -o mode=711 none /var/lib/docker
exec dockerd -H unix://${SOCKET} --group agent --cgroup-parent "$1" --pidfile ${PID_FILE} --exec-root /run/docker-of-tests --bridge=none --iptables=false --ip-forward=false --ip-masq=false`;

/** Name of a control group, before the number of the host's process 1. */
const GROUP = "/sallyport-docker.";

export type Docker = {
  api: ContainerApi;
  image: string;
  /** In the host. */
  socket: string;
  settings: string;
  /** Of the daemon, in this machine's numbers. */
  pid(): number;
  /** Control groups of its containers. */
  groups(): string[];
  stop(): Promise<void>;
};

/** Loads the image and writes the host's settings. */
export async function startDocker(host: { pid: number }): Promise<Docker> {
  if (!PROGRAMS.every((name) => existsSync(`${TOOLS}/${name}`))) {
    throw new Error("docker is not here: scripts/tools");
  }
  const root = `/proc/${host.pid}/root`;
  for (const folder of ["/opt/docker", "/var/lib/docker", "/etc/sallyport"]) {
    mkdirSync(`${root}${folder}`, { recursive: true });
  }
  for (const name of PROGRAMS)
    cpSync(`${TOOLS}/${name}`, `${root}/opt/docker/${name.split("/")[1]}`);
  sweepGroups(GROUP);
  const group = `${GROUP}${host.pid}`;
  const namespaces = ["-t", String(host.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w"];
  const shell = [
    "unshare",
    "--mount",
    "--propagation",
    "slave",
    "/bin/sh",
    "-euc",
    START,
    "sh",
    group,
  ];
  const child = spawn("/usr/bin/nsenter", [...namespaces, ...shell], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/opt/docker:/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  let said = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (text: string) => (said = `${said}${text}`.slice(-4096)));
  const ended = once(child, "close");
  const socket = `${root}${SOCKET}`;
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (child.exitCode !== null || tries > 300) throw new Error(`dockerd did not start: ${said}`);
    await setTimeout(100);
  }
  const api = containerApi(socket);
  const archive = `${root}/opt/docker/image.tar`;
  const { digest } = buildSandboxImage(archive);
  await api.load(archive);
  rmSync(archive);
  writeFileSync(`${root}${SETTINGS}`, `image: ${digest}\nsockets: { docker: ${SOCKET} }\n`);
  return {
    api,
    image: digest,
    socket: SOCKET,
    settings: SETTINGS,
    pid: () => daemonIn(Number(child.pid)),
    groups: () => groupsBelow(group).filter((path) => !path.endsWith(group)),
    async stop() {
      api.close();
      const pid = readFileSync(`${root}${PID_FILE}`, "latin1").trim();
      spawnSync("/usr/bin/nsenter", ["-t", String(host.pid), "-m", "-p", "kill", pid]);
      await ended;
      for (const path of groupsBelow(group)) rmdirSync(path);
      const made = [
        "/opt/docker",
        "/opt/containerd",
        "/var/lib/docker",
        SETTINGS,
        SOCKET,
        "/run/docker-of-tests",
      ];
      for (const path of made) rmSync(`${root}${path}`, { recursive: true, force: true });
    },
  };
}

/** The first process below `pid` that is dockerd: nsenter and unshare wait above it. */
function daemonIn(pid: number): number {
  if (readFileSync(`/proc/${pid}/comm`, "latin1").trim() === "dockerd") return pid;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return daemonIn(Number(children.split(" ")[0]));
}
