/**
 * What is mutated, and the tests that are run for each mutant. The rest of helper/ (answer, defence, main, package,
 * say, service) decides in a process of root's own, and is tested only as one, by test/attack and test/helper in the lab.
 */
export const MUTATED: readonly { files: string[]; tests: string[] }[] = [
  {
    files: ["sudoers/{rules,report,transaction}.ts"],
    tests: ["test/sudoers/*.test.ts"],
  },
  {
    files: ["protocol/*.ts", "helper/{json,judge,managers,parse,policy,result}.ts"],
    tests: [
      "test/agent/request.test.ts",
      "test/helper/{words,managers}.test.ts",
      "test/helper/alone/narrowing.ts",
    ],
  },
  {
    files: ["helper/{audit,lock,trust}.ts"],
    tests: ["test/helper/alone/{audit,lock,trust}.ts"],
  },
  // Most of what a mutant of session.ts does is to wait for ever: that one takes half an hour by itself.
  {
    files: ["helper/session.ts"],
    tests: ["test/helper/session-lines.test.ts"],
  },
  {
    files: ["helper/{run,tree}.ts"],
    tests: ["test/helper/alone/run.ts"],
  },
];
