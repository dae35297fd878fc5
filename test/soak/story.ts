/** What happened, in order: everything that was asked and every fault, with its time, and what callers were told. */
import { randomBytes } from "node:crypto";

/** What a caller was told about a request; `id` is the helper's. Times are this machine's, in milliseconds. */
export type Claim = {
  host: string;
  id: string;
  words: readonly string[];
  code: string | null;
  from: number;
  to: number;
};

/** No byte is left for the audit log. */
export type FullLog = { host: string; from: number; to: number };

/** From its answer until somebody began to lift it. */
export type Lockdown = { host: string; from: number; to: number };

export type Story = {
  /** Every line that was said. */
  lines: { host: string; text: string }[];
  claims: Claim[];
  lockdowns: Lockdown[];
  fullLogs: FullLog[];
  /** In none of the hosts' files may there be any of these. */
  secrets: string[];
  say: (host: string, text: string) => void;
  /** A new one, remembered. */
  secret: () => string;
};

export function beginStory(print: (line: string) => void): Story {
  const began = Date.now();
  const story: Story = {
    lines: [],
    claims: [],
    lockdowns: [],
    fullLogs: [],
    secrets: [],
    say: (host, what) => {
      const text = `${((Date.now() - began) / 1000).toFixed(2).padStart(8)} ${host} ${what}`;
      story.lines.push({ host, text });
      print(text);
    },
    secret: () => {
      // No letter that an encoding of ours would write in another way.
      const secret = randomBytes(15).toString("hex");
      story.secrets.push(secret);
      return secret;
    },
  };
  return story;
}
