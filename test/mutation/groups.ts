/** What is mutated, and the tests that are run for each mutant. */
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
  {
    files: ["helper/{run,session,tree}.ts"],
    tests: ["test/helper/session-lines.test.ts", "test/helper/alone/run.ts"],
  },
];
