/**
 * `npm run sandbox-image [-- --load SOCKET]`: the image that sandboxes by docker and podman run, without a
 * registry: the pinned Node, and this machine's Debian python3, bash and coreutils. The same packages give the
 * same bytes, and so the same digest.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  cpSync,
  openSync,
  readSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { containerApi } from "../agent/sandbox/container-api.ts";
import { LAUNCHER_PROGRAM } from "../agent/sandbox/container-launcher.ts";
import { runtime, runtimeVersion } from "./runtime.ts";

/** Beside the minimal and the standard library of python3, whose packages have its version in their names. */
const PACKAGES =
  "bash coreutils dash diffutils findutils grep gzip libc-bin mawk mount sed tar util-linux".split(
    " ",
  );
/** Of each package: programs and python's own modules, no documentation. */
const WANTED = /^\/(usr\/)?(bin|lib\/python3[^/]*|lib\/locale\/C\.utf8)\//;
const UNWANTED = /__pycache__|\/(test|idlelib|tkinter|turtledemo|ensurepip|lib2to3)\//;
const USERS = "root:x:0:0:root:/root:/bin/sh\nsandbox:x:1001:1001::/tmp:/bin/sh\n";
const EMPTY = ["dev", "etc", "proc", "sandbox", "sys", "tmp", "workspace"];
const MERGED = ["bin", "sbin", "lib", "lib64"];

/** What docker calls the image: the hash of its configuration, which has the hash of its files. */
type SandboxImage = { digest: string; archive: string };

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
  if (status === 0) return stdout;
  throw new Error(`${program}: ${error?.message ?? stderr}`);
}

/** Installed packages with their versions. */
function packages(): Record<string, string> {
  const python = /(?<=\/)python3\.\d+$/.exec(realpathSync("/usr/bin/python3"))?.[0];
  if (python === undefined) throw new Error("/usr/bin/python3 is none of Debian's");
  const parts = [`${python}-minimal`, `lib${python}-minimal`, `lib${python}-stdlib`];
  const names = [...PACKAGES, "python3-minimal", ...parts].toSorted();
  const lines = run("/usr/bin/dpkg-query", "-W", "-f", "${Package} ${Version}\\n", ...names);
  return Object.fromEntries(
    lines
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
      .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1)),
  );
}

/** Puts `path` of this machine into `root`, at its place in a merged /usr, without special bits. */
function take(root: string, path: string): void {
  const place = join(root, path.startsWith("/usr/") ? path : `/usr${path}`);
  mkdirSync(dirname(place), { recursive: true });
  const { isSymbolicLink, mode } = stateOf(path);
  rmSync(place, { force: true });
  if (isSymbolicLink) return symlinkSync(readlinkSync(path), place);
  cpSync(path, place);
  chmodSync(place, (mode & 0o111) === 0 ? 0o644 : 0o755);
}

function stateOf(path: string): { isSymbolicLink: boolean; isFile: boolean; mode: number } {
  const found = lstatSync(path);
  return { isSymbolicLink: found.isSymbolicLink(), isFile: found.isFile(), mode: found.mode };
}

/** The libraries of `programs`, and of those the libraries, as the loader finds them here. */
function libraries(programs: readonly string[]): string[] {
  // Of what is linked to nothing, it says so by its exit status.
  const { stdout } = spawnSync("/usr/bin/ldd", programs, { encoding: "utf8", maxBuffer: 1 << 26 });
  const paths = stdout.split("\n").map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return [...new Set(paths)].filter((path) => path !== undefined).toSorted();
}

function isProgram(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const magic = Buffer.alloc(4);
    readSync(file, magic);
    return magic.toString("latin1") === "\x7fELF";
  } finally {
    closeSync(file);
  }
}

function fill(root: string, names: readonly string[]): void {
  for (const name of EMPTY) mkdirSync(join(root, name), { recursive: true });
  for (const name of MERGED) {
    mkdirSync(join(root, "usr", name), { recursive: true });
    symlinkSync(`usr/${name}`, join(root, name));
  }
  const listed = run("/usr/bin/dpkg-query", "-L", ...names).split("\n");
  const files = [...new Set(listed)]
    .filter((path) => WANTED.test(path) && !UNWANTED.test(path) && existsSync(path))
    .filter((path) => stateOf(path).isFile || stateOf(path).isSymbolicLink);
  for (const path of files.toSorted()) take(root, path);
  for (const path of libraries([runtime(), ...files.filter(isProgram)])) {
    take(root, path);
    // A library's name is a link to the one with its full version.
    if (stateOf(path).isSymbolicLink) take(root, realpathSync(path));
  }
  cpSync(runtime(), join(root, "usr/bin/node"));
  symlinkSync("mawk", join(root, "usr/bin/awk"));
  const launcher = join(root, LAUNCHER_PROGRAM);
  mkdirSync(dirname(launcher), { recursive: true });
  cpSync(realpathSync("/bin/bash"), launcher);
  // Nobody may read it, so that nobody else has a way into what it runs as: see container-launcher.ts.
  chmodSync(launcher, 0o711);
  writeFileSync(join(root, "etc/passwd"), USERS);
  writeFileSync(join(root, "etc/group"), "root:x:0:\nsandbox:x:1001:\n");
  chmodSync(join(root, "tmp"), 0o1777);
}

/** Sorted, and with no time, owner or place in it. */
function archive(folder: string, file: string, ...members: string[]): void {
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  run("/usr/bin/tar", ...same, "--format=gnu", "-c", "-f", file, "-C", folder, ...members);
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Writes the archive that docker load and podman load take. */
export function buildSandboxImage(file: string): SandboxImage {
  const versions = packages();
  const work = mkdtempSync(join(tmpdir(), "sallyport-image-"));
  try {
    const root = join(work, "root");
    mkdirSync(root);
    chmodSync(root, 0o755);
    fill(root, Object.keys(versions));
    const layer = join(work, "layer.tar");
    archive(root, layer, ".");
    const config = JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: {
        User: "1001:1001",
        WorkingDir: "/tmp",
        Labels: { "sallyport.node": runtimeVersion(), ...versions },
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(readFileSync(layer))}`] },
      history: [{ created: "1970-01-01T00:00:00Z", created_by: "sallyport" }],
    });
    const id = sha256(config);
    writeFileSync(join(work, `${id}.json`), config);
    const manifest = [{ Config: `${id}.json`, RepoTags: null, Layers: ["layer.tar"] }];
    writeFileSync(join(work, "manifest.json"), JSON.stringify(manifest));
    archive(work, file, "manifest.json", `${id}.json`, "layer.tar");
    return { digest: `sha256:${id}`, archive: file };
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { load: { type: "string" } } });
  const file = resolve(import.meta.dirname, "../dist/sandbox-image.tar");
  mkdirSync(dirname(file), { recursive: true });
  const image = buildSandboxImage(file);
  writeFileSync(file.replace(/\.tar$/, ".digest"), `${image.digest}\n`);
  if (values.load !== undefined) await containerApi(values.load).load(file);
  const megabytes = Math.round(lstatSync(file).size / 1e6);
  process.stdout.write(`${image.digest}\n`);
  process.stderr.write(`${file}: ${megabytes} MB\n`);
  if (values.load === undefined) process.stderr.write(`hint: docker load -i ${file}\n`);
}
