/** What the install transaction asks of sync(1) and sleep(1), by ones that write it down. */
import type { Row } from "./transaction-row.ts";

/** A program instead of the one of that name, and nothing written down. */
const stand = (program: string, lines: string): string =>
  `rm -f /run/asked; printf '#!/bin/sh\\n${lines}\\n' >/run/${program}; chmod 755 /run/${program}; mount --bind /run/${program} $(readlink -f $(command -v ${program}))`;

const NOTES = stand("sync", 'echo "$*" >>/run/asked');
/** Asked of sync, line by line. */
const synced = (run: string, ...paths: string[]): string =>
  `${run}; is=$?
printf '%s\\n' ${paths.join(" ")} >/run/expected
sed 's/-setup[.][^/]*/-setup.X/' /run/asked | cmp - /run/expected || is=99; exit $is`;

const RULES = "${rule%/*}";
const DIR = "${helper%/*}";
const STAGING = `${DIR}/.sallyport-setup.X`;
const SWAPPED = [STAGING, DIR];
const TO_THE_RULE = [
  `${STAGING}/helper.new`,
  `${STAGING}/line.new`,
  "$rule.new",
  ...SWAPPED,
  ...SWAPPED,
  STAGING,
  "${link%/*}",
  RULES,
  RULES,
];

export const STAND_IN_ROWS: Row[] = [
  {
    name: "each part is on the disk before the next is begun",
    before: NOTES,
    run: synced("put a", ...TO_THE_RULE, DIR, RULES),
    gives: "0 installed - changed",
  },
  {
    name: "each part of the way back is on the disk before the next is begun",
    before: NOTES,
    run: synced("put a b", ...TO_THE_RULE, RULES, "${link%/*}", DIR),
    gives: "1 rolled-back wrong-helper same",
  },
  {
    name: "each part of the way back to another build is on the disk before the next is begun",
    before: `put a >/dev/null; ${NOTES}`,
    run: synced(
      "put b a",
      `${STAGING}/helper.new`,
      `${STAGING}/line.new`,
      "$rule.new",
      ...SWAPPED,
      ...SWAPPED,
      RULES,
      RULES,
      RULES,
      DIR,
    ),
    gives: "1 rolled-back wrong-helper same",
  },
  {
    name: "a removal is on the disk",
    before: `put a >/dev/null; ${NOTES}`,
    run: synced("take", RULES, RULES),
    gives: "0 removed - changed",
  },
  {
    name: "an old sync, which takes no operands",
    before: stand("sync", "echo >>/run/asked; [ $# -eq 0 ]"),
    run: "put a; is=$?; [ $(wc -l </run/asked) = 26 ] && exit $is",
    gives: "0 installed - changed",
  },
  {
    name: "another installation takes longer than is waited",
    before: `exec 8>/run/sallyport-setup.lock; flock 8; ${stand("sleep", 'echo "$*" >>/run/asked')}`,
    run: "put a; is=$?; [ $(wc -l </run/asked) = 90 ] && exit $is",
    gives: "75 refused busy same",
  },
];
