/** What becomes of an install transaction where something happens at one of its steps. */
import type { Row } from "./transaction-row.ts";

/** `put a` by a script that does something else at each of these steps. */
const putWhere = (at: Record<string, string>): string => {
  const edits = Object.entries(at).map(([step, lines]) => `s|# step: ${step}$|${lines}|`);
  return `sed '${edits.join("; ")}' $script >/run/cut.sh; script=/run/cut.sh; put a`;
};

export const MOMENT_ROWS: Row[] = [
  {
    name: "told to stop when all is in place but not proven",
    run: putWhere({ "rule-swapped": "kill -TERM $$" }),
    gives: "1 rolled-back interrupted same",
  },
  {
    name: "told to stop a second time, while it goes back",
    run: putWhere({ "rule-swapped": "kill -TERM $$", "rule-restored": "kill -TERM $$" }),
    gives: "1 rolled-back interrupted same",
  },
  {
    name: "told to stop when it is done but for its marks",
    run: putWhere({ "programs-committed": "kill -TERM $$" }),
    gives: "0 installed - changed",
  },
  {
    name: "nobody listens to what it says",
    run: 'put a | :; [ -x $helper ] && [ -x $link ] && [ -s $rule ] && [ -z "$(leftovers)" ] && echo state installed',
    gives: "0 installed - changed",
  },
  {
    name: "a command fails before anything is changed",
    run: putWhere({ recovered: "false" }),
    gives: "71 refused failed same",
  },
  {
    name: "what was there before cannot be put back",
    run: putWhere({ "rule-swapped": "mount -o remount,ro,bind $rules; false" }),
    gives: "71 rollback-failed failed changed",
  },
  {
    name: "what is staged is nobody else's to read",
    run: putWhere({
      "program-copied": 'test $(stat -c %a "$staging/$1.new") = 600',
      "rule-copied": "test $(stat -c %a $rule.new) = 600",
    }),
    gives: "0 installed - changed",
  },
];
