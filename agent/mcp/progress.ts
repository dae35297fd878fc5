/** Tells a caller who asked for it that its call goes on, and what the program said last. */
import type { ServerContext } from "@modelcontextprotocol/server";
import { untrustedLine } from "./untrusted.ts";

/** Between two notifications, in milliseconds: a chatty program must not flood its reader. */
const PAUSE_MS = 200;
/** A sign of life where a program is silent: many clients give up after 60 s without one. */
const SILENCE_MS = 15_000;

export type Progress = {
  /** Whether the caller asked to be told. */
  listened: boolean;
  /** Program output as it comes, or a word of our own; only the last line of it counts. */
  say(text: string): void;
  end(): void;
};

const NOBODY_LISTENS: Progress = { listened: false, say: () => {}, end: () => {} };

export function progressTo(request: ServerContext["mcpReq"]): Progress {
  const progressToken = request._meta?.progressToken;
  if (progressToken === undefined) return NOBODY_LISTENS;

  let progress = 0;
  let message = "waiting";
  let changed = false;
  // A reader that does not read gets one notification, and no queue of them.
  let sending = false;
  let lastAt = 0;
  function send(): void {
    if (sending) return;
    sending = true;
    changed = false;
    progress += 1;
    lastAt = performance.now();
    const params = { progressToken, progress, message };
    request
      .notify({ method: "notifications/progress", params })
      .catch(() => undefined)
      .finally(() => {
        sending = false;
      });
  }
  const timer = setInterval(() => {
    if (changed || performance.now() - lastAt > SILENCE_MS) send();
  }, PAUSE_MS);
  return {
    listened: true,
    say(text) {
      const line =
        text
          .trimEnd()
          .split(/[\r\n]/)
          .at(-1) ?? "";
      if (line === "") return;
      message = untrustedLine(line);
      changed = true;
      if (performance.now() - lastAt > PAUSE_MS) send();
    },
    end: () => clearInterval(timer),
  };
}
