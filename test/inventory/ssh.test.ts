/** `sallyport bootstrap-cluster-sudo` as an operator runs it: the built program, real SSH, real sudo. */
import { expect, test } from "vitest";
import { arrange, describeInLab, exec, ownHost, type Ended, type Host } from "../lab/host.ts";
import { asOperator, pin, withServers, type Server } from "./ssh-place.ts";

const PASSWORD = "lab-ops-password\n";

async function put(place: Host, inventory: string): Promise<void> {
  await exec(place, "ops", ["sh", "-c", "cat >/home/ops/inventory.yaml"], { input: inventory });
}

async function bootstrap(place: Host, words: readonly string[], input = PASSWORD): Promise<Ended> {
  const program = [
    "/opt/sallyport/sallyport",
    "--bootstrap-cluster-sudo",
    "-i",
    "/home/ops/inventory.yaml",
  ];
  const descriptor = input === "" ? ["--no-input"] : ["--password-fd", "0"];
  return await exec(place, "ops", [...program, ...descriptor, ...words], {
    input,
    timeoutMs: 100_000,
  });
}

async function fleet(place: Host, words: readonly string[]): Promise<Ended> {
  const program = ["/opt/sallyport/sallyport", ...words, "-i", "/home/ops/inventory.yaml"];
  return await exec(place, "ops", program);
}

const inventoryOf = (servers: readonly Server[], more = ""): string =>
  `all:\n  vars: { ansible_host: 127.0.0.1 }\n  hosts:\n${servers
    .map(({ port }, at) => `    web${at + 1}: { ansible_port: ${port} }\n`)
    .join("")}${more}`;

/** The lines of the hosts, without what stands after their state. */
const states = ({ stdout }: Ended): string[] =>
  stdout
    .split("\n\n")[0]
    ?.split("\n")
    .map((line) => line.split(/\s+/).slice(0, 2).join(" "))
    .toSorted() ?? [];

describeInLab("a bootstrap over SSH", () => {
  test(
    "one password sets up three hosts; after that none is asked for, and requests work",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2310, ["", "", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await put(place, inventoryOf(servers));
          const first = await bootstrap(place, []);
          expect(first.stderr).toBe("");
          expect(states(first)).toEqual(["web1 installed", "web2 installed", "web3 installed"]);
          expect(first.stdout).toContain("3  installed: web[1-3]\n");
          expect(first.status).toBe(0);
          const second = await bootstrap(place, [], "");
          expect(states(second)).toEqual([
            "web1 already-current",
            "web2 already-current",
            "web3 already-current",
          ]);
          expect(second.status).toBe(0);
          const read = await fleet(place, ["service", "status", "nginx", "--on", "all"]);
          expect(read.stdout).toMatch(/^web\[1-3\]:\n {2}nginx\.service: \w+ \(\w+\)/);
          expect(read.status).toBe(0);
          const refused = await fleet(place, ["service", "stop", "ssh", "--on", "web1,web2"]);
          expect(refused.stdout).toContain("web1:\n  grant_required: a person must grant");
          expect(refused.stdout).toContain("web2:\n  not_done: ");
          expect(refused.status).not.toBe(0);
          const none = await fleet(place, ["package", "info", "curl", "--on", "db"]);
          expect(none).toMatchObject({ status: 64, stdout: "" });
          for (const server of servers)
            await arrange(server.place, "test", "-e", "/etc/sudoers.d/zz-sallyport-uid1000");
        });
      });
    },
  );

  test(
    "every host that is not set up has a stated reason, and the others are",
    { timeout: 150_000 },
    async () => {
      const noKeys = "mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops\n";
      await withServers(ownHost(), 2320, ["", noKeys, "", ""], async (servers) => {
        const [good, closed, changed, unknown] = servers;
        if (
          good === undefined ||
          closed === undefined ||
          changed === undefined ||
          unknown === undefined
        )
          throw new Error();
        const known = [pin(good), pin(closed), pin({ ...changed, hostKey: good.hostKey })];
        await asOperator(ownHost(), known, async (place) => {
          await put(
            place,
            inventoryOf(
              servers,
              "    dead: { ansible_port: 1 }\n    gr1080: { offline: being repaired }\n",
            ),
          );
          const ended = await bootstrap(place, []);
          expect(states(ended)).toEqual([
            "dead unreachable",
            "gr1080 offline",
            "web1 installed",
            "web2 auth-failed",
            "web3 host-key-changed",
            "web4 host-key-unknown",
          ]);
          expect(ended.status).toBe(69);
          const pinned = await bootstrap(place, ["--accept-new", "--limit", "web3:web4"]);
          expect(states(pinned)).toEqual(["web3 host-key-changed", "web4 installed"]);
          expect(pinned.stdout).toMatch(/new host keys: \[127\.0\.0\.1\]:2323 \(ED25519\)/);
        });
      });
    },
  );
});
