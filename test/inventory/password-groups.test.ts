/** Who is given which password: one for all hosts, or one for each group. */
import { expect, test } from "vitest";
import { bootstrap, type Plan } from "../../inventory/bootstrap.ts";
import type { HostEnd } from "../../inventory/host-end.ts";
import { fixedPace } from "../../inventory/forks.ts";
import { fakeHosts, type FakeHost } from "./fake-hosts.ts";

type Ran = {
  ends: HostEnd[];
  given: [host: string, password: string][];
  /** How many hosts of which group a password was asked for. */
  asked: [hosts: number, group: string | null][];
  buffers: Buffer[];
  phases: string[];
};

async function run(
  hosts: readonly FakeHost[],
  passwords: Record<string, string>,
  more: Partial<Plan> = {},
): Promise<Ran> {
  const { targets, transport, given } = fakeHosts(hosts);
  const [asked, buffers, phases]: [Ran["asked"], Buffer[], string[]] = [[], [], []];
  const ends = await bootstrap({
    action: "install",
    targets,
    transport,
    build: { sha256: "0".repeat(64), bytes: 1000, buildId: "b" },
    helperPath: "/usr/local/libexec/sallyport/sallyport-helper",
    helper: async () => Buffer.alloc(1000),
    user: null,
    serial: [{ kind: "share", percent: 100 }],
    pace: fixedPace(8),
    maxFail: 1,
    password: async (count, group) => {
      asked.push([count, group]);
      const password = passwords[group ?? "all"];
      if (password === undefined) return null;
      const bytes = Buffer.from(password);
      buffers.push(bytes);
      return bytes;
    },
    phase: (name, phase) => phases.push(`${name} ${phase}`),
    ended: () => {},
    stopped: () => false,
    ...more,
  });
  return { ends, given, asked, buffers, phases };
}

const states = ({ ends }: Ran): string[] => ends.map(({ name, state }) => `${name} ${state}`);
const inGroup = (group: string, count: number, password: string | null): FakeHost[] =>
  Array.from({ length: count }, (_, at) => ({ name: `${group}${at + 1}`, group, password }));

test("a refused password ends its own group only; no group is asked for twice, and each password is zeroed", async () => {
  const hosts = [...inGroup("db", 3, "d"), ...inGroup("web", 3, "w"), ...inGroup("free", 2, null)];
  const ran = await run(hosts, { db: "slip", web: "w" }, { maxFail: 1 });
  expect(states(ran)).toEqual([
    "db1 wrong-password",
    "db2 not-done",
    "db3 not-done",
    "web1 installed",
    "web2 installed",
    "web3 installed",
    "free1 installed",
    "free2 installed",
  ]);
  expect(ran.asked).toEqual([
    [3, "db"],
    [3, "web"],
    [2, "free"],
  ]);
  expect(ran.given).toEqual([
    ["db1", "slip"],
    ["web1", "w"],
    ["web2", "w"],
    ["web3", "w"],
  ]);
  expect(ran.buffers.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true, true]);
});

test("a group without a password stops where sudo asks; the others go on", async () => {
  const ran = await run([...inGroup("db", 2, "d"), ...inGroup("web", 1, "w")], { web: "w" });
  expect(states(ran)).toEqual(["db1 wrong-password", "db2 wrong-password", "web1 installed"]);
  expect(ran.given).toEqual([["web1", "w"]]);
});

test("eight at once: a wrong password is given to one of them", async () => {
  const hosts = inGroup("web", 8, "right");
  const ran = await run(hosts, { web: "wrong" });
  expect(ran.given).toEqual([[expect.any(String), "wrong"]]);
  const ended = states(ran).map((line) => line.split(" ")[1]);
  expect(ended.filter((state) => state === "wrong-password")).toHaveLength(1);
  expect(ended.filter((state) => state === "not-done")).toHaveLength(7);
});

test("the first hangs up with the password in its hands: the next is the first, and the others wait for it", async () => {
  const [first, ...others] = inGroup("web", 4, "right");
  if (first === undefined) throw new Error("no host");
  const ran = await run([{ ...first, hangsUp: true }, ...others], { web: "wrong" });
  expect(states(ran)[0]).toBe("web1 failed");
  expect(ran.given).toHaveLength(2);
});

test("hosts that hang up while they wait for the first keep nobody waiting", async () => {
  const hosts = inGroup("web", 5, "right").map((host, at) => ({ ...host, hangsUp: at < 3 }));
  const ran = await run(hosts, { web: "right" }, { maxFail: 9 });
  expect(states(ran).slice(3)).toEqual(["web4 installed", "web5 installed"]);
});

test("stopped before the question: nothing is asked, and no host is changed", async () => {
  let looked = false;
  const ran = await run(
    inGroup("web", 2, "w"),
    { web: "w" },
    { stopped: () => looked, phase: (_, phase) => (looked ||= phase === "waiting") },
  );
  expect(ran.asked).toEqual([]);
  expect(states(ran)).toEqual(["web1 not-done", "web2 not-done"]);
});

test("a host goes through its phases in order", async () => {
  const { phases } = await run([{ name: "a", password: "x" }], { all: "x" });
  expect(phases).toEqual(
    ["connecting", "looking", "waiting", "uploading", "changing"].map((phase) => `a ${phase}`),
  );
});
