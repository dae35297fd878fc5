/** The same filter as docker and podman take it: JSON for libseccomp. */
import { RULES } from "./seccomp-rules.ts";
import { SYSCALLS } from "./syscalls.ts";

type Rule = {
  names: string[];
  action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo: number; op: "SCMP_CMP_MASKED_EQ" }[];
};

export type DockerSeccomp = {
  defaultAction: "SCMP_ACT_ERRNO";
  defaultErrnoRet: number;
  archMap: { architecture: string; subArchitectures: [] }[];
  syscalls: Rule[];
};

const [EPERM, ENOSYS] = [1, 38];

/** Programs of other machines, and x32 calls, are killed by libseccomp: there is no subarchitecture. */
export function dockerSeccomp(): DockerSeccomp {
  const named = (treatment: string): string[] =>
    SYSCALLS.filter((call) => call.treatment === treatment).map(({ name }) => name);
  const judged = named("judge").flatMap((name) =>
    (RULES[name] ?? []).map((clause): Rule => {
      const args = clause.map(({ argument, mask, value }) => {
        return { index: argument, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" as const };
      });
      return { names: [name], action: "SCMP_ACT_ALLOW", args };
    }),
  );
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    archMap: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"].map((architecture) => {
      return { architecture, subArchitectures: [] };
    }),
    syscalls: [
      { names: named("allow"), action: "SCMP_ACT_ALLOW" },
      { names: named("absent"), action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      ...judged,
    ],
  };
}
