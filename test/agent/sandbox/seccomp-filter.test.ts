/** The filter, run as the kernel would run it, against the table and the rules it is made from. */
import { describe, expect, test } from "vitest";
import { dockerSeccomp } from "../../../agent/sandbox/docker-seccomp.ts";
import { seccompFilter } from "../../../agent/sandbox/seccomp-filter.ts";
import { RULES } from "../../../agent/sandbox/seccomp-rules.ts";
import { SYSCALLS, type Machine } from "../../../agent/sandbox/syscalls.ts";

const ARCH: Record<Machine, number> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 };
const [ALLOW, KILL, EPERM, ENOSYS] = [0x7fff_0000, 0x8000_0000, 0x0005_0001, 0x0005_0026];
type Call = { number: number; arch: number; words?: readonly bigint[] };

/** The part of classic BPF that a filter may use here; anything else is an error, as in the kernel. */
function verdict(filter: Buffer, { number, arch, words = [] }: Call): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(arch, 4);
  words.forEach((word, at) => data.writeBigUInt64LE(BigInt.asUintN(64, word), 16 + 8 * at));
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at += 1) {
    const [code, operand] = [filter.readUInt16LE(8 * at), filter.readUInt32LE(8 * at + 4)];
    const [ifTrue, ifFalse] = [filter[8 * at + 2] ?? 0, filter[8 * at + 3] ?? 0];
    if (code === 0x20) accumulator = data.readUInt32LE(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x05) at += operand;
    else if (code === 0x15) at += accumulator === operand ? ifTrue : ifFalse;
    else if (code === 0x25) at += accumulator > operand ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= operand ? ifTrue : ifFalse;
    else if (code === 0x06) return operand;
    else throw new Error(`instruction ${code} at ${at}`);
  }
  throw new Error("the program runs out of its end");
}

describe.each(["x86_64", "aarch64"] as const)("on %s", (machine) => {
  const filter = seccompFilter(machine);
  const call = (name: string, ...words: (number | bigint)[]): number => {
    const number = SYSCALLS.find((one) => one.name === name)?.number[machine];
    if (number == null) throw new Error(`${machine} has no ${name}`);
    return verdict(filter, { number, arch: ARCH[machine], words: words.map(BigInt) });
  };

  test("a program of another machine is killed", () => {
    for (const arch of [
      0x4000_0003,
      0x4000_0028,
      ARCH[machine === "x86_64" ? "aarch64" : "x86_64"],
    ])
      expect(verdict(filter, { number: 0, arch })).toBe(KILL);
  });

  test("a number that is not in the table is not implemented; x32 is killed", () => {
    const known = new Set(SYSCALLS.map((one) => one.number[machine]));
    for (let number = 0; number < 1024; number += 1) {
      if (!known.has(number)) expect(verdict(filter, { number, arch: ARCH[machine] })).toBe(ENOSYS);
    }
    const beyond = machine === "x86_64" ? KILL : ENOSYS;
    for (const number of [0x4000_0000, 0x4000_0027, -1])
      expect(verdict(filter, { number, arch: ARCH[machine] })).toBe(beyond);
  });

  test("each call of the table gets what the table says, whatever its arguments", () => {
    const expected = { allow: ALLOW, deny: EPERM, absent: ENOSYS };
    for (const { treatment, number } of SYSCALLS) {
      if (treatment === "judge" || number[machine] === null) continue;
      for (const word of [0n, 0xffff_ffff_ffff_ffffn]) {
        const words = Array<bigint>(6).fill(word);
        const seen = verdict(filter, { number: number[machine], arch: ARCH[machine], words });
        expect(seen).toBe(expected[treatment]);
      }
    }
  });

  const [UNIX, INET, INET6, NETLINK, PACKET, VSOCK, ALG] = [1, 2, 10, 16, 17, 40, 38];
  const JUDGED: [allowed: boolean, name: string, ...words: (number | bigint)[]][] = [
    [false, "clone", 0x1000_0000],
    [false, "clone", 0x2_0000 | 17],
    [false, "clone", 0x4000_0000],
    [true, "clone", 0x003d_0f00],
    [true, "clone", 17],
    [false, "socket", NETLINK, 3, 0],
    [false, "socket", PACKET, 3, 0],
    [false, "socket", VSOCK, 1, 0],
    [false, "socket", ALG, 5, 0],
    [false, "socket", INET, 3, 1],
    [false, "socket", INET, 1, 132],
    [false, "socket", INET, 1, 262],
    [false, "socket", INET6, 2, 58],
    [true, "socket", UNIX, 1 | 0x80800, 0],
    [true, "socket", INET, 1 | 0x80000, 6],
    [true, "socket", INET6, 2, 17],
    [false, "socketpair", INET],
    [true, "socketpair", UNIX, 5],
    [false, "ioctl", 0, 0x5412],
    [false, "ioctl", 0, 0xffff_ffff_0000_5412n],
    [false, "ioctl", 0, 0x541c],
    [true, "ioctl", 0, 0x5401],
    [true, "ioctl", 0, 0x5413],
    [true, "ioctl", 0, 0xffff_ffff],
    [false, "personality", 0x004_0000],
    [true, "personality", 0xffff_ffff],
    [false, "mmap", 0, 4096, 3, 0x21],
    [false, "mmap", 0, 4096, 3, 0x23],
    [true, "mmap", 0, 4096, 3, 0x22],
    [true, "mmap", 0, 4096, 3, 0x01],
    [false, "fchmod", 3, 0o4755],
    [false, "fchmod", 3, 0o2755],
    [true, "fchmod", 3, 0o1777],
    [false, "fchmodat", -100, 0, 0o4755],
    [false, "openat", -100, 0, 0o101, 0o4755],
    [false, "openat", -100, 0, 0o20_200_002, 0o2755],
    [true, "openat", -100, 0, 0o101, 0o644],
    [true, "openat", -100, 0, 0, 0o7777],
    [false, "mkdirat", -100, 0, 0o2755],
    [false, "mknodat", -100, 0, 0o104755],
  ];

  const docker = dockerSeccomp();
  /** As libseccomp understands it: the first rule whose tests all hold. */
  const dockerVerdict = (name: string, words: readonly bigint[]): number => {
    const rule = docker.syscalls.find(
      ({ names, args = [] }) =>
        names.includes(name) &&
        args.every(({ index, value, valueTwo }) => {
          return ((words[index] ?? 0n) & BigInt(value)) === BigInt(valueTwo);
        }),
    );
    if (rule === undefined) return docker.defaultErrnoRet;
    return rule.action === "SCMP_ACT_ALLOW" ? ALLOW : (rule.errnoRet ?? 0);
  };

  test("docker is told the same about each call", () => {
    const numbers: Record<string, number> = { allow: ALLOW, deny: 1, absent: 38 };
    for (const { name, treatment } of SYSCALLS) {
      if (treatment !== "judge") expect(dockerVerdict(name, [])).toBe(numbers[treatment]);
    }
    for (const [allowed, name, ...words] of JUDGED) {
      const given = words.map((word) => BigInt.asUintN(64, BigInt(word)));
      expect([name, dockerVerdict(name, given)]).toEqual([name, allowed ? ALLOW : 1]);
    }
  });

  test.each(JUDGED)("let through: %s, for %s(%s, %s, %s, %s)", (allowed, name, ...words) => {
    expect(call(name, ...words)).toBe(allowed ? ALLOW : EPERM);
  });
});

test("every judged call has a rule and every rule a call; no clause asks for an argument twice", () => {
  const judged = SYSCALLS.filter(({ treatment }) => treatment === "judge").map(({ name }) => name);
  expect(judged.toSorted()).toEqual(Object.keys(RULES).toSorted());
  for (const clause of Object.values(RULES).flat()) {
    expect(new Set(clause.map(({ argument }) => argument)).size).toBe(clause.length);
  }
});

test("no number stands twice", () => {
  for (const machine of ["x86_64", "aarch64"] as const) {
    const numbers = SYSCALLS.flatMap(({ number }) => number[machine] ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});
