/** The caller's end of a session, against streams that say what a helper would, or should never. */
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { openSession, type Session } from "../../agent/session.ts";
import { PLAIN_REPLY } from "./plain-reply.ts";

const STATUS = ["service", "status", "nginx"];

/** `said`: what the other end says to each line it reads, "END" for the end of its output. */
function otherEnd(hello: string, said: (line: string) => string) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked: string[] = [];
  input.on("data", (text: Buffer) => {
    asked.push(text.toString());
    const answer = said(text.toString());
    output.write(answer.replace("END", ""));
    if (answer.endsWith("END")) output.end();
  });
  output.write(hello);
  return { channel: { input, output }, asked };
}

const reply = (requestId: string): string => `${JSON.stringify({ ...PLAIN_REPLY, requestId })}\n`;
const said = (requestId: string, text: string): string =>
  `${JSON.stringify({ v: 1, requestId, stream: "stdout", text })}\n`;

async function opened(answer: string, hello = reply("s.0")): Promise<Session> {
  const session = await openSession(otherEnd(hello, () => answer).channel, 5);
  if (session === null || "reason" in session) throw new Error("no session");
  return session;
}

test.each([
  ["no JSON", "hello\n", "it is not one JSON object"],
  ["another object", "{}\n", expect.stringMatching(/^v: /)],
  ["a reply without a session's id", reply("s"), "it does not begin a session"],
  ["output before the first reply, then no first reply", `${said("s.0", "x")}{}\n`, /./],
  ["more than any reply", "x".repeat(5_000_000), "it is longer than any reply"],
])("%s does not begin a session", async (_name, hello, reason) => {
  const session = await openSession(otherEnd(hello, () => "").channel, 5);
  if (session === null || !("reason" in session)) throw new Error("a session");
  expect(session.reason).toEqual(reason instanceof RegExp ? expect.stringMatching(reason) : reason);
});

test("an end without a word, and silence, are told as nothing said", async () => {
  const { channel } = otherEnd("", () => "");
  channel.output.end();
  expect(await openSession(channel, 5)).toBeNull();
  expect(await openSession(otherEnd("", () => "").channel, 0.05)).toBeNull();
});

test.each([
  ["the reply to another request", reply("s.2"), "it is the reply to another request"],
  ["the reply of another session", reply("t.1"), "it is the reply to another request"],
  ["no JSON", "oops\n", "it is not one JSON object"],
  ["a key too many", `${JSON.stringify({ ...PLAIN_REPLY, requestId: "s.1", x: 1 })}\n`, /x/],
])("%s is a bad reply, and the session is over", async (_name, answer, reason) => {
  const session = await opened(answer);
  const given = await session.ask(STATUS, 5, undefined);
  expect(given).toEqual({
    kind: "bad_reply",
    reason: reason instanceof RegExp ? expect.stringMatching(reason) : reason,
  });
  expect(session.alive()).toBe(false);
});

test.each([
  ["the end of output", "END"],
  ["half a reply, then the end", `${reply("s.1").slice(0, 40)}END`],
  ["output of its program, then the end", `${said("s.1", "working")}END`],
])("%s leaves the outcome unknown, under the request's id", async (_name, answer) => {
  const session = await opened(answer);
  expect(await session.ask(STATUS, 5, undefined)).toEqual({
    kind: "unknown_outcome",
    requestId: "s.1",
  });
  expect(session.alive()).toBe(false);
});

test("silence leaves the outcome unknown, and a late reply is not taken for the next one's", async () => {
  const session = await opened("");
  expect(await session.ask(STATUS, 0.05, undefined)).toEqual({
    kind: "unknown_outcome",
    requestId: "s.1",
  });
  expect(session.alive()).toBe(false);
});

test("a session that says that it has ended has read nothing since", async () => {
  const session = await opened('{"v":1,"end":"s"}\nEND');
  expect(await session.ask(STATUS, 5, undefined)).toEqual({ kind: "unread" });
  expect(session.alive()).toBe(false);
});

test("replies that come unasked end the session", async () => {
  const { channel } = otherEnd(reply("s.0"), () => "");
  const session = await openSession(channel, 5);
  if (session === null || "reason" in session) throw new Error("no session");
  channel.output.write(reply("s.1"));
  await new Promise((seen) => setTimeout(seen, 20));
  expect(session.alive()).toBe(false);
});

test("requests are numbered, replies may come in pieces, and output is told in order", async () => {
  let number = 0;
  const { channel, asked } = otherEnd(reply("s.0"), () => {
    number += 1;
    return `${said(`s.${number}`, "a")}${said("s.9", "not mine")}${said(`s.${number}`, "b")}${reply(`s.${number}`)}`;
  });
  const session = await openSession(channel, 5);
  if (session === null || "reason" in session) throw new Error("no session");
  const told: string[] = [];
  for (const wanted of ["s.1", "s.2"]) {
    const given = await session.ask(STATUS, 5, ({ text }) => told.push(text));
    expect(given).toMatchObject({ kind: "reply", reply: { requestId: wanted } });
  }
  expect((await session.ask(STATUS, 5, undefined)).kind).toBe("reply");
  expect(told).toEqual(["a", "b", "a", "b"]);
  expect(asked).toEqual([
    '{"argv":["service","status","nginx"],"stream":true}\n',
    '{"argv":["service","status","nginx"],"stream":true}\n',
    '{"argv":["service","status","nginx"]}\n',
  ]);
});
