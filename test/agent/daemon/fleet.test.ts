/** Requests about other hosts, as the daemon records them. */
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { stage, strike } from "./stage.ts";

afterEach(strike);

const RESTART = { on: "web*", action: "restart", name: "nginx" };

test("each is in the ledger, in the log and in the metrics; what was lost is of unknown outcome", async () => {
  const on = stage();
  const socket = join(on.folder, "operator.sock");
  on.configure({ fleet: { operatorSocket: socket } });
  const daemon = await on.start();
  const none = await callTool(daemon, "fleet_service", RESTART);
  expect(none.outcome).toMatchObject({ ok: false, code: "unavailable" });
  const server = createServer((peer) => peer.once("data", () => peer.destroy())).listen(socket);
  await once(server, "listening");
  const lost = await callTool(daemon, "fleet_service", RESTART);
  server.close();
  expect(lost.outcome).toMatchObject({ ok: false, code: "unknown_outcome" });
  expect(daemon.log("fleet")).toMatchObject([
    { level: "warn", code: "not_there", tool: "fleet_service" },
    { level: "error", code: "lost", argv: ["on", "web*", "service", "restart", "nginx"] },
  ]);
  const { text } = await daemon.get("/metrics");
  expect(text).toContain('sallyport_unknown_outcomes_total{found="running"} 1');
  expect(text).toContain('sallyport_tool_calls_total{tool="fleet_service",code="unavailable"} 1');
  await daemon.stop();
  const rows = on.rows().filter(({ tool }) => tool === "fleet_service");
  expect(rows).toMatchObject([
    { outcome: "known", code: "not_there" },
    { outcome: "unknown", code: "lost" },
  ]);
});

test("a reload takes the tools away and brings them back", async () => {
  const on = stage();
  const daemon = await on.start();
  const off = await callTool(daemon, "fleet_hosts", {});
  expect(off.outcome).toBeNull();
  on.configure({ fleet: { operatorSocket: join(on.folder, "none.sock") } });
  daemon.child.kill("SIGHUP");
  await expect
    .poll(async () => (await callTool(daemon, "fleet_hosts", {})).outcome?.code)
    .toBe("unavailable");
});
