/** The whole of a bootstrap on hosts with the five builds of sudo, but for SSH itself. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bootstrap, type HostEnd, type Plan } from "../../inventory/bootstrap.ts";
import { describeInLab, HELPER, sudoHosts, type Host } from "../lab/host.ts";
import { inPlace, OWN_DISKS } from "../attack/place.ts";
import { directTransport } from "./direct.ts";

const dist = resolve(import.meta.dirname, "../../dist");
const bytes = readFileSync(join(dist, "sallyport-helper"));
const { buildId } = JSON.parse(readFileSync(join(dist, "build.json"), "utf8")) as {
  buildId: string;
};
const build = { sha256: createHash("sha256").update(bytes).digest("hex"), buildId };
const PASSWORD = "lab-ops-password";
let packed: Buffer | null = null;

type Options = Partial<Omit<Plan, "password">> & { password?: string | null };

async function run(
  hosts: readonly Host[],
  { password = PASSWORD, ...rest }: Options = {},
): Promise<{ ends: HostEnd[]; asked: number }> {
  let asked = 0;
  const targets = hosts.map(({ name, address }) => {
    return {
      name,
      address,
      port: null,
      user: "ops",
      identityFile: null,
      proxy: null,
      offline: null,
    };
  });
  const ends = await bootstrap({
    action: "install",
    targets,
    transport: directTransport(new Map(hosts.map((host) => [host.name, host]))),
    build,
    helperPath: HELPER,
    helper: async () => (packed ??= gzipSync(bytes, { level: 1 })),
    user: null,
    serial: [
      { kind: "count", count: 1 },
      { kind: "share", percent: 100 },
    ],
    forks: 2,
    maxFail: 1,
    password: async () => {
      asked += 1;
      return password === null ? null : Buffer.from(password);
    },
    ended: () => {},
    stopped: () => false,
    ...rest,
  });
  return { ends, asked };
}

async function inPlaces(
  hosts: readonly Host[],
  visit: (places: Host[]) => Promise<void>,
  places: Host[] = [],
): Promise<void> {
  const [host, ...rest] = hosts;
  if (host === undefined) return await visit(places);
  await inPlace(host, OWN_DISKS, async (place) => await inPlaces(rest, visit, [...places, place]));
}

const brief = (ends: HostEnd[]) => ends.map(({ name, state, reason }) => [name, state, reason]);

describeInLab("a bootstrap", () => {
  test(
    "installs with every build of sudo; the second run asks for nothing and changes nothing",
    { timeout: 180_000 },
    async () => {
      await inPlaces(sudoHosts(), async (places) => {
        const first = await run(places);
        expect(brief(first.ends)).toEqual(places.map(({ name }) => [name, "installed", ""]));
        const second = await run(places);
        expect(brief(second.ends)).toEqual(places.map(({ name }) => [name, "already-current", ""]));
        expect(second.asked).toBe(0);
        const last = await run(places, { action: "uninstall" });
        expect(brief(last.ends)).toEqual(places.map(({ name }) => [name, "removed", ""]));
      });
    },
  );

  test(
    "a wrong password is given once, on one host, and no other host is begun",
    { timeout: 180_000 },
    async () => {
      await inPlaces(sudoHosts(), async (places) => {
        const { ends } = await run(places, { password: "wrong" });
        expect(ends.map(({ state }) => state)).toEqual([
          "wrong-password",
          "not-done",
          "not-done",
          "not-done",
          "not-done",
        ]);
      });
    },
  );
});
