/** The operator's socket: real sockets, and an answer that a test decides. Refusals first. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { operatorAt } from "../../../agent/operator/call.ts";
import { operatorServer, type Answering } from "../../../agent/operator/serve.ts";
import { patternSchema, type OperatorReply } from "../../../agent/operator/wire.ts";

const HOSTS: OperatorReply = {
  v: 1,
  kind: "hosts",
  groups: [{ hosts: "web[1-2]", count: 2, groups: ["web"], offline: false }],
};
const asks = (more: object = {}): string =>
  `${JSON.stringify({ v: 1, ask: "hosts", on: "all", ...more })}\n`;
const restart = asks({ ask: "request", argv: ["service", "restart", "nginx"] });

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function serving(answer: Answering = async () => HOSTS) {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-operator-"));
  const path = join(folder, "operator.sock");
  const refused: string[] = [];
  const errors: unknown[] = [];
  const { server, stop } = operatorServer({
    answer,
    refused: (message) => refused.push(message),
    report: (error) => errors.push(error),
  });
  server.listen(path);
  await once(server, "listening");
  const end = async (): Promise<void> => {
    await stop();
    rmSync(folder, { recursive: true });
  };
  ends.push(end);
  return { path, refused, errors, stop };
}

/** All that is said on one connection after `text`; null where it was closed without a word. */
async function said(path: string, text: string | Buffer): Promise<OperatorReply[]> {
  const socket = connect(path);
  let heard = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (heard += chunk));
  socket.on("error", () => {});
  socket.write(text);
  const lines = text.toString().split("\n").length - 1;
  const enough = (): boolean => heard.split("\n").length - 1 >= Math.max(1, lines);
  await Promise.race([
    once(socket, "close"),
    (async () => {
      while (!enough()) await new Promise((later) => setTimeout(later, 5));
    })(),
  ]);
  socket.destroy();
  return heard
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as OperatorReply);
}

test.each<[string, string, RegExp]>([
  ["no JSON", "hello\n", /not one JSON object/],
  ["JSON that is no object", "7\n", /the object/],
  ["an empty line", "\n", /not one JSON object/],
  ["NUL and half a character", "\0\ud800\n", /not one JSON object/],
  ["an unknown question", asks({ ask: "shell" }), /ask/],
  ["an unknown key", asks({ user: "root" }), /unrecognized/],
  ["another version", asks({ v: 2 }), /v: /],
  ["a request for a session", asks({ ask: "request", argv: ["session"] }), /argv/],
  ["a request for the policy", asks({ ask: "request", argv: ["policy", ""] }), /argv/],
  ["an unknown action", asks({ ask: "request", argv: ["service", "frob", "x"] }), /no request/],
  ["a regular expression", asks({ on: "~(a+)+$" }), /on: /],
  ["a file of names", asks({ on: "@/etc/shadow" }), /on: /],
  ["many stars", asks({ on: "*a*a*a*a*a*a*" }), /on: /],
  ["a range without an end", asks({ on: "web[0-99999999]" }), /on: /],
  ["no pattern", asks({ on: "" }), /on: /],
])("%s is malformed, and nobody is asked", async (_, line, reason) => {
  let asked = 0;
  const { path, refused } = await serving(async () => {
    asked += 1;
    return HOSTS;
  });
  const [reply] = await said(path, line);
  expect(reply).toMatchObject({ kind: "refused", code: "malformed" });
  expect(refused[0]).toMatch(reason);
  expect(asked).toBe(0);
  // The connection is as good as before.
  expect(await said(path, asks())).toEqual([HOSTS]);
});

test("a line of 1 MiB is refused after its first 8 KiB, with or without its end", async () => {
  const { path } = await serving();
  for (const text of ["x".repeat(1 << 20), `${"x".repeat(1 << 20)}\n`]) {
    const replies = await said(path, text);
    expect(replies).toMatchObject([{ kind: "refused", code: "malformed" }]);
  }
  expect(await said(path, asks())).toEqual([HOSTS]);
});

test("more lines than may wait on one connection end it", async () => {
  const held = Promise.withResolvers<OperatorReply>();
  const { path, refused } = await serving(() => held.promise);
  await said(path, asks().repeat(20)).catch(() => []);
  expect(refused).toEqual(["too many requests wait on one connection"]);
  held.resolve(HOSTS);
});

test("of 1,000 connections at once a few are let in, and the next one afterwards is answered", async () => {
  const { path, errors } = await serving();
  const sockets: Socket[] = [];
  for (let count = 0; count < 1000; count += 1) {
    const socket = connect(path);
    socket.on("error", () => {});
    sockets.push(socket);
  }
  const open = (): number =>
    sockets.filter((socket) => !socket.destroyed && socket.readyState === "open").length;
  await expect.poll(open, { timeout: 30_000 }).toBeLessThanOrEqual(32);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => said(path, asks()), { timeout: 30_000 }).toEqual([HOSTS]);
  expect(errors).toEqual([]);
});

test("a change while another runs is told to come back, and eight reads at most are under way", async () => {
  const held = Promise.withResolvers<OperatorReply>();
  let under = 0;
  const { path } = await serving(async () => {
    under += 1;
    return await held.promise;
  });
  const first = said(path, restart);
  const reads = Array.from({ length: 8 }, () => said(path, asks()));
  await expect.poll(() => under).toBe(9);
  expect(await said(path, restart)).toMatchObject([{ code: "busy" }]);
  expect(await said(path, asks())).toMatchObject([{ code: "busy" }]);
  held.resolve(HOSTS);
  expect(await first).toEqual([HOSTS]);
  expect(await Promise.all(reads)).toHaveLength(8);
});

test("a bug is told to the operator, and to nobody else", async () => {
  const { path, errors } = await serving(async () => {
    throw new Error("cannot read /home/ops/.ssh/id_ed25519");
  });
  const [reply] = await said(path, asks());
  expect(reply).toEqual({
    v: 1,
    kind: "refused",
    code: "internal",
    message: "a bug in the operator's process",
  });
  expect(errors).toHaveLength(1);
});

test("who stops waiting begins no other host, and is answered for those under way", async () => {
  const begun = Promise.withResolvers<void>();
  const { path } = await serving(async (_, stopped) => {
    begun.resolve();
    while (!stopped()) await new Promise((later) => setTimeout(later, 5));
    return HOSTS;
  });
  const stop = new AbortController();
  const answer = operatorAt(path)(
    { v: 1, ask: "request", on: "all", argv: ["service", "restart", "nginx"] },
    stop.signal,
  );
  await begun.promise;
  stop.abort();
  expect(await answer).toEqual({ kind: "reply", reply: HOSTS });
});

test("a stop answers what is under way, and leaves no socket", async () => {
  const begun = Promise.withResolvers<void>();
  const { path, stop } = await serving(async (_, stopped) => {
    begun.resolve();
    while (!stopped()) await new Promise((later) => setTimeout(later, 5));
    return HOSTS;
  });
  const answer = said(path, restart);
  await begun.promise;
  await stop();
  expect(await answer).toEqual([HOSTS]);
  const words = { v: 1, ask: "hosts", on: "all" } as const;
  expect(await operatorAt(path)(words, new AbortController().signal)).toEqual({
    kind: "not_there",
  });
});

test.each(["all", "web[01-12]", "web*:!web03:&db", "a.example.org,b", "web[1-3,7]"])(
  "%s is a pattern",
  (pattern) => {
    expect(patternSchema.safeParse(pattern).success).toBe(true);
  },
);
