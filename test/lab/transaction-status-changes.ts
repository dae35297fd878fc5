/** Changes of what sudoers/transaction.sh says of what is there. */
import { instead, without, type Change } from "./transaction-change.ts";

const STATUS = "asked for its status: ";

export const STATUS_CHANGES: Change[] = [
  instead(
    `if ! plain_or_absent "$2"; then say "$1" unsafe`,
    'if :; then say "$1" unsafe',
    `${STATUS}all of a build`,
  ),
  instead(`if ! plain_or_absent "$2"; then`, "if false; then", `${STATUS}a rule under two names`),
  without(`elif [ ! -e "$2" ]; then say "$1" absent`, `${STATUS}nothing`),
  instead(`elif is_exactly "$2" "$3" "$4"; then`, "elif :; then", `${STATUS}another build`),
  instead(`say "$1" current; return 0`, `say "$1" current`, `${STATUS}all of a build`),
  instead(`say "$1" different; fi`, ":; fi", `${STATUS}another build`),
  instead(`found rule "$rule" 440`, `found rule "$rule" 444`, `${STATUS}all of a build`),
  instead(`"$rule_sha" || good=1`, `"$rule_sha" || :`, `${STATUS}a rule that others can read`),
  instead(
    `found helper "$helper" 755 "$helper_sha" || good=1`,
    `found helper "$helper" 755 "$helper_sha" || :`,
    `${STATUS}a helper with other words`,
  ),
  instead(
    `  if [ -z "$line_sha" ]; then :
  elif`,
    "  if",
    "asked for its status without a command line, as over SSH",
  ),
  instead(
    `[ -e "$line" ] && ! is_our_link; then`,
    "! is_our_link; then",
    `${STATUS}no command line, and no name for it`,
  ),
  instead(
    `say line unlinked; good=1`,
    "say line unlinked",
    `${STATUS}a command line that is not run by its name`,
  ),
  instead(
    `else found line "$line" 755 "$line_sha" || good=1`,
    `else found line "$line" 755 "$line_sha" || :`,
    `${STATUS}no command line, and no name for it`,
  ),
  instead(
    "if works; then say effect proven",
    "if :; then say effect proven",
    `${STATUS}a rule that does not help`,
  ),
  instead(
    "else good=1 reason=$answer;",
    "else reason=$answer;",
    `${STATUS}a rule that does not help`,
  ),
  without("  state=shown", `${STATUS}all of a build`),
];
