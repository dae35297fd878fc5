/** What a container is created with: everything that confines it, in docker's own words. */
import { ENVIRONMENT, STACK_KIB } from "./bubblewrap.ts";
import { GIVEN, LAUNCH } from "./container-launcher.ts";
import type { Profile } from "./profile.ts";
import type { Workspace } from "./workspace.ts";

/** Nobody's on most hosts; the caller's where there is a workspace, for its files are the caller's. */
const SANDBOX_UID = 1001;

export type ContainerWish = {
  backend: "docker" | "podman";
  /** By digest: a name can be given to another image. */
  image: string;
  profile: Profile;
  workspace: Workspace | null;
  /** Folder of this host that holds what the launcher reads. */
  given: string;
  /** The filter itself, or for podman the file that has it. */
  seccomp: string;
  labels: Readonly<Record<string, string>>;
};

export type ContainerUser = { uid: number; gid: number };

export function userFor(workspace: Workspace | null): ContainerUser {
  if (workspace === null) return { uid: SANDBOX_UID, gid: SANDBOX_UID };
  return { uid: process.getuid?.() ?? SANDBOX_UID, gid: process.getgid?.() ?? SANDBOX_UID };
}

/** Process 1 is the launcher, which waits for every other process. */
function containerProcesses(profile: Profile): number {
  return profile.processes + 1;
}

const EMPTY = "ro,noexec,nosuid,nodev,mode=555,size=4096";
/**
 * Processes of the user, in all containers together; the control group is what counts them. Podman would give more
 * than it may itself, and then start nothing.
 */
const OF_USER = 4096;
/** Podman makes these writable, unless they are something. */
const PODMANS_OWN = { "/run": EMPTY, "/var/tmp": EMPTY };
const MIB = 1_048_576;
/** Docker's own list, and all of /sys but the control group: what hardware this is concerns nobody inside. */
const MASKED = [
  ...["acpi", "asound", "interrupts", "kcore", "keys", "key-users", "latency_stats"].map(inProc),
  ...["sched_debug", "scsi", "timer_list", "timer_stats"].map(inProc),
  ...["block", "bus", "class", "dev", "devices", "firmware", "hypervisor"].map(inSys),
  ...["kernel", "module", "power"].map(inSys),
];
const READ_ONLY = ["bus", "fs", "irq", "sys", "sysrq-trigger"].map(inProc);

export function containerSpec(wish: ContainerWish) {
  const { backend, image, profile, workspace, given, seccomp, labels } = wish;
  const { uid, gid } = userFor(workspace);
  const tmpBytes = profile.tmpMiB * MIB;
  const memoryBytes = profile.memoryMiB * MIB;
  return {
    Image: image,
    Entrypoint: LAUNCH,
    Cmd: [],
    User: `${uid}:${gid}`,
    Hostname: "sandbox",
    WorkingDir: "/",
    Env: Object.entries(ENVIRONMENT).map((pair) => pair.join("=")),
    Labels: labels,
    // Its standard input is what Sallyport's death is noticed by.
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    NetworkDisabled: true,
    StopSignal: "SIGKILL",
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      IpcMode: "private",
      CgroupnsMode: "private",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: [
        "no-new-privileges:true",
        `seccomp=${seccomp}`,
        // Podman takes no MaskedPaths by this API.
        ...(backend === "podman" ? [`mask=${MASKED.join(":")}`] : []),
      ],
      Memory: memoryBytes,
      // Together with swap: there is none.
      MemorySwap: memoryBytes,
      NanoCpus: Math.round(profile.cpus * 1e9),
      PidsLimit: containerProcesses(profile),
      Ulimits: [
        limit("core", 0),
        limit("nofile", profile.openFiles),
        limit("fsize", tmpBytes),
        limit("stack", STACK_KIB * 1024),
        limit("data", profile.processMiB * MIB),
        ...(backend === "podman" ? [limit("nproc", OF_USER)] : []),
      ],
      Tmpfs: {
        "/tmp": `rw,noexec,nosuid,nodev,mode=1777,size=${tmpBytes}`,
        ...(backend === "podman" ? PODMANS_OWN : {}),
      },
      ShmSize: Math.ceil(tmpBytes / 4),
      Mounts: [
        bind(given, GIVEN, true),
        ...(workspace === null
          ? []
          : [bind(workspace.folder, "/workspace", workspace.access === "read")]),
      ],
      MaskedPaths: MASKED,
      ReadonlyPaths: READ_ONLY,
      // Output is nobody's but the caller's, and would fill the host's disk.
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
    },
  };
}

function limit(Name: string, value: number): object {
  return { Name, Soft: value, Hard: value };
}

function bind(Source: string, Target: string, ReadOnly: boolean): object {
  const BindOptions = { Propagation: "rprivate", NonRecursive: true };
  return { Type: "bind", Source, Target, ReadOnly, BindOptions };
}

function inProc(name: string): string {
  return `/proc/${name}`;
}

function inSys(name: string): string {
  return `/sys/${name}`;
}
