import { expect, test } from "vitest";
import { redaction } from "../../../agent/terminal/redaction.ts";

/** The whole text, given in pieces of `size` bytes. */
function redacted(text: string | Buffer, secrets: (string | Buffer)[], size: number): string {
  const bytes = Buffer.from(text as string);
  const stream = redaction(secrets.map((secret) => Buffer.from(secret as string)));
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    pieces.push(Buffer.from(stream.take(bytes.subarray(at, at + size))));
  return Buffer.concat([...pieces, stream.rest()]).toString();
}

type Row = { name: string; text: string; secrets: string[]; gives: string };
const ROWS: Row[] = [
  {
    name: "at the beginning, in the middle and at the end",
    text: "hunter2 a hunter2 b hunter2",
    secrets: ["hunter2"],
    gives: "[redacted] a [redacted] b [redacted]",
  },
  {
    name: "beside what begins like it",
    text: "hunthunter2hunter",
    secrets: ["hunter2"],
    gives: "hunt[redacted]hunter",
  },
  {
    name: "that repeats itself",
    text: "aaaabaaaaabaaaa",
    secrets: ["aaaab"],
    gives: "[redacted]a[redacted]aaaa",
  },
  {
    name: "that is the beginning of another",
    text: "secret1 secret12 secret",
    secrets: ["secret1", "secret12"],
    gives: "[redacted] [redacted] secret",
  },
  {
    name: "that stands within another",
    text: "xsecretx xsecrety",
    secrets: ["secret", "xsecretx"],
    gives: "[redacted] x[redacted]y",
  },
  {
    name: "of several lines, as a terminal ends them",
    text: "-----\r\nabc\r\n----- and -----\nabc\n-----",
    secrets: ["-----\nabc\n-----"],
    gives: "[redacted] and [redacted]",
  },
  {
    name: "in any script",
    text: "パスワード: 秘密の言葉",
    secrets: ["秘密の言葉"],
    gives: "パスワード: [redacted]",
  },
];

test.each(ROWS)("a secret $name is found, wherever the pieces end", ({ text, secrets, gives }) => {
  const length = Buffer.byteLength(text);
  for (let size = 1; size <= length; size += 1)
    expect(redacted(text, secrets, size), `pieces of ${size}`).toBe(gives);
});

test("what is too short to be a secret is left alone", () => {
  expect(redacted("a cat", ["a", "cat", ""], 2)).toBe("a cat");
});

test("nothing is lost of bytes that are no text", () => {
  const bytes = Buffer.from([0xff, 0xfe, 0, 0x80, 0xff]);
  const stream = redaction([Buffer.from([0xff, 0xfe, 0, 0x81])]);
  expect(Buffer.concat([stream.take(bytes), stream.rest()])).toEqual(bytes);
});
