/** Steps in terminals, beside script(1) and beside their bare processes. On this machine, without sudo. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { runInTerminal, type TerminalResult } from "../../agent/terminal/step.ts";
import { quantile, spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";

/** BENCH_BYTES of output in one step, in lines as long as a terminal is wide. */
const BYTES = Number(process.env["BENCH_BYTES"] ?? 1_000_000_000);
/** BENCH_EXITS steps that say 64 KiB and end at once. */
const EXITS = Number(process.env["BENCH_EXITS"] ?? 10_000);
const AT_ONCE = 4;
const ROUNDS = 100;

const lines = (bytes: number): string => `yes ${"0123456789".repeat(7)} | head -c ${bytes}`;
const LINES = lines(BYTES);
const TEXT = "0123456789abcdef".repeat(4096);

const step = (argv: string[]): Promise<TerminalResult> =>
  runInTerminal({
    argv,
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    stdin: null,
    sudo: null,
    timeoutMs: 3_600_000,
    signal: new AbortController().signal,
    secrets: [Buffer.from("a-secret-that-is-not-there")],
    castFile: null,
    output: () => {},
  });

const most = (values: readonly number[]): number =>
  values.reduce((one, other) => Math.max(one, other), 0);

async function bare(argv: string[]): Promise<void> {
  const [file = "", ...words] = argv;
  await once(spawn(file, words, { stdio: "ignore" }), "close");
}

export async function benchTerminal(): Promise<Report> {
  // V8 takes what it may for garbage, once.
  await step(["/bin/sh", "-c", lines(BYTES / 4)]);
  const memory: number[] = [];
  const watch = setInterval(() => void memory.push(process.memoryUsage.rss() / 2 ** 20), 20);
  let bytes = 0;
  const ours = await timed(async () => {
    ({ bytes } = await step(["/bin/sh", "-c", LINES]));
  });
  clearInterval(watch);
  const script = await timed(() => bare(["/usr/bin/script", "-qec", LINES, "/dev/null"]));

  let [lost, begun] = [0, 0];
  const exits = async (): Promise<void> => {
    while (begun < EXITS) {
      begun += 1;
      const { output } = await step(["/usr/bin/printf", "%s", TEXT]);
      lost += output === TEXT ? 0 : 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, exits));

  const [steps, processes]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    processes?.push(await timed(() => bare(["/bin/true"])));
    steps?.push(await timed(async () => void (await step(["/bin/true"]))));
  }
  return {
    samples: [
      { name: "/bin/true", ...spread(processes ?? []) },
      { name: "a step: /bin/true", ...spread(steps ?? []) },
    ],
    figures: [
      { name: `${BYTES} bytes through a step: bytes that came`, value: bytes, atLeast: BYTES },
      { name: "the same: throughput, of script -qec", value: script / ours, atLeast: 0.5 },
      { name: "the same: MB/s", value: BYTES / 1000 / ours, atMost: null },
      {
        name: "the same: most memory in its second half above that in its first, MiB",
        value: most(memory.slice(memory.length / 2)) - most(memory.slice(0, memory.length / 2)),
        atMost: 32,
      },
      { name: "the same: most memory, MiB", value: most(memory), atMost: null },
      { name: `${EXITS} fast exits: outputs that were not whole`, value: lost, atMost: 0 },
      {
        name: "a step above its bare process, ms",
        value: quantile(steps ?? [], 0.5) - quantile(processes ?? [], 0.5),
        atMost: null,
      },
    ],
  };
}
