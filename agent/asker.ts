/** On whose behalf the code that runs now asks the helper: for records, never for decisions. */
import { AsyncLocalStorage } from "node:async_hooks";

/** `caller`: what the token stands for, or `stdio`. */
export const asker = new AsyncLocalStorage<{ caller: string; tool: string }>();
