/** Changes of what sudoers/transaction.sh has on the disk before it goes on. */
import { instead, type Change } from "./transaction-change.ts";

const FORTH = "each part is on the disk before the next is begun";
const BACK = "each part of the way back is on the disk before the next is begun";
const BACK_TO_ANOTHER =
  "each part of the way back to another build is on the disk before the next is begun";
/** There is no `flush` between these texts. */
const UNFLUSHED = (
  [
    [`  chmod 0755 "$staging/$1.new"\n  `, `flush "$staging/$1.new"`, "", FORTH],
    [`  chmod 0440 "$rule.new"\n  `, `flush "$rule.new"`, "", FORTH],
    ["", `flush "$staging"`, "\n  # step: program-kept", FORTH],
    ["", `flush "$staging"`, "\n  # step: link-announced", FORTH],
    ["  # step: program-renamed\n  ", `flush "$helper_dir"`, "", FORTH],
    ["  # step: link-made\n  ", `flush "\${link%/*}"`, "", FORTH],
    ["", `flush "$rules"`, "\n  # step: rule-kept", FORTH],
    ["  # step: rule-renamed\n  ", `flush "$rules"`, "", FORTH],
    [`"$helper_dir/.sallyport-setup.done" && `, `flush "$helper_dir"`, "", FORTH],
    ["  # step: rule-committed\n  ", `flush "$rules"`, "", FORTH],
    [`*.none) rm -f "\${mark%.none}" && `, `flush "$rules"`, "", BACK],
    [`rm -f "$link" && `, `flush "\${link%/*}"`, "", BACK],
    ["    # step: helper-restored\n    ", `flush "$helper_dir"`, "", BACK],
    [`"\${mark%.old}" && `, `flush "$rules"`, "", BACK_TO_ANOTHER],
    ["    # step: rule-removed\n    ", `flush "$rules"`, "", "a removal is on the disk"],
  ] as const
).map(([before, flush, after, row]): Change => {
  const what = `there is no \`${flush}\` at ${(before + after).trim()}`;
  return { what, text: `${before}${flush}${after}`, other: `${before}:${after}`, row };
});

export const DISK_CHANGES: Change[] = [
  ...UNFLUSHED,
  instead(
    `sync "$@" 2>/dev/null || sync;`,
    `sync "$@" 2>/dev/null;`,
    "an old sync, which takes no operands",
  ),
];
