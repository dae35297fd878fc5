/** One row of `sallyport doctor`. What could not be tried is "unknown", never "ok". */
export type Finding = {
  check: string;
  state: "ok" | "warn" | "fail" | "unknown";
  reason: string;
  /** A command, or null where none helps. */
  hint: string | null;
};

export function finding(
  check: string,
  state: Finding["state"],
  reason: string,
  hint: string | null = null,
): Finding {
  return { check, state, reason, hint };
}
