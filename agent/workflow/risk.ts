/** How dangerous a step is: the one place where its level is decided. */
import type { Step } from "./step.ts";

/** Null: nothing here has rated it. */
export type Risk = {
  level: "SAFE" | "LOW" | "MEDIUM" | "HIGH" | "CRITICAL";
  reasons: readonly string[];
} | null;

/** Whatever its text says, a step that may use sudo may do anything. */
export function riskOf({ sudoLock }: Pick<Step, "sudoLock" | "act">): Risk {
  return sudoLock ? { level: "CRITICAL", reasons: ["it may use sudo"] } : null;
}
