/**
 * What is mutated, and the tests that are run for each mutant. The rest of helper/ (main, and what package does with
 * its table) decides in a process of root's own, and is tested only as one, by test/attack, by
 * test/helper in the lab, and by test/fuzz.
 */
export const MUTATED: readonly { files: string[]; tests: string[] }[] = [
  {
    files: ["sudoers/{rules,report,transaction}.ts"],
    tests: ["test/sudoers/*.test.ts"],
  },
  {
    // Of package.ts the table of managers, and how a command is made of it.
    files: ["protocol/*.ts", "helper/{judge,policy,result}.ts", "helper/package.ts:9-73"],
    tests: [
      "test/agent/request.test.ts",
      "test/helper/{words,package}.test.ts",
      "test/helper/alone/judge.ts",
    ],
  },
  {
    // Of defence.ts whose a file is and who asks; what it refuses to start for needs a process, not a thread.
    files: ["helper/audit.ts", "helper/defence.ts:39-79"],
    tests: ["test/helper/alone/{audit,lock,defence}.ts"],
  },
  {
    files: ["helper/run.ts"],
    tests: ["test/helper/alone/run.ts"],
  },
  {
    files: ["helper/grants.ts"],
    tests: ["test/helper/alone/grants.ts"],
  },
  {
    files: ["helper/{answer,service}.ts"],
    tests: ["test/helper/alone/{answer,service}.ts"],
  },
];
