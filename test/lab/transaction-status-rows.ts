/** What the install transaction's script says of what is there. */
import type { Row } from "./transaction-row.ts";

/** What is said of rule, helper, command line and effect, after `put a` and these lines; 0 where all is good. */
const SHOWN: [name: string, before: string, says: string, status: 0 | 1][] = [
  ["all of a build", "", "current,current,current,proven", 0],
  ["another build", "put b >/dev/null", "different,different,different,refused", 1],
  ["nothing", "take >/dev/null", "absent,absent,absent,refused", 1],
  ["a rule under two names", "ln $rule $rule.b", "unsafe,current,current,proven", 1],
  ["a rule that others can read", "chmod 444 $rule", "different,current,current,proven", 1],
  ["a helper with other words", "echo >>$helper", "current,different,current,proven", 1],
  ["a command line that is not run by its name", "rm $link", "current,current,unlinked,proven", 1],
  ["no command line, and no name for it", "rm $link $line", "current,current,absent,proven", 1],
  [
    "a rule that does not help",
    "echo '#1001 ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzz; chmod 440 /etc/sudoers.d/zzz",
    "current,current,current,refused",
    1,
  ],
];

/** `ask`: its words, in their order, as the state; and its exit status. */
const asState = (ask: string): string =>
  `${ask} >/run/shown; is=$?; echo state $(sed -n 's/^\\(rule\\|helper\\|line\\|effect\\) //p' /run/shown | paste -sd,); exit $is`;

export const STATUS_ROWS: Row[] = [
  ...SHOWN.map(([name, lines, says, status]): Row => {
    const before = `put a >/dev/null; ${lines}`;
    const run = asState("ask_status a");
    return {
      name: `asked for its status: ${name}`,
      before,
      run,
      gives: `${status} ${says} - same`,
    };
  }),
  {
    name: "asked for its status without a command line, as over SSH",
    before: "put_bare a >/dev/null",
    run: asState("ask_status_bare a"),
    gives: "0 current,current,proven - same",
  },
];
