/** Whether a path can be changed by nobody but root. */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";

/** What is wrong with an absolute path or with a directory above it (lowercase, no period), or null. */
export function ownershipFlaw(path: string): string | null {
  const above = dirname(path);
  const flawAbove = above === path ? null : ownershipFlaw(above);
  if (flawAbove !== null) return flawAbove;
  try {
    const found = lstatSync(path);
    return found.isSymbolicLink() ? `${path} is a symbolic link` : flawOf(path, found);
  } catch (error) {
    return `${path} cannot be examined (${(error as NodeJS.ErrnoException).code})`;
  }
}

/** As the kernel: path_resolution(7). */
const LINKS_MAX = 40;

/** The same of a path whose links are followed: whoever owns one says where it leads. */
export function flawBehindLinks(path: string): string | null {
  const left = path.split("/");
  let [at, links] = ["/", 0];
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const file = part === ".." ? dirname(at) : join(at, part);
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) return `${path} leads nowhere: there is no ${file}`;
    const flaw = flawOf(file, found);
    if (flaw !== null) return flaw;
    if (!found.isSymbolicLink()) {
      at = file;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) return `${path} leads through more than ${LINKS_MAX} links`;
    const target = readlinkSync(file);
    if (target.startsWith("/")) at = "/";
    left.unshift(...target.split("/"));
  }
  return null;
}

function flawOf(path: string, { uid, mode }: Stats): string | null {
  if (uid !== 0) return `${path} belongs to uid ${uid}`;
  // An ACL that lets others write shows in the group's bits (acl(5)).
  if ((mode & 0o022) !== 0 && (mode & 0o170000) !== 0o120000)
    return `${path} is writable by others (mode ${(mode & 0o7777).toString(8)})`;
  return null;
}
