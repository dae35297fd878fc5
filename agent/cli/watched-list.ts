/**
 * Which of many grants is under a person's hand. A key acts on an id, and only on the one that the screen showed as
 * chosen when it was pressed: what comes, goes or moves in between never takes its place.
 */
import type { Grant } from "../../protocol/reply.ts";
import { grantCells } from "./grant-text.ts";
import type { Row, Tone } from "./screen-rows.ts";

const TONES: Record<Grant["stands"], Tone> = { pending: "neutral", granted: "good", denied: "bad" };
const KEYS = "up, down · enter show · a approve · d deny · q quit";

export type WatchedList = {
  /** What stands now, oldest first. */
  take(grants: readonly Grant[]): void;
  move(by: 1 | -1): void;
  /** As many as `height` lines hold, the chosen one among them, and a line about keys; it counts as shown. */
  rows(height: number): Row[];
  /** The chosen one, if it is still there and the screen shows it as chosen. */
  underHand(): Grant | null;
};

export function watchedList(): WatchedList {
  let list: Grant[] = [];
  let chosen: string | null = null;
  let shown: string | null = null;
  let first = 0;
  const place = (): number => list.findIndex(({ id }) => id === chosen);

  return {
    take(grants) {
      // What waits stands above what was decided.
      list = [
        ...grants.filter(({ stands }) => stands === "pending"),
        ...grants.filter(({ stands }) => stands !== "pending"),
      ];
      if (place() < 0) chosen = null;
    },
    move(by) {
      const at = place();
      const next = at < 0 ? first : Math.min(Math.max(at + by, 0), list.length - 1);
      chosen = list[next]?.id ?? null;
    },
    rows(height) {
      const room = Math.max(1, height - 1);
      const at = place();
      if (at >= 0) first = Math.min(Math.max(first, at - room + 1), at);
      first = Math.max(0, Math.min(first, list.length - room));
      const seen = list.slice(first, first + room);
      shown = chosen;
      return [
        ...seen.map((grant) => rowOf(grant, grant.id === chosen)),
        row(countText(first, list.length - first - seen.length, list.length), KEYS),
      ];
    },
    underHand: () => (shown === chosen ? (list[place()] ?? null) : null),
  };
}

function countText(above: number, below: number, all: number): string {
  if (above === 0 && below === 0) return all === 0 ? "nothing" : `${all} in all`;
  return `${above} above, ${below} below`;
}

function rowOf(grant: Grant, isChosen: boolean): Row {
  const [id = "", stands = "", ...rest] = grantCells(grant);
  const name = `${isChosen ? ">" : " "} ${id}`;
  return { ...row(name, stands), tone: TONES[grant.stands], reason: rest.join("  ") };
}

function row(name: string, word: string): Row {
  return { name, word, tone: null, reason: "", mark: null, waiting: false };
}
