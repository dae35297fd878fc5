import { expect, test } from "vitest";
import { rateLimiter } from "../../../agent/mcp/rate-limit.ts";

const RATES = { read: { perSecond: 10, burst: 2 }, change: { perSecond: 1, burst: 1 } };

function limiterAt() {
  const clock = { now: 0 };
  return { clock, limiter: rateLimiter(RATES, () => clock.now) };
}

test("beyond the burst a caller is told when there will be a token", () => {
  const { limiter } = limiterAt();
  expect([1, 2, 3, 4].map(() => limiter.take("a", "read"))).toEqual([0, 0, 100, 100]);
});

test("who waits as long as told is served, and no sooner", () => {
  const { clock, limiter } = limiterAt();
  limiter.take("a", "change");
  const wait = limiter.take("a", "change");
  expect(wait).toBe(1000);
  clock.now += wait - 1;
  expect(limiter.take("a", "change")).toBe(1);
  clock.now += 1;
  expect(limiter.take("a", "change")).toBe(0);
});

test("tokens do not pile up over the burst", () => {
  const { clock, limiter } = limiterAt();
  clock.now = 1_000_000;
  expect([1, 2, 3].map(() => limiter.take("a", "read"))).toEqual([0, 0, 100]);
});

test("callers and kinds have buckets of their own", () => {
  const { limiter } = limiterAt();
  limiter.take("a", "change");
  expect(limiter.take("a", "read")).toBe(0);
  expect(limiter.take("b", "change")).toBe(0);
  expect(limiter.take("a", "change")).toBeGreaterThan(0);
});

test("many names do not wash away the bucket of who goes on calling", () => {
  const { limiter } = limiterAt();
  limiter.take("a", "change");
  for (let count = 0; count < 5000; count += 1) {
    limiter.take(`stranger ${count}`, "change");
    if (count % 1000 === 0) expect(limiter.take("a", "change")).toBeGreaterThan(0);
  }
});
