/** Plays a recording (cast.ts) back, at its own pace or faster. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { escapeLine } from "../escape.ts";

export type Replay = {
  /** 2: twice as fast; Infinity: at once. */
  speed: number;
  /** Longest silence, in seconds of the recording; Infinity: as it was. */
  idleLimit: number;
  signal: AbortSignal;
  write: (text: string) => void | Promise<void>;
};

export type Replayed =
  /** `status`: of the step, null where the recording stops before its end. */
  | { kind: "played"; status: number | null }
  | { kind: "stopped" }
  /** `line`: 1 is the first. */
  | { kind: "malformed"; line: number };

const HEADER = z.object({
  version: z.literal(3),
  term: z.object({ cols: z.number(), rows: z.number() }),
});
const EVENT = z.tuple([z.number().nonnegative(), z.string(), z.string()]);

/**
 * Of escape sequences, colours and the moves within a screen are played; what could set a title, fill a clipboard or
 * ask the terminal for an answer is shown, not done. Throws what open(2) and read(2) do.
 */
export async function replay(
  file: string,
  { speed, idleLimit, signal, write }: Replay,
): Promise<Replayed> {
  const input = createReadStream(file, "utf8");
  let line = 0;
  let status: number | null = null;
  let held = "";
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line += 1;
      if (signal.aborted) return { kind: "stopped" };
      const value = json(text);
      if (line === 1) {
        if (!HEADER.safeParse(value).success) return { kind: "malformed", line };
        continue;
      }
      // Comments are part of the format.
      if (text.startsWith("#")) continue;
      const event = EVENT.safeParse(value);
      if (!event.success) return { kind: "malformed", line };
      const [seconds, code, data] = event.data;
      const pause = (Math.min(seconds, idleLimit) / speed) * 1000;
      if (pause >= 1) await sleep(pause, undefined, { signal });
      if (code === "x") status = Number(data);
      if (code !== "o") continue;
      const { whole, rest } = cut(held + data);
      held = rest;
      await write(playable(whole));
    }
    if (line === 0) return { kind: "malformed", line: 1 };
    await write(playable(held));
    return { kind: "played", status };
  } catch (error) {
    if (signal.aborted) return { kind: "stopped" };
    throw error;
  } finally {
    input.destroy();
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Longest sequence that goes on in the next event. */
const SEQUENCE_MAX = 32;

const ESCAPE = String.fromCodePoint(27);
const OPEN = new RegExp(String.raw`^${ESCAPE}(?:\[[\d;:]*)?$`);
/** Colours, cursor moves, erasing; line ends, tabs, backspaces. */
const HARMLESS = new RegExp(String.raw`(${ESCAPE}\[[\d;:]*[A-HJKfm]|[\r\n\t\b])`);

function cut(text: string): { whole: string; rest: string } {
  const at = text.lastIndexOf(ESCAPE);
  const open = at !== -1 && text.length - at < SEQUENCE_MAX && OPEN.test(text.slice(at));
  return open ? { whole: text.slice(0, at), rest: text.slice(at) } : { whole: text, rest: "" };
}

function playable(text: string): string {
  return text
    .split(HARMLESS)
    .map((piece, at) => (at % 2 === 1 ? piece : escapeLine(piece)))
    .join("");
}
