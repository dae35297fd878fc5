import { expect, test } from "vitest";
import { sessionPool } from "../../agent/session-pool.ts";
import type { Session, SessionAnswer } from "../../agent/session.ts";
import { PLAIN_REPLY } from "./plain-reply.ts";

const REPLY: SessionAnswer = { kind: "reply", reply: PLAIN_REPLY };
const WORDS = ["policy"];

/** A session that gives these answers, and after the last one is dead or not. */
function session(answers: SessionAnswer[], diesAfter = Number.POSITIVE_INFINITY) {
  const seen = { asked: 0, closed: false };
  const one: Session = {
    ask: async () => {
      seen.asked += 1;
      await new Promise((turn) => setImmediate(turn));
      return answers[seen.asked - 1] ?? REPLY;
    },
    alive: () => !seen.closed && seen.asked < diesAfter,
    close: async () => {
      seen.closed = true;
    },
  };
  return { one, seen };
}

test("why no session can be opened is the answer", async () => {
  const pool = sessionPool(2, async () => ({ kind: "no_new_privs" }));
  expect(await pool.ask(WORDS, 1, undefined)).toEqual({ kind: "no_new_privs" });
  expect(pool.deaths()).toBe(0);
});

test("what may have begun is never asked again", async () => {
  const dead = session([{ kind: "unknown_outcome", requestId: "s.1" }], 1);
  let opened = 0;
  const pool = sessionPool(1, async () => {
    opened += 1;
    return dead.one;
  });
  expect(await pool.ask(WORDS, 1, undefined)).toEqual({
    kind: "unknown_outcome",
    requestId: "s.1",
  });
  expect({ opened, asked: dead.seen.asked }).toEqual({ opened: 1, asked: 1 });
});

test("what was certainly not read is asked again, once", async () => {
  const all = [session([REPLY, { kind: "unread" }], 2), session([REPLY])];
  const pool = sessionPool(1, async () => all.shift()?.one ?? { kind: "sudo_missing" });
  expect(await pool.ask(WORDS, 1, undefined)).toEqual(REPLY);
  expect(await pool.ask(WORDS, 1, undefined)).toEqual(REPLY);
  expect(pool.deaths()).toBe(0);
  const never = sessionPool(1, async () => session([{ kind: "unread" }], 1).one);
  expect(await never.ask(WORDS, 1, undefined)).toMatchObject({ kind: "bad_reply" });
});

test("a session that died while idle is replaced, and counted", async () => {
  const first = session([REPLY]);
  const all = [first.one, session([REPLY]).one];
  const pool = sessionPool(1, async () => all.shift() ?? { kind: "sudo_missing" });
  await pool.ask(WORDS, 1, undefined);
  void first.one.close();
  expect(await pool.ask(WORDS, 1, undefined)).toEqual(REPLY);
  expect(pool.deaths()).toBe(1);
});

test("no more sessions than allowed are open at once, and nobody is forgotten", async () => {
  let open = 0;
  const pool = sessionPool(3, async () => {
    open += 1;
    return session([]).one;
  });
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => pool.ask(WORDS, 1, undefined)),
  );
  expect(answers).toEqual(Array.from({ length: 50 }, () => REPLY));
  expect(open).toBe(3);
});

test("after close a session ends with its request", async () => {
  const only = session([REPLY]);
  const pool = sessionPool(1, async () => only.one);
  const answer = pool.ask(WORDS, 1, undefined);
  void pool.close();
  expect(await answer).toEqual(REPLY);
  expect(only.seen.closed).toBe(true);
});
