/**
 * What is mutated, and the tests that are run for each mutant. The rest of helper/ (answer, main, service, and what
 * package does with its table) decides in a process of root's own, and is tested only as one, by test/attack, by
 * test/helper in the lab, and by test/fuzz.
 */
export const MUTATED: readonly { files: string[]; tests: string[] }[] = [
  {
    files: ["sudoers/{rules,report,transaction}.ts"],
    tests: ["test/sudoers/*.test.ts"],
  },
  {
    files: ["protocol/*.ts", "helper/{judge,policy,result}.ts", "helper/package.ts:9-75"],
    tests: [
      "test/agent/request.test.ts",
      "test/helper/{words,package}.test.ts",
      "test/helper/alone/judge.ts",
    ],
  },
  {
    // Of defence.ts whose file it is and who asks: it refuses to start only as the program that it becomes.
    files: ["helper/audit.ts", "helper/defence.ts:38-79"],
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
];
