// Decides whether anybody but root could change a file.
// If it were wrong, root would run or obey what the agent wrote.
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** Needs no look at ACLs: a writable entry shows in the group bits, as the mask (acl(5)). */
function flaw(path: string): string | null {
  const { uid, mode } = lstatSync(path);
  if (uid !== 0) return `${path} is not owned by root`;
  if ((mode & 0o022) !== 0) return `${path} can be written by others`;
  return path === "/" ? null : flaw(dirname(path));
}

/** Why others could change, replace or create what `path` names or links to, or null. */
export function distrust(path: string): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return distrust(dirname(path));
  try {
    return flaw(realpathSync(dirname(path))) ?? flaw(realpathSync(path));
  } catch {
    return `${path} leads nowhere`;
  }
}

/** The first such reason among `paths` and all that is below them. */
export function distrustAny(paths: readonly string[]): string | null {
  for (const path of paths) {
    const folder = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const below = folder ? readdirSync(path).map((name) => join(path, name)) : [];
    const found = distrust(path) ?? distrustAny(below);
    if (found !== null) return found;
  }
  return null;
}
