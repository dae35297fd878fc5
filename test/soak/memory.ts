/** How much memory the daemon holds as time goes by, in each of its lives. */
import type { Ground } from "./ground.ts";
import type { Finding } from "./invariants.ts";

const EVERY_MS = 2000;

/** Seconds since the first sample, and resident bytes. */
type Sample = { at: number; bytes: number };
/** The samples of each process, by host, what it is, and pid. */
export type Memory = Map<string, Sample[]>;

const LOOK = `for unit in sallyport.service 'sallyport-helper@*.service'; do
  for pid in $(systemctl show --value -p MainPID -- "$unit"); do
    [ "$pid" = 0 ] || echo "\${unit%%[@.]*} $pid $(awk '/^VmRSS/ { print $2 }' /proc/$pid/status)"
  done
done`;

export function sampling({ lab }: Ground): { end: () => Promise<Memory> } {
  const memory: Memory = new Map();
  const began = Date.now();
  const look = async (): Promise<void> => {
    for (const machine of lab.machines) {
      const { stdout } = await machine.run("root", ["/bin/sh", "-c", LOOK], { timeoutMs: 10_000 });
      for (const line of stdout.split("\n")) {
        const [unit, pid, kilobytes] = line.split(" ");
        if (kilobytes === undefined || kilobytes === "") continue;
        const key = `${machine.name} ${unit} ${machine.pid()}/${pid}`;
        const samples = memory.get(key) ?? [];
        samples.push({ at: (Date.now() - began) / 1000, bytes: Number(kilobytes) * 1024 });
        memory.set(key, samples);
      }
    }
  };
  let last = Promise.resolve();
  const timer = setInterval(() => (last = last.then(look)), EVERY_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await last;
      return memory;
    },
  };
}

/** Bytes a minute, by least squares, without the first fifth of its life: a program has to get going. */
function slopeOf(samples: readonly Sample[]): number {
  const kept = samples.slice(Math.floor(samples.length / 5));
  const mean = (of: (one: Sample) => number): number =>
    kept.reduce((sum, one) => sum + of(one), 0) / kept.length;
  const [at, bytes] = [mean((one) => one.at), mean((one) => one.bytes)];
  const above = kept.reduce((sum, one) => sum + (one.at - at) * (one.bytes - bytes), 0);
  const below = kept.reduce((sum, one) => sum + (one.at - at) ** 2, 0);
  return below === 0 ? 0 : (above / below) * 60;
}

/** A life shorter than this says nothing. */
const LIFE_SECONDS = 45;
/** Grows by more than this, and for so long that it adds up to more than noise. */
const [SLOPE_BYTES, GROWN_BYTES] = [2 * 2 ** 20, 24 * 2 ** 20];

/** One for each kind of process on each host, by its longest life. */
export function memoryFindings(memory: Memory): Finding[] {
  const longest = new Map<string, Sample[]>();
  for (const [key, samples] of memory) {
    const kind = key.split(" ").slice(0, 2).join(" ");
    if (lifeOf(samples) > lifeOf(longest.get(kind) ?? [])) longest.set(kind, samples);
  }
  return [...longest].map(([kind, samples]) => {
    const [host = "", unit] = kind.split(" ");
    const [slope, life] = [slopeOf(samples), lifeOf(samples)];
    const grows = life >= LIFE_SECONDS && slope > SLOPE_BYTES && (slope * life) / 60 > GROWN_BYTES;
    const mebi = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    const [first, last] = [samples[0]?.bytes ?? 0, samples.at(-1)?.bytes ?? 0];
    const figure = `${mebi(first)} to ${mebi(last)} MiB in ${Math.round(life)} s, ${mebi(slope)} MiB a minute`;
    return { invariant: `memory of ${unit}`, host, flaws: grows ? [figure] : [], figure };
  });
}

const lifeOf = (samples: readonly Sample[]): number =>
  (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
