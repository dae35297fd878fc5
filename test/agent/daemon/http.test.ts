import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { stage, strike, type Daemon } from "./stage.ts";

afterEach(strike);

/** [request, headers, status] on a daemon with its token `TOKEN`. */
const REFUSED: [string, string, Record<string, string>, number][] = [
  ["GET", "/", {}, 404],
  ["GET", "/mcp/../metrics", {}, 404],
  ["GET", "/metrics/", {}, 404],
  ["GET", "/METRICS", {}, 404],
  ["GET", "/..%2f..%2fetc/passwd", {}, 404],
  ["GET", "//metrics", {}, 404],
  ["GET", "http://127.0.0.1/metrics", {}, 404],
  ["PUT", "/mcp", {}, 405],
  ["POST", "/healthz", {}, 405],
  ["POST", "/metrics", {}, 405],
  ["GET", "/metrics", { Authorization: "" }, 401],
  ["GET", "/metrics", { Authorization: "Bearer" }, 401],
  ["GET", "/metrics", { Authorization: "Bearer x" }, 401],
  ["GET", "/metrics", { Authorization: "Bearer TOKENx" }, 401],
  ["GET", "/metrics", { Authorization: "Bearer token" }, 401],
  ["GET", "/metrics", { Authorization: "Basic TOKEN" }, 401],
  ["GET", "/metrics", { Authorization: "TOKEN" }, 401],
  ["GET", "/metrics?token=TOKEN", { Authorization: "" }, 401],
  ["GET", "/metrics", { Cookie: "token=TOKEN", Authorization: "" }, 401],
  ["POST", "/mcp", { Authorization: "" }, 401],
  ["POST", "/mcp", { Authorization: "Bearer x" }, 401],
];

test("what is not one of its three paths, or comes without the token, is refused", async () => {
  const daemon = await stage().start();
  for (const [method, path, headers, status] of REFUSED) {
    const given = Object.entries(headers).map(([name, value]) => [
      name,
      value.replace("TOKEN", daemon.token).replace("token", daemon.token.toLowerCase()),
    ]);
    const got = await daemon.get(path.replace("TOKEN", daemon.token), {
      method,
      headers: Object.fromEntries(given),
    });
    expect([method, path, headers, got.status]).toEqual([method, path, headers, status]);
    expect(got.text).not.toContain(daemon.token);
    if (status === 401) expect(got.headers["www-authenticate"]).toMatch(/^Bearer/);
  }
  expect((await daemon.get("/metrics")).status).toBe(200);
});

test("a token for metrics alone opens nothing else, and no other opens metrics", async () => {
  const on = stage();
  const metricsTokenFile = join(on.folder, "metrics-token");
  on.configure({ metricsTokenFile });
  const daemon = await on.start();
  const token = readFileSync(metricsTokenFile, "utf8").trim();
  expect(token).not.toBe(daemon.token);
  expect((await daemon.get("/mcp", { method: "POST", token })).status).toBe(401);
  expect((await daemon.get("/metrics")).status).toBe(401);
  expect((await daemon.get("/metrics", { token })).status).toBe(200);
});

const HOSTS: [Record<string, string>, number][] = [
  [{ Host: "evil.example" }, 403],
  [{ Host: "evil.example:PORT" }, 403],
  [{ Host: "127.0.0.1.evil.example" }, 403],
  [{ Host: "0.0.0.0:PORT" }, 403],
  [{ Origin: "http://evil.example" }, 403],
  [{ Origin: "null" }, 403],
  [{ Origin: "http://127.0.0.1.evil.example:PORT" }, 403],
  [{ Host: "127.0.0.1:PORT" }, 200],
  [{ Host: "localhost:PORT" }, 200],
];

test.each(["/healthz", "/metrics", "/mcp"])(
  "%s: a page whose name was bound to loopback gets nothing",
  async (path) => {
    const daemon = await stage().start();
    await daemon.healthy();
    for (const [headers, status] of HOSTS) {
      if (path === "/mcp" && status === 200) continue;
      const given = Object.entries(headers).map(([name, value]) => [
        name,
        value.replace("PORT", String(daemon.port)),
      ]);
      const method = path === "/mcp" ? "POST" : "GET";
      const got = await daemon.get(path, { method, headers: Object.fromEntries(given) });
      expect([headers, got.status]).toEqual([headers, status]);
    }
  },
);

/** A connection, and all that came back once it is over. */
function dial({ port }: Daemon): { socket: Socket; over: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  socket.on("error", () => {});
  return { socket, over: new Promise((found) => socket.once("close", () => found(text))) };
}

/** Sends `text` byte by byte, for as long as it is let. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const byte of text) {
    if (socket.destroyed || !socket.writable) return;
    socket.write(byte);
    await sleep(50);
  }
}

test("a client that sends its headers byte by byte is cut off", async () => {
  const daemon = await stage({ limits: { headersSeconds: 1 } }).start();
  const { socket, over } = dial(daemon);
  void drip(socket, `GET /healthz HTTP/1.1\r\nHost: ${daemon.at}\r\nX-Long: ${"x".repeat(10_000)}`);
  expect(await over).toMatch(/^HTTP\/1\.1 408 /);
});

test("a client that sends its body byte by byte is cut off", async () => {
  const daemon = await stage({ limits: { headersSeconds: 1, requestSeconds: 2 } }).start();
  const { socket, over } = dial(daemon);
  const head = [
    "POST /mcp HTTP/1.1",
    `Host: ${daemon.at}`,
    `Authorization: Bearer ${daemon.token}`,
    "Content-Type: application/json",
    "Accept: application/json, text/event-stream",
    "Content-Length: 10000",
  ].join("\r\n");
  socket.write(`${head}\r\n\r\n`);
  void drip(socket, " ".repeat(10_000));
  expect(await over).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

test("headers without end, or that are none, are cut off at once", async () => {
  const daemon = await stage().start();
  const long = dial(daemon);
  long.socket.write(`GET /healthz HTTP/1.1\r\nX: ${"x".repeat(20_000)}`);
  expect(await long.over).toMatch(/^HTTP\/1\.1 431 /);
  const wild = dial(daemon);
  wild.socket.write("\x16\x03\x01\x02\x00 not http\r\n\r\n");
  expect(await wild.over).toMatch(/^HTTP\/1\.1 400 /);
});

test("two lengths in one request are refused: nobody smuggles a second one in", async () => {
  const daemon = await stage().start();
  const { socket, over } = dial(daemon);
  const smuggled = "GET /metrics HTTP/1.1\r\n\r\n";
  socket.write(
    `POST /mcp HTTP/1.1\r\nHost: ${daemon.at}\r\nContent-Length: ${smuggled.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  );
  expect(await over).toMatch(/^HTTP\/1\.1 400 /);
});

test("more connections than it takes are closed, and the others are served", async () => {
  const daemon = await stage({ limits: { connections: 2 } }).start();
  const first = dial(daemon);
  const second = dial(daemon);
  await Promise.all([once(first.socket, "connect"), once(second.socket, "connect")]);
  await sleep(50); // until the daemon has taken them
  expect(await dial(daemon).over).toBe("");
  second.socket.write(`GET /nothing HTTP/1.1\r\nHost: ${daemon.at}\r\n\r\n`);
  expect(await second.over).toMatch(/^HTTP\/1\.1 404 /);
  first.socket.destroy();
});

const scrape = ({ at, token }: Daemon): string =>
  `GET /metrics HTTP/1.1\r\nHost: ${at}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

test("a client that never reads loses its connection, and its place goes to others", async () => {
  const patient = { headersSeconds: 600, requestSeconds: 600 };
  const daemon = await stage({ limits: { ...patient, connections: 2, unreadSeconds: 1 } }).start();
  let scraped = 0;
  const answered = async (): Promise<number> => {
    const { text } = await daemon.get("/metrics");
    const count = Number(/path="metrics",status="200"\} (\d+)/.exec(text)?.[1] ?? 0);
    return count - scraped++;
  };
  const { socket, over } = dial(daemon);
  socket.pause();
  await once(socket, "connect");
  // A few at a time, as long as they are answered: until the kernel holds no more for it.
  let sent = 0;
  for (let stalled = false; !stalled;) {
    socket.write(scrape(daemon).repeat(8));
    sent += 8;
    const patience = performance.now() + 4000;
    while ((await answered()) < sent && !stalled) {
      stalled = performance.now() > patience;
      await sleep(5);
    }
  }
  socket.resume();
  // Whole ones: the last chunk of each is empty. What the cut goes through has begun, too.
  const whole = (await over).match(/\r\n0\r\n\r\n/g)?.length ?? 0;
  expect(whole).toBeGreaterThan(0);
  expect(whole).toBeLessThan(sent);
  await Promise.all([daemon.get("/metrics"), daemon.get("/metrics")]);
});

test("requests that are sent ahead are answered one after the other", async () => {
  const daemon = await stage().start();
  const { socket, over } = dial(daemon);
  socket.write(scrape(daemon).repeat(10) + scrape(daemon).replace("/metrics", "/nothing"));
  const statuses = [...(await over).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
  expect(statuses).toEqual([...Array<string>(10).fill("200"), "404"]);
});

test("a flood of requests on one connection ends that connection, and no other", async () => {
  const daemon = await stage().start();
  const { socket, over } = dial(daemon);
  for (let count = 0; count < 100; count++) socket.write(scrape(daemon).repeat(100));
  await over;
  expect((await daemon.get("/metrics")).status).toBe(200);
  expect(daemon.child.exitCode).toBeNull();
});
