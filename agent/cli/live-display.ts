/** Hosts as rows that are redrawn in place. */
import type { WriteStream } from "node:tty";
import type { HostPhase } from "../../inventory/bootstrap.ts";
import type { HostEnd } from "../../inventory/host-end.ts";
import { endText, toneOf } from "./bootstrap-words.ts";
import { drawOn } from "./redraw.ts";
import type { Row } from "./screen-rows.ts";

export type Display = {
  phase: (name: string, phase: HostPhase) => void;
  end: (end: HostEnd) => void;
  /** For standard error: it stands where nothing is drawn over it. */
  say: (text: string) => void;
  /** Hosts that have ended are on the screen for good, and nothing else is. */
  close: () => void;
};

type Host = { name: string; phase: HostPhase | "waiting"; end: HostEnd | null };

export function liveDisplay(
  names: readonly string[],
  terminal: WriteStream,
  colours: boolean,
): Display {
  const hosts = new Map<string, Host>();
  for (const name of names) hosts.set(name, { name, phase: "waiting", end: null });
  const width = Math.max(...names.map((name) => name.length));
  const drawing = drawOn(terminal, colours, {
    rows: () => [...hosts.values()].map(rowOf),
    printed: () => {
      const ends = [...hosts.values()].flatMap(({ end }) => end ?? []);
      for (const { name } of ends) hosts.delete(name);
      return ends.map((end) => endText(end, width)).join("");
    },
  });
  return {
    phase: (name, phase) => {
      const host = hosts.get(name);
      if (host !== undefined) host.phase = phase;
      drawing.soon();
    },
    end: (end) => {
      const host = hosts.get(end.name);
      if (host !== undefined) host.end = end;
      drawing.soon();
    },
    say: drawing.say,
    close: drawing.close,
  };
}

function rowOf({ name, phase, end }: Host): Row {
  return {
    name,
    word: end?.state ?? phase,
    tone: end === null ? null : toneOf(end.state),
    reason: end?.reason ?? "",
    mark: null,
    waiting: phase === "waiting",
  };
}
