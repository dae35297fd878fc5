/** How many connections at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inForks } from "../../inventory/batches.ts";
import { firstForks, heardIn, nextForks, type Forks, type Heard } from "../../inventory/forks.ts";

const steady = (limit: number): Forks => ({ limit, ramping: false, stale: 0 });
const times = (count: number, heard: Heard): Heard[] => Array.from({ length: count }, () => heard);

test.each<[what: string, from: Forks, heard: Heard[], limit: number]>([
  ["one processor begins with 8", firstForks(1), [], 8],
  ["two as well", firstForks(2), [], 8],
  ["six begin with 24", firstForks(6), [], 24],
  ["sixty-four with 32", firstForks(64), [], 32],
  ["each quick answer is one more at first", firstForks(1), times(8, "quick"), 16],
  ["64 are the most", firstForks(1), times(500, "quick"), 64],
  ["slow answers change nothing", firstForks(1), times(50, "slow"), 8],
  ["hung up on: half", steady(40), ["dropped"], 20],
  ["this process is late: half", steady(40), ["lagging"], 20],
  ["no answer: a quarter fewer", steady(40), ["silent"], 30],
  ["what began before the cut is no news", steady(40), times(41, "dropped"), 20],
  ["what began after it is", steady(40), times(42, "dropped"), 10],
  ["4 are the fewest", steady(40), times(500, "dropped"), 4],
  [
    "after trouble four quick answers are one more",
    steady(8),
    ["dropped", ...times(8, "quick")],
    6,
  ],
])("%s", (_, from, heard, limit) => {
  expect(Math.floor(heard.reduce(nextForks, from).limit)).toBe(limit);
});

test("a tenth of the hosts are down: the pace stays well above the fewest", () => {
  let forks = firstForks(2);
  for (let at = 0; at < 500; at += 1) forks = nextForks(forks, at % 10 === 9 ? "silent" : "quick");
  expect(forks.limit).toBeGreaterThan(8);
});

test.each<[reason: string, milliseconds: number, heard: Heard]>([
  ["no connection within 3 s", 3000, "silent"],
  ["connect to host 10.0.0.1 port 22: Connection timed out", 3000, "silent"],
  ["it hangs up before it shows a key", 2900, "dropped"],
  ["kex_exchange_identification: read: Connection reset by peer", 30, "dropped"],
  ["kex_exchange_identification: Connection closed by remote host", 30, "dropped"],
  ["read ECONNRESET", 30, "dropped"],
  ["connect ECONNREFUSED 10.0.0.1:22", 3, "quick"],
  ["getaddrinfo ENOTFOUND web1", 3, "quick"],
  ["No route to host", 3060, "slow"],
])("a host that is unreachable, %s, is %s ms later: %s", (reason, milliseconds, heard) => {
  expect(heardIn({ kind: "unreachable", reason }, milliseconds)).toBe(heard);
});

test("the pace counts before each one begins; all are done, in order", async () => {
  let [limit, underWay, most] = [1, 0, 0];
  const begun: number[] = [];
  const left = await inForks([1, 2, 3, 4, 5, 6, 7, 8], { limit: () => limit }, async (item) => {
    begun.push(item);
    underWay += 1;
    expect(underWay).toBeLessThanOrEqual(limit);
    most = Math.max(most, underWay);
    await sleep(5);
    underWay -= 1;
    if (item === 2) limit = 3;
  });
  expect([left, begun, most]).toEqual([[], [1, 2, 3, 4, 5, 6, 7, 8], 3]);
});

test("what is not begun when it is stopped is given back, once the others have ended", async () => {
  const ended: number[] = [];
  let stopped = false;
  const left = await inForks(
    [1, 2, 3, 4],
    { limit: () => 2 },
    async (item) => {
      await sleep(item * 5);
      stopped = true;
      ended.push(item);
    },
    () => stopped,
  );
  expect([left, ended]).toEqual([
    [3, 4],
    [1, 2],
  ]);
});
