/** What a caller can do to its own process before it starts sudo, and what must come of it. */
import { expect } from "vitest";
import { CHILDS_DESCRIPTORS, seenBySpy, type Called, type Case } from "./caller.ts";

/**
 * works: the right answer, from a clean child; silent: the same without a place to answer to;
 * unsafe: refused; unborn: sudo, the loader or Node ends before the helper's first line.
 */
type Outcome = "works" | "silent" | "unsafe" | "unborn";
export type Attribute = {
  title: string;
  /** Put before sudo's words. */
  words: readonly string[];
  fields: Omit<Case, "run">;
  outcome: Outcome;
};

/** All that can be blocked or ignored; but SIGCHLD (17), without which sudo-rs waits for ever. */
const SIGNALS = Array.from({ length: 31 }, (_, at) => at + 1).filter(
  (n) => ![9, 17, 19].includes(n),
);

function limit(outcome: Outcome, ...limits: readonly string[]): Attribute[] {
  return limits.map((one) => ({
    title: `P07: a limit of ${one}`,
    words: ["/usr/bin/prlimit", `--${one}`],
    fields: {},
    outcome,
  }));
}

function process(title: string, fields: Omit<Case, "run">, outcome: Outcome = "works"): Attribute {
  return { title, words: [], fields, outcome };
}

export const ATTRIBUTES: readonly Attribute[] = [
  ...limit("unsafe", "fsize=0", "fsize=1000", "fsize=1000000", "cpu=60", "nofile=64"),
  ...limit("unsafe", "stack=131072", "stack=500000", "as=2000000000", "data=2000000000"),
  ...limit("unborn", "cpu=0", "nofile=3", "as=50000000", "as=300000000"),
  ...limit("works", "core=0", "core=unlimited", "nproc=0", "sigpending=0", "memlock=0", "locks=0"),
  ...limit("works", "msgqueue=0", "rss=0", "rtprio=0", "nofile=256"),
  ...["0", "2", "0,2"].map((fds) => process(`V16: descriptors ${fds} closed`, { close: fds })),
  ...["1", "0,1", "1,2", "0,1,2"].map((fds) =>
    process(`V16: descriptors ${fds} closed`, { close: fds }, "silent"),
  ),
  process("V16: 60 descriptors inherited", { open: "60" }),
  process("N07: a working directory that is gone", { gone: "1" }),
  process("V15: a umask of 0", { umask: "0" }),
  process("V15: a umask of 0777", { umask: "777" }),
  process("P07: every signal blocked", { block: SIGNALS.join() }),
  process("P07: every signal ignored", { ignore: SIGNALS.join() }),
  process("V07: a parent named `x ) R 1 2 (`", { name: "x ) R 1 2 (" }),
  {
    title: "P07: the lowest priority",
    words: ["/usr/bin/nice", "-n19"],
    fields: {},
    outcome: "works",
  },
];

export function expectOutcome(called: Called | undefined, { outcome, title }: Attribute): void {
  expect(called, title).toMatchObject({ late: false, obstacle: "" });
  switch (outcome) {
    case "works":
      expect(called?.status, `${title}: ${called?.stderr}`).toBe(0);
      return expectCleanChild(called, title);
    case "silent":
      expect(called, title).toMatchObject({ status: 0, stdout: "" });
      return;
    case "unsafe":
      expect(called?.reply, title).toMatchObject({ success: false, error: { code: "unsafe" } });
      expect(called?.status, title).toBe(71);
      return;
    case "unborn":
      // sudo-rs 0.2.5 exits with 0 where the kernel killed its command: no answer is never a success.
      expect(called?.stdout, title).toBe("");
      return;
    default:
      return outcome satisfies never;
  }
}

/** Nothing of the caller's has reached the child, but its priority. */
export function expectCleanChild(called: Called | undefined, title: string): void {
  expect(called?.reply, title).toMatchObject({ success: true, data: { unit: "nginx.service" } });
  const seen = seenBySpy(called?.reply ?? null);
  expect(seen, title).toMatchObject({
    cwd: ["/"],
    umask: ["022"],
    Uid: ["0\t0\t0\t0"],
    Gid: ["0\t0\t0\t0"],
    Groups: ["0"],
    NoNewPrivs: ["0"],
    SigBlk: ["0000000000000000"],
    session: ["own"],
    terminal: ["0"],
    fd: CHILDS_DESCRIPTORS.map((path): unknown => expect.stringMatching(path)),
  });
  // perl itself ignores SIGFPE (8).
  expect(BigInt(`0x${seen["SigIgn"]?.[0]}`) & ~0x80n, title).toBe(0n);
}
