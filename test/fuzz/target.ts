/** What a fuzzer needs to know of one reader of untrusted input. */
import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";

export type Target<Input> = {
  /** Makes an input; small ones first, so that what fails can be shrunk to little. */
  input: Arbitrary<Input>;
  /** Throws where a promise about `input` does not hold. */
  holds: (input: Input) => void | Promise<void>;
};

export function target<Input>(one: Target<Input>): Target<Input> {
  return one;
}

/** Of the processor, for any input that is made here; on a busy machine a clock would tell of others. */
const MOST_MS = 2000;

/** What `act` returns; throws where it works too long. */
export async function soon<Value>(act: () => Value | Promise<Value>): Promise<Value> {
  const began = process.threadCpuUsage();
  const value = await act();
  const { user, system } = process.threadCpuUsage(began);
  assert((user + system) / 1000 < MOST_MS, "it takes too long");
  return value;
}
