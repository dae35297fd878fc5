/** The level of a command as a person sees it: a word, in colour on a terminal. */
import { styleText } from "node:util";
import type { Level } from "../risk/level.ts";

const COLOURS = { SAFE: "green", CAUTION: "yellow", CRITICAL: "red" } as const;

export function badge(level: Level): string {
  const { NO_COLOR } = process.env;
  const plain = !process.stdout.isTTY || (NO_COLOR !== undefined && NO_COLOR !== "");
  return plain ? level : styleText(["bold", "inverse", COLOURS[level]], ` ${level} `);
}
