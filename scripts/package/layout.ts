/** What the package puts on a host: each file with its path, its mode and where it comes from. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { roleFiles } from "../../agent/ansible-role.ts";
import type { BundledPackages } from "./bundled.ts";
import { completions } from "./completions.ts";
import { copyrightText } from "./copyright.ts";
import { sbomText } from "./sbom.ts";

export type PackageFile = {
  /** Without a slash at the beginning. */
  path: string;
  mode: number;
  /** The path of a file to copy, or the bytes themselves. */
  from: string | Buffer;
};

const DOC = "usr/share/doc/sallyport";

/** By path. `changelog` is in Debian's format; `dist` holds both programs and the addon. */
export function installedFiles(
  root: string,
  dist: string,
  version: string,
  changelog: string,
  bundled: BundledPackages,
): PackageFile[] {
  const ours = (name: string): string => join(root, "packaging", name);
  const licence = readFileSync(join(root, "LICENSE"), "utf8");
  const shells = completions();
  return [
    program("usr/bin/sallyport", join(dist, "sallyport")),
    program("usr/libexec/sallyport/sallyport-helper", join(dist, "sallyport-helper")),
    // /usr/bin/sallyport looks for it here, and loads no other.
    file("usr/lib/sallyport/pty.node", join(dist, "pty.node")),
    ...globSync(ours("systemd/*")).map((unit) =>
      file(`usr/lib/systemd/system/${basename(unit)}`, unit),
    ),
    file("usr/lib/sysusers.d/sallyport.conf", ours("sysusers.conf")),
    file("usr/lib/tmpfiles.d/sallyport.conf", ours("tmpfiles.conf")),
    file("etc/sallyport/daemon.yaml", ours("daemon.yaml")),
    file("etc/sallyport/sandbox.yaml", ours("sandbox.yaml")),
    ...globSync(ours("prometheus/*.rules.yml")).map((rules) =>
      file(`${DOC}/prometheus/${basename(rules)}`, rules),
    ),
    file("usr/share/sallyport/ansible/site.yml", ours("ansible/site.yml")),
    ...Object.entries(roleFiles()).map(([name, content]) =>
      text(`usr/share/sallyport/ansible/roles/sallyport/${name}`, content),
    ),
    ...globSync(ours("man/*.[158]")).map((page) =>
      zipped(`usr/share/man/man${page.at(-1)}/${basename(page)}`, readFileSync(page, "utf8")),
    ),
    text("usr/share/bash-completion/completions/sallyport", shells.bash),
    text("usr/share/zsh/vendor-completions/_sallyport", shells.zsh),
    text("usr/share/fish/vendor_completions.d/sallyport.fish", shells.fish),
    text(`${DOC}/copyright`, copyrightText(licence, bundled)),
    zipped(`${DOC}/changelog`, changelog),
    text(`${DOC}/sbom.cdx.json`, sbomText(version, dist, bundled)),
    file("usr/share/lintian/overrides/sallyport", ours("debian/lintian-overrides")),
  ].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

const program = (path: string, from: string): PackageFile => ({ path, mode: 0o755, from });
const file = (path: string, from: string | Buffer): PackageFile => ({ path, mode: 0o644, from });
const text = (path: string, content: string): PackageFile => file(path, Buffer.from(content));
/** As gzip -9n does: no name and no time in it. */
const zipped = (path: string, content: string): PackageFile =>
  file(`${path}.gz`, gzipSync(content, { level: 9 }));
