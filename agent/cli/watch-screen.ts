/** The live list of `sallyport watch`: rows that are redrawn in place, and keys. */
import type { ReadStream, WriteStream } from "node:tty";
import type { Grant } from "../../protocol/reply.ts";
import type { Failure } from "./errors.ts";
import { drawOn } from "./redraw.ts";
import { watchedList } from "./watched-list.ts";

type Watched = {
  look: () => Promise<Grant[] | Failure>;
  /** Milliseconds between two looks. */
  every: number;
  facts: (grant: Grant) => Promise<string>;
  /** Shows and asks on the terminal itself. */
  decide: (verb: "approve" | "deny", id: string) => Promise<void>;
  colours: boolean;
};

/** A key, by the bytes that terminals send for it: also of those that end in a letter that means something here. */
// oxlint-disable-next-line no-control-regex
const KEY = /\x1b[[O][\d;]*[ -/]*[@-~]?|[\s\S]/gu;

/** Until q or ^C, null then; or why it cannot be seen any more. */
export async function watchOnTerminal(
  input: ReadStream,
  output: WriteStream,
  { look, every, facts, decide, colours }: Watched,
): Promise<Failure | null> {
  const list = watchedList();
  let found = await look();
  for (;;) {
    if ("cause" in found) return found;
    list.take(found);
    const act = await choose();
    if (act === null) return null;
    if ("cause" in act) return act;
    // Nothing is drawn or read here while the person is asked.
    await decide(act.verb, act.id);
    process.exitCode = 0; // of the watch, not of a decision
    found = await look();
  }

  /** Shows the list until something is to be decided, or it ends. */
  async function choose(): Promise<{ verb: "approve" | "deny"; id: string } | Failure | null> {
    const drawing = drawOn(output, colours, {
      rows: () => list.rows((output.rows > 0 ? output.rows : 24) - 1),
      printed: () => "",
    });
    const { promise, resolve, reject } =
      Promise.withResolvers<Awaited<ReturnType<typeof choose>>>();
    const again = async (): Promise<void> => {
      const now = await look();
      if ("cause" in now) return resolve(now);
      list.take(now);
      drawing.soon();
    };
    const typed = (bytes: Buffer): void => {
      for (const [key] of bytes.toString("utf8").matchAll(KEY)) {
        if (key === "q" || key === "\x03" || key === "\x04") return resolve(null);
        const arrow = /^\x1b[[O]([AB])$/.exec(key)?.[1]; // oxlint-disable-line no-control-regex
        if (arrow !== undefined || key === "j" || key === "k") {
          list.move(arrow === "A" || key === "k" ? -1 : 1);
          drawing.soon();
          continue;
        }
        if (!["\r", "\n", "a", "d"].includes(key)) continue;
        const grant = list.underHand();
        if (grant === null) return;
        // What was typed before the facts were seen is no answer to them.
        if (key === "a" || key === "d")
          return resolve({ verb: key === "a" ? "approve" : "deny", id: grant.id });
        void facts(grant).then(drawing.say).catch(reject);
        return;
      }
    };
    const timer = setInterval(() => void again().catch(reject), every);
    input.setRawMode(true);
    input.on("data", typed).resume();
    drawing.soon();
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      input.off("data", typed).pause();
      input.setRawMode(false);
      drawing.close();
    }
  }
}
