/**
 * What is mutated, and the tests that are run for each mutant, in their own process. The other files of helper/
 * are seen whole only as the program that they become: test/attack/ and test/lab/ try that.
 */
export const MUTATED: readonly { files: string[]; tests: string[] }[] = [
  {
    files: ["sudoers/{rules,report,transaction}.ts"],
    tests: ["test/sudoers/*.test.ts"],
  },
  {
    files: ["protocol/*.ts", "helper/{judge,package,policy,result}.ts"],
    tests: [
      "test/agent/request.test.ts",
      "test/helper/{words,package}.test.ts",
      "test/helper/alone/judge.ts",
    ],
  },
  {
    files: ["helper/{audit,defence}.ts"],
    tests: ["test/helper/alone/{audit,lock,defence}.ts"],
  },
  // Most of what a mutant of session.ts does is to wait for ever: that one takes half an hour by itself.
  {
    files: ["helper/run.ts"],
    tests: ["test/helper/alone/run.ts"],
  },
  {
    files: ["helper/grants.ts"],
    tests: ["test/helper/alone/grants.ts"],
  },
];
