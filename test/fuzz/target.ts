/** What a fuzzer needs to know of one reader of untrusted input. */
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
