/** A staged folder as a .deb: dpkg-deb checks and archives it, and xz(1) compresses what it archived. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

/**
 * Both programs are built around the same runtime. A dictionary that reaches from one to the other
 * halves the package; dpkg-deb has no option for it. To unpack takes 160 MiB of memory.
 */
const XZ = ["-c", "-T1", "--check=crc64", "--lzma2=preset=0,dict=160MiB,nice=32"];

/** Writes `deb`; throws where dpkg-deb finds a fault in the folder. `seconds`: see stage.ts. */
export function buildDeb(folder: string, deb: string, seconds: number): void {
  const plain = `${deb}.plain`;
  run("dpkg-deb", ["-Znone", "--root-owner-group", "--build", folder, plain], seconds);
  const [version, control, data, ...rest] = members(readFileSync(plain));
  rmSync(plain);
  if (control?.name !== "control.tar" || data?.name !== "data.tar" || rest.length > 0)
    throw new Error("dpkg-deb has built something unexpected");
  const packed = [
    { name: "debian-binary", bytes: version?.bytes ?? Buffer.alloc(0) },
    { name: "control.tar.xz", bytes: run("xz", XZ, seconds, control.bytes) },
    { name: "data.tar.xz", bytes: run("xz", XZ, seconds, data.bytes) },
  ];
  writeFileSync(deb, archive(packed, seconds));
}

function run(program: string, argv: readonly string[], seconds: number, input?: Buffer): Buffer {
  const env = { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", SOURCE_DATE_EPOCH: String(seconds) };
  const { status, stdout, stderr, error } = spawnSync(`/usr/bin/${program}`, argv, {
    env,
    input: input ?? "",
    maxBuffer: 2 ** 30,
  });
  if (status === 0) return stdout;
  throw new Error(`${program}: ${error?.message ?? stderr.toString()}`);
}

type Member = { name: string; bytes: Buffer };
const MAGIC = "!<arch>\n";

/** The members of an ar(5) archive. */
function members(ar: Buffer): Member[] {
  const found: Member[] = [];
  for (let at = MAGIC.length; at + 60 <= ar.length;) {
    const header = ar.toString("latin1", at, at + 60);
    const size = Number(header.slice(48, 58));
    const name = header.slice(0, 16).trim().replace(/\/$/, "");
    found.push({ name, bytes: ar.subarray(at + 60, at + 60 + size) });
    at += 60 + size + (size % 2);
  }
  return found;
}

/** An ar(5) archive as dpkg-deb writes it (deb(5)). */
function archive(parts: readonly Member[], seconds: number): Buffer {
  const pieces = parts.flatMap(({ name, bytes }) => [
    Buffer.from(
      `${name.padEnd(16)}${String(seconds).padEnd(12)}0     0     100644  ${String(bytes.length).padEnd(10)}\`\n`,
    ),
    bytes,
    Buffer.from("\n".repeat(bytes.length % 2)),
  ]);
  return Buffer.concat([Buffer.from(MAGIC), ...pieces]);
}
