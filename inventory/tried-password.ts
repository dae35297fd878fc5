/**
 * A password that one host has to accept before another is given it: a slip of the finger is one failed login,
 * and not as many as there are hosts at once, after which an account is locked everywhere.
 */
export type TriedPassword = {
  /** For a host whose sudo asks: at once, or when the first one has answered; null: it was refused. */
  take: () => Promise<Buffer | null>;
  /** What came of it; `unknown`: the connection was lost first, and the next host is the first. */
  said: (verdict: "accepted" | "refused" | "unknown") => void;
};

/** `bytes` stay the caller's, who zeroes them once no host is under way. */
export function triedPassword(bytes: Buffer): TriedPassword {
  let state: "untried" | "trying" | "accepted" | "refused" = "untried";
  let waiting: (() => void)[] = [];
  const take = async (): Promise<Buffer | null> => {
    if (state === "trying") {
      await new Promise<void>((wake) => waiting.push(wake));
      return await take();
    }
    if (state === "refused") return null;
    if (state === "untried") state = "trying";
    return bytes;
  };
  return {
    take,
    said: (verdict) => {
      if (verdict === "refused") state = "refused";
      else if (state === "trying") state = verdict === "accepted" ? "accepted" : "untried";
      for (const wake of waiting) wake();
      waiting = [];
    },
  };
}
