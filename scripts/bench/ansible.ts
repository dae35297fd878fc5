/** Ansible, for comparison: this machine's, on hosts that have Python's standard library only in part. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { BenchHost } from "./host.ts";

export const ANSIBLE = "/usr/bin/ansible-playbook";
const LIBRARY = [
  "/usr/bin/python3",
  "-c",
  "import os, sys; print(sys.version.split()[0], os.path.dirname(os.__file__))",
];

/** Whether there is one, after giving the host the rest of its own Python's library, bytecode included. */
export async function withAnsible(host: BenchHost): Promise<boolean> {
  const [python = "", ...words] = LIBRARY;
  const here = spawnSync(python, words, { encoding: "utf8" }).stdout?.trim() ?? "";
  const folder = here.split(" ").at(-1) ?? "";
  const found = spawnSync(ANSIBLE, ["--version"]).status === 0;
  if (!found || here !== (await host.root(LIBRARY)).trim()) {
    const why = found ? "another Python than the lab's" : `no ${ANSIBLE} (ansible-core)`;
    process.stderr.write(`bench: no comparison with Ansible: there is ${why}\n`);
    return false;
  }
  const pack = spawn("/usr/bin/tar", ["-C", folder, "-c", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const unpack = host.start("root", ["/usr/bin/tar", "-C", folder, "-x"]);
  if (unpack.stdin === null) throw new Error("no pipes");
  pack.stdout.pipe(unpack.stdin);
  const [status] = (await once(unpack, "close")) as [number | null];
  if (status !== 0) throw new Error(`tar: status ${status}`);
  return true;
}
