/** The way of a step's bytes: from its terminal, without secrets and as whole characters, to whoever listens. */
import { randomBytes } from "node:crypto";
import { StringDecoder } from "node:string_decoder";
import type { Cast } from "./cast.ts";
import { keptOutput } from "../kept-text.ts";
import { redaction } from "./redaction.ts";
import type { Session } from "./session.ts";

/** How long the end of the output may take to come, once there is nobody left who could say more. */
const SILENCE_MS = 2000;

const RETURN = 13;

export type StepOutput = {
  /** Resolves when everything that was said before is through; false where its end never came. */
  drained: () => Promise<boolean>;
  text: () => string;
  truncated: () => boolean;
  /** UTF-8 bytes of the text. */
  bytes: () => number;
};

type Sinks = {
  secrets: readonly Buffer[];
  cast: Cast | null;
  /** Where it resolves later, the terminal is not read before. */
  output: (text: string) => void | Promise<void>;
};

/** Begins to read. What `output` or the recording throws ends the telling, not the step; `drained` rejects with it. */
export function stepOutput(session: Session, { secrets, cast, output }: Sinks): StepOutput {
  const { terminal } = session;
  const kept = keptOutput();
  const redacted = redaction(secrets);
  const decoder = new StringDecoder("utf8");
  let bytes = 0;
  let heldReturns = "";
  let sentinel: Buffer | null = null;
  let early = Buffer.alloc(0);
  let busy: Promise<void> | null = null;
  let over: (whole: boolean) => void = () => {};
  let heard = 0;
  let failure: { error: unknown } | null = null;

  const fail = (error: unknown): void => void (failure ??= { error });
  const record = (raw: string): void => {
    try {
      if (failure === null) cast?.output(raw);
    } catch (error) {
      fail(error);
    }
  };
  const listen = (text: string): void | Promise<void> => {
    if (failure !== null) return;
    try {
      return output(text)?.catch(fail);
    } catch (error) {
      fail(error);
    }
  };
  const tell = (raw: string): void | Promise<void> => {
    record(raw);
    const all = heldReturns + raw;
    let end = all.length;
    while (all.charCodeAt(end - 1) === RETURN) end -= 1;
    heldReturns = all.slice(end);
    const text = lineEnds(all.slice(0, end));
    if (text === "") return;
    bytes += Buffer.byteLength(text);
    kept.add(text);
    return listen(text);
  };
  const last = async (): Promise<void> => {
    await tell(decoder.write(redacted.rest()) + decoder.end());
    const returns = heldReturns;
    heldReturns = "";
    if (returns === "") return;
    kept.add(returns);
    bytes += returns.length;
    await listen(returns);
  };
  const take = (chunk: Buffer): void => {
    heard += 1;
    let said = chunk;
    let ended = false;
    if (sentinel !== null) {
      const all = Buffer.concat([early, chunk]);
      const at = all.indexOf(sentinel);
      ended = at !== -1;
      const end = ended ? at : Math.max(0, all.length - sentinel.length + 1);
      said = all.subarray(0, end);
      early = Buffer.from(all.subarray(end));
    }
    const told = tell(decoder.write(redacted.take(said)));
    if (told === undefined && !ended) return;
    terminal.pause();
    busy = (async () => {
      await told;
      busy = null;
      if (ended) over(true);
      else terminal.resume();
    })();
  };
  terminal.on("data", take);
  terminal.on("error", () => over(false)); // it has hung up
  terminal.resume();
  return {
    drained: async () => {
      // Only now: nobody could have known it, so nobody can have said it.
      sentinel = Buffer.from(randomBytes(16).toString("hex").toUpperCase());
      const whole = new Promise<boolean>((resolve) => {
        over = resolve;
      });
      let left = session.putBehind(sentinel.toString());
      // A full terminal has room again when some of it was read.
      const pushing = setInterval(() => {
        left = session.putBehind(left);
        if (left === "") clearInterval(pushing);
      }, 1);
      let before = -1;
      const waiting = setInterval(() => {
        if (busy === null && heard === before) over(false);
        before = heard;
      }, SILENCE_MS / 2);
      const came = await whole;
      clearInterval(pushing);
      clearInterval(waiting);
      terminal.off("data", take);
      if (!came) await tell(decoder.write(redacted.take(early)));
      await busy;
      await last();
      if (failure !== null) throw failure.error;
      return came;
    },
    text: () => kept.text(),
    truncated: () => kept.truncated(),
    bytes: () => bytes,
  };
}

/**
 * A terminal puts a carriage return before each line feed; sudo runs its command in a second one, which does the same.
 * Who wrote a carriage return there cannot be told any more, and none of them is kept.
 */
function lineEnds(text: string): string {
  if (!text.includes("\r")) return text;
  const once = text.replaceAll("\r\n", "\n");
  return once.includes("\r\n") ? once.replaceAll(/\r+\n/g, "\n") : once;
}
