/** The copyright file: our licence, and that of everything that is bundled into the programs. */
import type { Bundled, BundledPackages } from "./bundled.ts";

/** `licence`: the text of our own. */
export function copyrightText(
  licence: string,
  { packages, runtime, addon }: BundledPackages,
): string {
  return [
    "Sallyport, a gate between AI agents and root.",
    "",
    licence.trim(),
    "",
    "Both programs contain the Node.js runtime; /usr/bin/sallyport contains the npm",
    "packages that are named here after it, and pty.node is compiled from the last two.",
    "Each comes under its own licence.",
    ...packages.map(section),
    section({ ...runtime, name: "Node.js" }),
    ...addon.map(section),
    "",
  ].join("\n");
}

function section({ name, version, license, licenseText }: Bundled): string {
  const title = `${name} ${version} (${license})`;
  return `\n\n${title}\n${"=".repeat(title.length)}\n\n${licenseText}`;
}
