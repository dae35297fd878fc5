/** What `sallyport export cloud-init` prints, read by cloud-init itself and run as root of a host, as at first boot. */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { renderRule } from "../../sudoers/rules.ts";
import { inPlace, NOTHING_SET_UP } from "../attack/place.ts";
import {
  arrange,
  describeInLab,
  endOf,
  exec,
  ownHost,
  start,
  type Ended,
  type Host,
} from "../lab/host.ts";
import { builtDeb, DEB_NAME, run } from "./deb.ts";

const PROGRAM = resolve(import.meta.dirname, "../../dist/sallyport");
const HELPER = "/usr/libexec/sallyport/sallyport-helper";
const ADDRESS = `http://127.0.0.1:2521/${DEB_NAME}`;
/** Where systemd does not run, a package's maintainer scripts leave the host's own alone. */
const IMAGE = `${NOTHING_SET_UP}mount -t tmpfs none /run/systemd\n`;
const SEEN = `ls -lA /etc/sudoers.d /usr/bin/sallyport ${HELPER} /var/tmp 2>&1 || :`;

const exported = (...words: string[]): string =>
  run(PROGRAM, ["export", "cloud-init", "--user", "agent", ...words]);

/** Scripts/tools takes it out of its package, with its modules beside it. */
const cloudInit = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "cloud-init"))
  .find((file) => existsSync(file));
if (cloudInit === undefined && process.env["CI"] === "true") throw new Error("no cloud-init");

test.skipIf(cloudInit === undefined)("cloud-init accepts it", () => {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-cloud-init-"));
  try {
    const file = join(folder, "user-data");
    writeFileSync(file, exported("--package", ADDRESS, "--sha256", "0".repeat(64)));
    const modules = resolve(dirname(cloudInit ?? ""), "../lib/python3/dist-packages");
    const words = [cloudInit ?? "", "schema", "-c", file];
    const env = { PATH: "/usr/bin:/bin", PYTHONPATH: modules };
    const { status, stdout, stderr } = spawnSync("/usr/bin/python3", words, {
      env,
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Valid cloud-config: /),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The one command, as cloud-init runs it: at the end of the first boot, as root, with no terminal. */
async function firstBoot(host: Host, text: string): Promise<Ended> {
  expect(text).toMatch(/^#cloud-config\n/);
  const { runcmd } = parse(text) as { runcmd: string[][] };
  expect(runcmd).toHaveLength(1);
  return await exec(host, "root", runcmd[0] ?? [], { timeoutMs: 110_000 });
}

/** A web server with the package on it, and whoever may install it from there. */
async function withPackage(lines: string, visit: (place: Host) => Promise<void>): Promise<void> {
  await inPlace(ownHost(), IMAGE + lines, async (place) => {
    const words = "-u -m http.server 2521 --bind 127.0.0.1 --directory /opt/sallyport".split(" ");
    const server = start(place, "other", ["/usr/bin/python3", ...words]);
    const ended = endOf(server);
    const listens = new Promise((done) => server.stdout?.once("data", done));
    try {
      await Promise.race([listens, ended]);
      await visit(place);
    } finally {
      await arrange(place, "sh", "-c", "kill $(pgrep -u other -f 'http.server 2521')");
      await ended;
    }
  });
}

describeInLab("at first boot", () => {
  beforeAll(() => void builtDeb(), 300_000);
  const digest = (): string => createHash("sha256").update(readFileSync(builtDeb())).digest("hex");

  test(
    "another package than the one that was announced is not installed",
    { timeout: 120_000 },
    async () => {
      const text = exported("--package", ADDRESS, "--sha256", "0".repeat(64));
      await withPackage("", async (place) => {
        const before = await arrange(place, "sh", "-c", SEEN);
        const ended = await firstBoot(place, text);
        expect(ended.status).not.toBe(0);
        expect(ended.stderr).toMatch(/Hash Sum mismatch/);
        expect(await arrange(place, "sh", "-c", SEEN)).toBe(before);
      });
    },
  );

  test(
    "the package is installed, and the rule is there and works",
    { timeout: 240_000 },
    async () => {
      const text = exported("--package", ADDRESS, "--sha256", digest());
      await withPackage("", async (place) => {
        const ended = await firstBoot(place, text);
        expect(ended, ended.stderr).toMatchObject({ status: 0 });
        expect(ended.stdout).toMatch(/^installed and proven: agent \(uid 1001\) may run/m);
        const rule = renderRule(1001, HELPER);
        expect(await arrange(place, "cat", "/etc/sudoers.d/zz-sallyport-uid1001")).toBe(
          "text" in rule ? rule.text : "",
        );
        const asked = await exec(place, "agent", ["/usr/bin/sudo", "-n", HELPER, "version"]);
        expect(asked.stdout).toContain('"success":true');
        expect(await arrange(place, "ls", "-A", "/var/tmp")).not.toContain("sallyport");
        // The image of a second host that has the package, where the rule is overridden.
        const override = "echo 'agent ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzzz";
        await arrange(place, "sh", "-c", `rm /etc/sudoers.d/zz-sallyport-*; ${override}`);
        const refused = await firstBoot(place, exported());
        expect(refused).toMatchObject({ status: 1 });
        expect(refused.stderr).toMatch(/^sallyport: sudo refuses the helper to agent/);
        expect(await arrange(place, "ls", "-A", "/etc/sudoers.d")).not.toContain("sallyport");
      });
    },
  );
});
