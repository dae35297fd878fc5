/** Which arguments of a system call are let through: all bounds that a filter can see without following pointers. */

/**
 * `(argument & mask) === value`, on the low 32 bits: of these arguments the kernel itself looks at no more
 * (CVE-2019-7303 was a filter that compared all 64).
 */
type Test = { argument: number; mask: number; value: number };

/** All of these hold. No argument stands in it twice: libseccomp would take that as an alternative. */
export type Clause = readonly Test[];

/** CLONE_NEW*: NS, CGROUP, UTS, IPC, USER, PID, NET. CLONE_NEWTIME is for clone3 and unshare only. */
const NEW_NAMESPACES = 0x7e02_0000;
/** ioctl: TIOCSTI types into the caller's terminal, TIOCLINUX pastes into it. */
const TERMINAL_INJECTION = [0x5412, 0x541c];
/** What `personality` is asked for in earnest: Linux, UNAME26, the query; not ADDR_NO_RANDOMIZE. */
const PERSONALITIES = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/** S_ISUID and S_ISGID: in a workspace such a file would be a door to the caller's account. */
const SET_ID = 0o6000;
/** O_CREAT and O_TMPFILE's own bit: only with them has open() a mode. */
const CREATES = 0o20_000_100;
/**
 * Shared memory without a file stays when it is no longer mapped in: it would be in no process's figures.
 * (The other way to it, mapping /dev/zero, is closed by there being none: see bubblewrap.ts.)
 */
const [MAP_SHARED, MAP_ANONYMOUS] = [0x01, 0x20];
const [UNIX, INET, INET6] = [1, 2, 10];
const [STREAM, DATAGRAM, SEQUENCED] = [1, 2, 5];
const [ANY_PROTOCOL, TCP, UDP] = [0, 6, 17];
const SOCKET_TYPE = 0xf;

/** One of these clauses must hold, or the answer is EPERM. */
export const RULES: Readonly<Record<string, readonly Clause[]>> = {
  clone: [[{ argument: 0, mask: NEW_NAMESPACES, value: 0 }]],
  socket: [
    ...[STREAM, DATAGRAM, SEQUENCED].map((type) => [is(0, UNIX), socketType(type)]),
    ...[INET, INET6].flatMap((family) =>
      [
        [STREAM, ANY_PROTOCOL],
        [STREAM, TCP],
        [DATAGRAM, ANY_PROTOCOL],
        [DATAGRAM, UDP],
      ].map(([type = 0, protocol = 0]) => [is(0, family), socketType(type), is(2, protocol)]),
    ),
  ],
  socketpair: [[is(0, UNIX)]],
  ioctl: allBut(TERMINAL_INJECTION, 32).map(({ mask, value }) => [{ argument: 1, mask, value }]),
  personality: PERSONALITIES.map((persona) => [is(0, persona)]),
  mmap: [
    [{ argument: 3, mask: MAP_SHARED, value: 0 }],
    [{ argument: 3, mask: MAP_ANONYMOUS, value: 0 }],
  ],
  chmod: [noSetId(1)],
  fchmod: [noSetId(1)],
  fchmodat: [noSetId(2)],
  fchmodat2: [noSetId(2)],
  mkdir: [noSetId(1)],
  mkdirat: [noSetId(2)],
  mknod: [noSetId(1)],
  mknodat: [noSetId(2)],
  creat: [noSetId(1)],
  open: [[{ argument: 1, mask: CREATES, value: 0 }], noSetId(2)],
  openat: [[{ argument: 2, mask: CREATES, value: 0 }], noSetId(3)],
};

function is(argument: number, value: number): Test {
  return { argument, mask: 0xffff_ffff, value };
}

function socketType(type: number): Test {
  return { argument: 1, mask: SOCKET_TYPE, value: type };
}

function noSetId(argument: number): Clause {
  return [{ argument, mask: SET_ID, value: 0 }];
}

type Masked = Omit<Test, "argument">;

/**
 * Every number of `bits` bits but these, as alternatives: libseccomp has no "none of". A bit at a time from
 * the highest: where none of the numbers goes on with a bit, all that do are let through.
 */
function allBut(
  numbers: readonly number[],
  bits: number,
  prefix: Masked = { mask: 0, value: 0 },
): Masked[] {
  if (numbers.length === 0) return [prefix];
  if (bits === 0) return [];
  const bit = 2 ** (bits - 1);
  return [0, bit].flatMap((value) =>
    allBut(
      numbers.filter((number) => Math.floor(number / bit) % 2 === value / bit),
      bits - 1,
      { mask: prefix.mask + bit, value: prefix.value + value },
    ),
  );
}
