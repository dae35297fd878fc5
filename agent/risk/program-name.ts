/** What a program is called, wherever it is and whichever version it has. */

/** Without its folder and version: `/usr/bin/python3.11` is python. */
export function programOf(path: string): string {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return /^(?:python|pypy|perl|lua|ruby|php|pip|node|tclsh|wish|guile)[\d.]+$/.test(base)
    ? base.replace(/[\d.]+$/, "")
    : base;
}
