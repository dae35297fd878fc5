import { expect, test } from "vitest";
import { argvOf, parseRequest } from "../../agent/request.ts";
import { parse } from "../../helper/judge.ts";
import { NAME_MAX_BYTES } from "../../protocol/operation.ts";

const STEP = '{"argv":["/bin/sh","-c","id"],"cwd":"/srv"}';

const REFUSED: string[][] = [
  [],
  [""],
  ["service"],
  ["service", "status"],
  ["service", "status", ""],
  ["service", "status", "nginx", ""],
  ["service", "status", "nginx", "caddy"],
  ["service", "Status", "nginx"],
  ["service", "status ", "nginx"],
  ["service", "install", "nginx"],
  ["service", "__proto__", "nginx"],
  ["Service", "status", "nginx"],
  ["package", "install"],
  ["package", "remove", ""],
  ["package", "info"],
  ["package", "update", "htop"],
  ["package", "autoremove", "htop"],
  ["package", "status", "nginx"],
  ["package", "toString"],
  ["policy", ""],
  ["policy", "nginx"],
  ["version", "--json"],
  ["constructor"],
  ["session"],
  ["service", "status", "x".repeat(NAME_MAX_BYTES + 1)],
  ["grant"],
  ["grant", "approve", "service stop ssh"],
  ["grant", "approve", STEP],
  ["grant", "request"],
  ["grant", "request", "service stop ssh"],
  ["grant", "request", "", "why"],
  ["grant", "request", "service stop ssh", "why", "more"],
  ["grant", "request", `{"a":"${"x".repeat(16_384)}"}`, "why"],
  ["grant", "request", "service stop ssh", "x".repeat(1025)],
  ["grant", "check", ""],
  ["grant", "check", "0123456789abcdef0123456789abcdef"],
  ["grant", "use"],
  ["grant", "use", "service stop ssh"],
  ["grant", "use", ` ${STEP}`],
  ["grant", "use", STEP, ""],
  ["report"],
  ["report", ""],
  ["report", "two\nlines"],
  ["report", "uid 0 by\u202e"],
  ["report", "\ud800"],
  ["report", "x".repeat(513)],
  ["report", "two", "words"],
  ["service", "status", "é".repeat(NAME_MAX_BYTES / 2 + 1)],
];

const ACCEPTED: string[][] = [
  ["service", "status", "nginx"],
  ["service", "stop", "-H"],
  ["service", "restart", "nginx\n"],
  ["service", "logs", "__proto__"],
  ["service", "status", "x".repeat(NAME_MAX_BYTES)],
  ["service", "status", "é".repeat(NAME_MAX_BYTES / 2)],
  ["package", "install", "sudo-"],
  ["package", "upgrade", "htop"],
  ["package", "upgrade"],
  ["package", "update"],
  ["package", "autoclean"],
  ["policy"],
  ["version"],
  ["grant", "check"],
  ["grant", "request", "service stop ssh", ""],
  ["grant", "request", "grant check", "asked for, it is refused"],
  ["grant", "request", STEP, "é".repeat(512)],
  ["grant", "request", '{"__proto__":["x"]}', ""],
  ["grant", "use", STEP],
  ["report", "workflow abc step a attempt 1 cast 0123456789abcdef"],
  ["report", "x".repeat(512)],
];

test.each(REFUSED.map((words) => [words]))("%j is no request, to neither half", (words) => {
  expect(parseRequest(words)).toBeNull();
  expect(parse(words)).toBeNull();
});

test.each(ACCEPTED.map((words) => [words]))("%j is the same request to both halves", (words) => {
  const request = parseRequest(words);
  expect(request).not.toBeNull();
  expect(request).toEqual(parse(words));
  expect(request === null ? null : argvOf(request)).toEqual(words);
});

test("20,000 mutations of the words above mean the same to both halves", () => {
  const random = mulberry32(20260722);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const rows = [...REFUSED, ...ACCEPTED];
  const words = [...new Set(rows.flat())];
  const odd = ["\0", "\ud800", "\u202e", " ", "-", "%", "é", "\n"];
  let accepted = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const mutant = [...pick(rows)];
    const at = Math.floor(random() * (mutant.length + 1));
    const change = Math.floor(random() * 4);
    if (change === 0) mutant.splice(at, 1);
    else if (change === 1) mutant.splice(at, 0, pick(words));
    else if (change === 2) mutant[at] = pick(words);
    else mutant[at] = (mutant[at] ?? "") + pick(odd);
    expect([mutant, parseRequest(mutant)]).toEqual([mutant, parse(mutant)]);
    if (parse(mutant) !== null) accepted += 1;
  }
  expect(accepted).toBeGreaterThan(1000);
});

/** A seeded generator, so that a failure can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
