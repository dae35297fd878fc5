/** What a command is told to be, and why. */

/** From harmless to dangerous. */
export const LEVELS = ["SAFE", "CAUTION", "CRITICAL"] as const;
export type Level = (typeof LEVELS)[number];

/** Why a command is not SAFE: badges stay useful in a tool that is about privilege. */
export const AXES = [
  "privileged",
  "destructive",
  "network",
  "persistence",
  "exfiltration",
] as const;
export type Axis = (typeof AXES)[number];
export type Axes = Record<Axis, boolean>;

export type Reason = {
  /** Stable name, `family.what`. */
  rule: string;
  /** Where in the command, in UTF-16 units: first, and one past the last. */
  span: [number, number];
  /** For a person: what it does and, where there is one, the safer alternative. Never text of the command. */
  text: string;
};

export type Risk = { level: Level; axes: Axes; reasons: Reason[] };

/** The more dangerous of the two. */
export function worse(a: Level, b: Level): Level {
  return LEVELS.indexOf(a) >= LEVELS.indexOf(b) ? a : b;
}

export function noAxes(): Axes {
  return {
    privileged: false,
    destructive: false,
    network: false,
    persistence: false,
    exfiltration: false,
  };
}
