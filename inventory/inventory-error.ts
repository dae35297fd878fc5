/** Why an inventory cannot be used: it names the place and says what to write instead. */

/** `line` and `column` from 1. */
export type Place = { file: string; line: number; column: number };

/** Expected: the command line prints it and stops with status 78. */
export class InventoryError extends Error {
  readonly place: Place | null;
  readonly hint: string | null;

  /** `cause`: lowercase, no period. `place`: null where it is not about a place in a file. */
  constructor(place: Place | null, cause: string, hint: string | null = null) {
    super(place === null ? cause : `${place.file}:${place.line}:${place.column}: ${cause}`);
    this.place = place;
    this.hint = hint;
  }
}
