/**
 * The options with which Node runs inside of the two executables. Some of V8's change what its compiler makes,
 * and then Node compiles anew, in each process, the modules that it brings compiled: docs/start-up.md says what
 * that costs, test/scripts/seal.test.ts that none of these is one of them.
 */

/** No inspector on SIGUSR1 (sudo relays it), no __proto__, no OpenSSL configuration of anybody's. */
const CLOSED_DOORS = [
  "--disable-sigusr1",
  "--disable-proto=throw",
  "--openssl-config=/dev/null",
  "--disable-warning=ExperimentalWarning",
];

/**
 * A session of the helper holds 5 MB; V8 would let garbage of twenty times that lie. Where there is room
 * for the young, hardly any of them grow old. No threads that would wake up for what takes no time.
 */
const TINY_HEAP = [
  "--max-old-space-size=64",
  "--min-semi-space-size=2",
  "--max-semi-space-size=2",
  "--single-threaded-gc",
  "--v8-pool-size=0",
];

/** An inventory of thousands of hosts needs some. agent/small-heap.ts says the rest, to what runs for long. */
const SMALL_HEAP = ["--max-old-space-size=1024", "--max-semi-space-size=1"];

export const HELPER_OPTIONS: readonly string[] = [...TINY_HEAP, ...CLOSED_DOORS, "--no-addons"];
/** Its terminals are an addon. */
export const COMMAND_LINE_OPTIONS: readonly string[] = [...SMALL_HEAP, ...CLOSED_DOORS];
