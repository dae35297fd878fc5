/** What goes wrong under a serving agent, on a real host: each time a clear answer, and nothing is done twice. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { beforeAll, expect, test } from "vitest";
import { told, type Told } from "../agent/mcp/stand-in.ts";
import { inPlace, OWN_DISKS, withCurl2 } from "../attack/place.ts";
import {
  arrange,
  arrangeScript,
  argvInHost,
  describeInLab,
  HELPER,
  ownHost,
  records,
  setUp,
  type Host,
} from "./host.ts";

const RULE = "/etc/sudoers.d/zz-sallyport-uid1001";
const RESTART = { name: "service_control", arguments: { action: "restart", name: "nginx" } };
const STATUS = { name: "service_status", arguments: { name: "nginx" } };
const INSTALL = { name: "package_manage", arguments: { action: "install", name: "curl" } };

type Ask = (call: { name: string; arguments: Record<string, unknown> }) => Promise<Told>;

/** `sallyport mcp` as the agent, in a place of its own, with the SDK's client. */
async function serving(lines: string, visit: (place: Host, ask: Ask) => Promise<void>) {
  await inPlace(ownHost(), `${OWN_DISKS}${lines}`, async (place) => {
    const [command = "", ...args] = argvInHost(place, "agent", ["/opt/sallyport/sallyport", "mcp"]);
    const client = new Client({ name: "test", version: "1.0.0" });
    await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
    try {
      await visit(place, async (call) => told(await client.callTool(call)));
    } finally {
      await client.close();
    }
  });
}

/**
 * Lines for sh(1): kills every helper of this place, and of no other, and waits until the server has reaped the sudo
 * above each: what is asked before that has an unknown outcome, and rightly so.
 */
const KILL_HELPERS = `for pid in $(pgrep -f "^(/proc/self/exe|${HELPER}) "); do
  [ "$(readlink /proc/$pid/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ] || continue
  above=$(ps -o ppid= -p $pid)
  [ "$(ps -o comm= -p $above)" = sudo ] || above=$pid
  kill -KILL $pid
  while kill -0 $above 2>/dev/null; do sleep 0.01; done
done`;

describeInLab("under a serving agent", () => {
  beforeAll(async () => await setUp(ownHost()));

  test.concurrent("the sudoers rule is removed: what runs goes on, then the cause is named, and the rule mends it", async () => {
    await serving("", async (place, ask) => {
      expect(await ask(STATUS)).toMatchObject({ ok: true });
      await arrange(place, "mv", RULE, "/srv/rule");
      expect(await ask(STATUS), "its session was begun under the rule").toMatchObject({ ok: true });
      expect(await ask(RESTART), "a change needs a session of its own").toMatchObject({
        code: "rule_missing",
        requestId: null,
      });
      await arrangeScript(place, KILL_HELPERS);
      expect(await ask(STATUS)).toMatchObject({ code: "rule_missing" });
      await arrange(place, "mv", "/srv/rule", RULE);
      expect(await ask(RESTART)).toMatchObject({ ok: true });
    });
  });

  test.concurrent("the helper is killed between two calls: the next one has a new session", async () => {
    await serving("", async (place, ask) => {
      expect(await ask(RESTART)).toMatchObject({ ok: true });
      await arrangeScript(place, KILL_HELPERS);
      expect(await ask(RESTART)).toMatchObject({ ok: true });
      const phases = (await records(place)).map(({ phase }) => phase);
      expect(phases).toEqual(["begin", "end", "begin", "end"]);
    });
  });

  test.concurrent("the helper is killed in mid-transaction: its outcome is unknown, it is on record, and is not repeated", async () => {
    const slow = `${withCurl2(": >/var/begun; sleep 10")}apt-get -qq update\n`;
    await serving(slow, async (place, ask) => {
      const answer = ask(INSTALL);
      await arrangeScript(place, `while ! [ -e /var/begun ]; do sleep 0.1; done\n${KILL_HELPERS}`);
      const lost = await answer;
      expect(lost).toMatchObject({ ok: false, code: "unknown_outcome" });
      const query = { name: "audit_query", arguments: { requestId: lost.requestId } };
      expect(await ask(query)).toMatchObject({
        ok: true,
        data: {
          outcome: "running",
          records: [{ phase: "begin", request: "package install curl" }],
        },
      });
      const begun = (await records(place)).filter(({ phase }) => phase === "begin");
      expect(begun).toHaveLength(1);
    });
  });

  test.concurrent("the disk of the audit log is full: nothing is done, reads neither; with room it goes on", async () => {
    const small =
      "mkdir -p /var/log/sallyport\nmount -t tmpfs -o size=2m,mode=750 none /var/log/sallyport\n";
    await serving(small, async (place, ask) => {
      expect(await ask(STATUS)).toMatchObject({ ok: true });
      await arrangeScript(place, "head -c 1900000 /dev/zero >/var/log/sallyport/filler");
      for (const call of [INSTALL, STATUS]) {
        expect(await ask(call)).toMatchObject({ ok: false, code: "internal" });
      }
      await arrangeScript(place, "! dpkg -s curl >/dev/null 2>&1");
      await arrange(place, "rm", "/var/log/sallyport/filler");
      expect(await ask(STATUS)).toMatchObject({ ok: true });
      await arrange(place, "/opt/sallyport/sallyport", "audit", "verify");
    });
  });

  test.concurrent("the host is locked down while it serves: all is refused until the lock is gone", async () => {
    await serving("", async (place, ask) => {
      expect(await ask(STATUS)).toMatchObject({ ok: true });
      await arrangeScript(place, "mkdir -p /var/lib/sallyport; : >/var/lib/sallyport/lockdown");
      for (const call of [RESTART, STATUS])
        expect(await ask(call)).toMatchObject({ code: "locked_down" });
      await arrange(place, "rm", "/var/lib/sallyport/lockdown");
      expect(await ask(STATUS)).toMatchObject({ ok: true });
    });
  });
});
