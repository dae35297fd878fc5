/** An agent whose MCP client says yes to everything, with the real helper and sudo: it gets what a person grants. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { beforeAll, expect, test } from "vitest";
import { told, type Told } from "../agent/mcp/stand-in.ts";
import { argvInHost, describeInLab, ownHost, records, setUp, type Host } from "../lab/host.ts";
import { approve, expectNotGranted, placed, SALLYPORT, stands } from "./grants.ts";

const MODES = [
  ["2025-11-25", { mode: "legacy" }],
  ["2026-07-28", { mode: { pin: "2026-07-28" } }],
] as const;

/** What the guarded wish comes to where the client's user does `shown` with each message, and accepts it. */
async function callAccepting(
  place: Host,
  versionNegotiation: (typeof MODES)[number][1],
  shown: (message: string) => Promise<void>,
): Promise<Told> {
  const [command = "", ...args] = argvInHost(place, "agent", [SALLYPORT, "mcp"]);
  const capabilities = { elicitation: { form: {} } };
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation, capabilities },
  );
  client.setRequestHandler("elicitation/create", async ({ params }) => {
    await shown(params.message);
    return { action: "accept", content: { granted: "yes" } };
  });
  await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
  try {
    const wish = { action: "autoremove", why: "it is harmless" };
    return told(await client.callTool({ name: "package_manage", arguments: wish }));
  } finally {
    await client.close();
  }
}

const idIn = (message: string): string =>
  /sallyport approve ([0-9a-f]{32})$/m.exec(message)?.[1] ?? "";

describeInLab("a client that accepts whatever it is asked", () => {
  beforeAll(async () => await setUp(ownHost()));

  test.each(MODES)("%s: without a person its acceptance grants nothing", async (_, mode) => {
    await placed(async (place) => {
      const messages: string[] = [];
      const result = await callAccepting(place, mode, async (message) => {
        await Promise.resolve(messages.push(message));
      });
      expect(result).toMatchObject({ ok: false, code: "grant_required" });
      expect(messages).toHaveLength(1);
      expect(messages[0]).toContain("package autoremove");
      expect(await stands(place, idIn(messages[0] ?? ""))).toBe("pending");
      await expectNotGranted(place);
      const begun = (await records(place)).filter(({ phase }) => phase === "begin");
      expect(begun.filter(({ argv }) => String(argv) === "package,autoremove")).toEqual([]);
    });
  });

  test.each(MODES)(
    "%s: what a person grants meanwhile is done in the same call, once",
    async (_, mode) => {
      await placed(async (place) => {
        const result = await callAccepting(place, mode, async (message) => {
          await approve(place, idIn(message));
        });
        expect(result).toMatchObject({ ok: true, code: null });
        await expectNotGranted(place);
        const used = (await records(place)).filter(({ decision }) => decision === "used");
        expect(used).toHaveLength(1);
      });
    },
  );
});
