/** pkexec and polkit, for comparison: put on the host from this machine's Debian mirror, where there is one. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchHost } from "./host.ts";

const PACKAGES = [
  "polkitd",
  "pkexec",
  "libpolkit-gobject-1-0",
  "libpolkit-agent-1-0",
  "libduktape207",
  "libglib2.0-0",
  "libexpat1",
];
/** polkitd is told of no xml-core, whose catalogue is for who writes its settings in XML. */
const CATALOGUE = "/usr/sbin/update-xmlcatalog";
const INSTALL = `cd /opt/polkit
ln -s /usr/bin/true ${CATALOGUE}
dpkg --install --force-depends *.deb
cat >/etc/polkit-1/rules.d/00-bench.rules <<'END'
polkit.addRule(function (action, subject) { if (subject.user === "agent") return polkit.Result.YES; });
END
systemctl restart polkit
setpriv --reuid=agent --regid=agent --init-groups pkexec /usr/bin/true`;

/** What takes it away again, or null where this machine cannot get it for the host. */
export async function withPolkit(host: BenchHost): Promise<(() => Promise<void>) | null> {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  try {
    const got = spawnSync("/usr/bin/apt-get", ["-qq", "download", ...PACKAGES], {
      cwd: folder,
      stdio: "ignore",
    });
    if (got.status !== 0) return absent("apt-get cannot download it");
    await host.root(["/usr/bin/mkdir", "-p", "/opt/polkit"]);
    const pack = spawn("/usr/bin/tar", ["-C", folder, "-c", "."], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const unpack = host.start("root", ["/usr/bin/tar", "-C", "/opt/polkit", "-x"]);
    if (unpack.stdin === null) throw new Error("no pipes");
    pack.stdout.pipe(unpack.stdin);
    await once(unpack, "close");
    await host.root(["/bin/sh", "-euc", INSTALL]);
  } catch (error) {
    return absent(error instanceof Error ? error.message : String(error));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return async () => {
    const purge = ["--purge", "--force-depends", ...PACKAGES];
    await host.root(["/usr/bin/dpkg", ...purge]);
    await host.root(["/usr/bin/rm", "-rf", "/opt/polkit", "/etc/polkit-1", CATALOGUE]);
  };
}

function absent(why: string): null {
  process.stderr.write(`bench: no comparison with polkit: ${why}\n`);
  return null;
}
