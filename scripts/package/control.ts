/** What dpkg reads and the host does not keep: control, conffiles, md5sums and the maintainer scripts. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PackageFile } from "./layout.ts";

export const MAINTAINER = "Sallyport maintainers <maintainers@sallyport.example>";
const SCRIPTS = ["postinst", "prerm", "postrm"];

export function controlFiles(
  root: string,
  version: string,
  files: readonly PackageFile[],
): PackageFile[] {
  const ours = (name: string): string => join(root, "packaging/debian", name);
  const values: Record<string, string> = {
    "@VERSION@": version,
    "@MAINTAINER@": MAINTAINER,
    "@INSTALLED_SIZE@": String(installedKibibytes(files)),
  };
  const control = readFileSync(ours("control"), "utf8").replace(
    /@[A-Z_]+@/g,
    (name) => values[name] ?? name,
  );
  const sums = files.map((file) => `${md5(file)}  ${file.path}\n`).join("");
  const conffiles = files.filter(({ path }) => path.startsWith("etc/"));
  return [
    text("control", control),
    text("md5sums", sums),
    text("conffiles", conffiles.map(({ path }) => `/${path}\n`).join("")),
    ...SCRIPTS.map((name) => ({ path: name, mode: 0o755, from: ours(name) })),
  ];
}

const text = (path: string, content: string): PackageFile => ({
  path,
  mode: 0o644,
  from: Buffer.from(content),
});

/** As Debian Policy 5.6.20 has it: each file rounded up. Folders are left out, for they are shared. */
function installedKibibytes(files: readonly PackageFile[]): number {
  const size = ({ from }: PackageFile): number =>
    typeof from === "string" ? statSync(from).size : from.length;
  return files.reduce((sum, file) => sum + Math.ceil(size(file) / 1024), 0);
}

function md5({ from }: PackageFile): string {
  const bytes = typeof from === "string" ? readFileSync(from) : from;
  return createHash("md5").update(bytes).digest("hex");
}
