/** What is mutated, and the tests that are run for each mutant. */

/** Lines of a file: from the one that begins with `from`, or the first, to before the one that begins with `to`. */
export type Part = { file: string; from?: string; to?: string };
/**
 * `processes`: for what decides in a process of root's own. Each mutant is then tried in new ones, by tests that may
 * also start the helper, built with all mutants in it; else in a thread, which is faster.
 */
type Group = { parts: (string | Part)[]; tests: string[]; processes?: true };

const HAND_OVER = "/** Does this request again";
const AFTER_HAND_OVER = "/** The living:";
const SIGNALS = "export function ignoreSignals";
const WHOSE = "type Caller =";

export const MUTATED: readonly Group[] = [
  {
    parts: ["sudoers/{rules,report,transaction,install}.ts"],
    tests: ["test/sudoers/*.test.ts"],
  },
  {
    // Of package.ts the table of managers, and how a command is made of it.
    parts: [
      "protocol/*.ts",
      "helper/{judge,policy,result}.ts",
      { file: "helper/package.ts", to: "const path =" },
    ],
    tests: [
      "test/agent/request.test.ts",
      "test/helper/{words,package}.test.ts",
      "test/helper/alone/judge.ts",
    ],
  },
  {
    // Of defence.ts whose a file is, and who asks.
    parts: ["helper/audit.ts", { file: "helper/defence.ts", from: WHOSE }],
    tests: ["test/helper/alone/{audit,lock,defence}.ts"],
  },
  {
    parts: [
      { file: "helper/run.ts", to: HAND_OVER },
      { file: "helper/run.ts", from: AFTER_HAND_OVER },
    ],
    tests: ["test/helper/alone/run.ts"],
  },
  {
    parts: ["helper/grants.ts"],
    tests: ["test/helper/alone/grants.ts"],
  },
  {
    // Of package.ts what is done with the table of managers.
    parts: ["helper/{answer,service}.ts", { file: "helper/package.ts", from: "const path =" }],
    tests: ["test/helper/alone/{answer,act,service,package}.ts"],
  },
  {
    // What a process of root's refuses to start for.
    parts: [{ file: "helper/defence.ts", to: SIGNALS }],
    tests: ["test/helper/alone/start.ts"],
    processes: true,
  },
  {
    // Where its requests come from, and how they get to another process.
    parts: ["helper/main.ts", { file: "helper/run.ts", from: HAND_OVER, to: AFTER_HAND_OVER }],
    tests: ["test/helper/alone/main.ts", "test/helper/alone/session.ts"],
    processes: true,
  },
  {
    // Which signals are nothing to it.
    parts: [{ file: "helper/defence.ts", from: SIGNALS, to: WHOSE }],
    tests: ["test/helper/alone/session.ts"],
    processes: true,
  },
];
