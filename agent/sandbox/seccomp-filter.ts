/** The filter of system calls as classic BPF: what bubblewrap loads (`--seccomp`), struct sock_filter after another. */
import { RULES, type Clause } from "./seccomp-rules.ts";
import { SYSCALLS, type Machine, type Syscall } from "./syscalls.ts";

/** linux/audit.h. */
const AUDIT_ARCH: Record<Machine, number> = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 };
/** x86-64 only: numbers from here on are x32's, other names for the same calls. */
const X32_BIT = 0x4000_0000;

/** linux/seccomp.h, errno.h. */
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const EPERM = 0x0005_0001;
const ENOSYS = 0x0005_0026;

/** linux/bpf_common.h: load a word of seccomp_data, jumps, and, return. */
const [LOAD, AND, JUMP, IF_EQUAL, IF_GREATER, IF_AT_LEAST, RETURN] = [
  0x20, 0x54, 0x05, 0x15, 0x25, 0x35, 0x06,
];
/** struct seccomp_data; both machines are little-endian, so the low half of an argument comes first. */
const [NUMBER_AT, ARCH_AT, ARGUMENTS_AT] = [0, 4, 16];
/** A conditional jump reaches no further. */
const SHORT_JUMP_MAX = 255;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

/** The bytes for one machine. A program of another one, and x32 calls, are killed; what is not known is ENOSYS. */
export function seccompFilter(machine: Machine): Buffer {
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCH_AT],
    [IF_EQUAL, 1, 0, AUDIT_ARCH[machine]],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, NUMBER_AT],
  ];
  if (machine === "x86_64") {
    program.push([IF_AT_LEAST, 0, 1, X32_BIT], [RETURN, 0, 0, KILL_PROCESS]);
  }
  for (const { last, verdict } of ranges(machine))
    program.push(...beyond(last, verdict), ...verdict);
  program.push([RETURN, 0, 0, ENOSYS]);
  return bytesOf(program);
}

type Range = { last: number; verdict: readonly Instruction[] };

/** All numbers in order, neighbours with the same verdict as one. */
function ranges(machine: Machine): Range[] {
  const byNumber = new Map(SYSCALLS.map((call) => [call.number[machine], call]));
  const highest = Math.max(...SYSCALLS.map((call) => call.number[machine] ?? 0));
  const found: Range[] = [];
  for (let number = 0; number <= highest; number += 1) {
    const verdict = verdictOf(byNumber.get(number));
    const before = found.at(-1);
    if (before?.verdict === verdict) before.last = number;
    else found.push({ last: number, verdict });
  }
  return found;
}

const CONSTANT = {
  allow: [[RETURN, 0, 0, ALLOW]],
  deny: [[RETURN, 0, 0, EPERM]],
  absent: [[RETURN, 0, 0, ENOSYS]],
} as const satisfies Record<string, readonly Instruction[]>;

function verdictOf(call: Syscall | undefined): readonly Instruction[] {
  if (call === undefined) return CONSTANT.absent;
  if (call.treatment !== "judge") return CONSTANT[call.treatment];
  const clauses = RULES[call.name];
  if (clauses === undefined) throw new Error(`no rule for ${call.name}`);
  return [...clauses.flatMap(allowIf), ...CONSTANT.deny];
}

/** Each test that fails jumps behind the clause. */
function allowIf(clause: Clause): Instruction[] {
  const length = 3 * clause.length + 1;
  const tests = clause.flatMap(({ argument, mask, value }, at): Instruction[] => [
    [LOAD, 0, 0, ARGUMENTS_AT + 8 * argument],
    [AND, 0, 0, mask],
    [IF_EQUAL, 0, length - 3 * (at + 1), value],
  ]);
  return [...tests, [RETURN, 0, 0, ALLOW]];
}

/** Skips `verdict` for numbers after `last`. */
function beyond(last: number, verdict: readonly Instruction[]): Instruction[] {
  if (verdict.length <= SHORT_JUMP_MAX) return [[IF_GREATER, verdict.length, 0, last]];
  return [
    [IF_GREATER, 0, 1, last],
    [JUMP, 0, 0, verdict.length],
  ];
}

function bytesOf(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(([code, ifTrue, ifFalse, operand], at) => {
    bytes.writeUInt16LE(code, 8 * at);
    bytes.writeUInt8(ifTrue, 8 * at + 2);
    bytes.writeUInt8(ifFalse, 8 * at + 3);
    bytes.writeUInt32LE(operand, 8 * at + 4);
  });
  return bytes;
}
