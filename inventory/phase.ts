/** A time limit that can stand still, as while a person types. */
export type Phase = { pause(): void; resume(): void; end(): void };

export function phase(seconds: number, late: () => void): Phase {
  let left = seconds * 1000;
  let [since, timer]: [number, NodeJS.Timeout | null] = [0, null];
  const resume = (): void => {
    if (timer !== null || left < 0) return;
    since = performance.now();
    timer = setTimeout(late, left);
  };
  const pause = (): void => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    left = Math.max(0, left - (performance.now() - since));
  };
  const end = (): void => {
    pause();
    left = -1;
  };
  resume();
  return { pause, resume, end };
}
