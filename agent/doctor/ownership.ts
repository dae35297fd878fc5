/** Whether a path can be changed by nobody but root. */
import { lstatSync } from "node:fs";
import { dirname } from "node:path";

/** What is wrong with an absolute path or with a directory above it (lowercase, no period), or null. */
export function ownershipFlaw(path: string): string | null {
  const above = dirname(path);
  const flawAbove = above === path ? null : ownershipFlaw(above);
  if (flawAbove !== null) return flawAbove;
  try {
    const { uid, mode } = lstatSync(path);
    const type = mode & 0o170000;
    if (type === 0o120000) return `${path} is a symbolic link`;
    if (uid !== 0) return `${path} belongs to uid ${uid}`;
    // An ACL that lets others write shows in the group's bits (acl(5)).
    if ((mode & 0o022) !== 0)
      return `${path} is writable by others (mode ${(mode & 0o7777).toString(8)})`;
    return null;
  } catch (error) {
    return `${path} cannot be examined (${(error as NodeJS.ErrnoException).code})`;
  }
}
