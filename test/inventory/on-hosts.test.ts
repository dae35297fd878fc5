/** `--on PATTERN` of what asks no helper for a thing: doctor and audit verify, real SSH, real sudo. */
import { expect, test } from "vitest";
import { arrangeScript, describeInLab, exec, ownHost, type Ended, type Host } from "../lab/host.ts";
import { asOperator, pin, withServers, type Server } from "./ssh-place.ts";

const INVENTORY = "/home/ops/inventory.yaml";
const PROGRAM = "/opt/sallyport/sallyport";

async function put(place: Host, servers: readonly Server[]): Promise<void> {
  const hosts = servers.map(({ port }, at) => `    web${at + 1}: { ansible_port: ${port} }\n`);
  const input = `all:\n  vars: { ansible_host: 127.0.0.1 }\n  hosts:\n${hosts.join("")}    dead: { ansible_port: 1 }\n`;
  await exec(place, "ops", ["sh", "-c", `cat >${INVENTORY}`], { input });
  const words = [PROGRAM, "bootstrap-cluster-sudo", "-i", INVENTORY, "--limit", "web1,web2"];
  const done = await exec(place, "ops", [...words, "--password-fd", "0"], {
    input: "lab-ops-password\n",
    timeoutMs: 100_000,
  });
  expect(done.stderr).toBe("");
}

async function on(place: Host, pattern: string, words: readonly string[]): Promise<Ended> {
  return await exec(place, "ops", [PROGRAM, ...words, "--on", pattern, "-i", INVENTORY]);
}

type Told = { success: boolean; data: { hosts: Record<string, unknown>[] } };

describeInLab("on many hosts", () => {
  test(
    "doctor examines each as who logs in, prints alike ones once, and says what does not hold",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2400, ["", "", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await put(place, servers);
          const good = await on(place, "web1,web2", ["doctor"]);
          expect(good.stdout).toMatch(/^web\[1-2\]:\n {2}ok +no_new_privs +not set/);
          expect(good.stdout).toMatch(
            /^ {2}ok +rule of uid 1000 +it runs the helper of this build/m,
          );
          expect(good.stdout).toMatch(/^ {2}ok +gate for uid 1000 +sudo refuses what is not/m);
          expect(good.stdout).toMatch(/^ {2}ok +helper owner +\/usr\/local\/libexec/m);
          expect(good.stdout).toMatch(/^ {2}ok +policy +in force: [0-9a-f]{16}…/m);
          expect(good.stdout).not.toMatch(/^ {2}fail/m);
          expect(good.status).toBe(0);

          const [one] = servers;
          if (one === undefined) throw new Error("no server");
          await arrangeScript(
            one.place,
            "chmod o+w /usr/local/libexec/sallyport; echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zzz; chmod 440 /etc/sudoers.d/zzz",
          );
          const bad = await on(place, "all", ["doctor", "--json"]);
          expect(bad.status).toBe(1);
          const { success, data } = JSON.parse(bad.stdout) as Told;
          expect(success).toBe(false);
          expect(data.hosts.map(({ name, code }) => [name, code])).toEqual([
            ["web1", "failed"],
            ["web2", null],
            ["web3", "failed"],
            ["dead", "unreachable"],
          ]);
          const findings = (data.hosts[0]?.["findings"] ?? []) as Record<string, string>[];
          const found = (check: string) => findings.find((finding) => finding["check"] === check);
          expect(found("helper owner")).toMatchObject({
            state: "fail",
            reason: "/usr/local/libexec/sallyport is writable by others (mode 757)",
          });
          expect(found("gate for uid 1000")).toMatchObject({ state: "warn" });
          expect(data.hosts[2]).toMatchObject({ message: "helper, rule of uid 1000" });
        });
      });
    },
  );

  test(
    "audit verify reads the logs of hosts that let the user read them, and finds the one that was changed",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2410, ["", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await put(place, servers);
          await on(place, "web1,web2", ["service", "status", "nginx"]);
          const verify = ["audit", "verify"];
          const closed = await on(place, "web1,web2", verify);
          expect(closed.stdout).toBe(
            "web[1-2]:\n  not_root: only root reads /var/log/sallyport/audit.jsonl: on that host, sudo chgrp adm /var/log/sallyport /var/log/sallyport/audit.jsonl lets the group adm read it\n",
          );
          expect(closed.status).toBe(1);

          for (const server of servers)
            await arrangeScript(
              server.place,
              "chgrp ops /var/log/sallyport /var/log/sallyport/audit.jsonl",
            );
          const intact = await on(place, "web1,web2", verify);
          expect(intact).toMatchObject({ status: 0, stdout: "web[1-2]:\n  chain intact\n" });
          const told = JSON.parse((await on(place, "web1", [...verify, "--json"])).stdout) as Told;
          expect(told.data.hosts).toMatchObject([
            { name: "web1", code: null, report: { intact: true, problemCount: 0 } },
          ]);
          // The helper goes on to write into it.
          const after = await on(place, "web1", ["service", "status", "nginx"]);
          expect(after.status).toBe(0);

          const [, two] = servers;
          if (two === undefined) throw new Error("no server");
          await arrangeScript(two.place, "sed -i '2s/status/stop/' /var/log/sallyport/audit.jsonl");
          const changed = await on(place, "all", verify);
          expect(changed.stdout).toMatch(/^web1:\n {2}chain intact\n/m);
          expect(changed.stdout).toMatch(
            /^web2:\n {2}\d+ records, chain NOT intact\n[\s\S]*line 2: its hash is not that of its bytes/m,
          );
          expect(changed.stdout).toMatch(/^dead:\n {2}unreachable: /m);
          expect(changed.status).toBe(1);
        });
      });
    },
  );
});
