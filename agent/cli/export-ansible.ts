/** `sallyport export ansible`: the role, with the transaction, the rules and their checksums in it. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import { transactionScript, type HelperBuild } from "../../sudoers/transaction.ts";
import { roleFiles } from "../ansible-role.ts";
import { escapeLine } from "../escape.ts";
import { fail, type Failure } from "./errors.ts";
import { exportedUser } from "./exported-user.ts";
import { helperBuild } from "./helper-source.ts";
import { findInvokingUser } from "./invoking-user.ts";
import { explainRule, explainUser } from "./setup-words.ts";

export type ExportAnsibleOptions = { output: string; user: string[]; json?: true };

type Exported = { user: string; rule: Rule };

/** Sets the exit status. */
export async function exportAnsible({ output, user, json }: ExportAnsibleOptions): Promise<void> {
  const told = { json: json === true };
  const build = helperBuild();
  if ("cause" in build) return fail(build, told);
  const exported = await rulesOf(user, `sallyport export ansible --output ${output} --user UID`);
  if ("cause" in exported) return fail(exported, told);

  const files = { ...roleFiles(), ...dataFiles(build, exported) };
  const whole = { ...files, SHA256SUMS: checksums(files) };
  const refused = writeAll(output, whole);
  if (refused !== null) return fail(refused, told);

  const users = exported.map((one) => ({ user: one.user, uid: one.rule.uid }));
  const data = { kind: "export-ansible", output, files: Object.keys(whole).toSorted(), users };
  const names = users.map((one) => `${escapeLine(one.user)} (uid ${one.uid})`).join(", ");
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ v: 1, success: true, data, error: null })}\n`
      : `${escapeLine(output)}: a role with the rules of ${names}\n`,
  );
}

/** `hint`: a number can be given for a user whom only other hosts have. */
async function rulesOf(wanted: readonly string[], hint: string): Promise<Exported[] | Failure> {
  const rules = new Map<number, Exported>();
  for (const user of wanted) {
    const whom = exportedUser(user);
    if ("cause" in whom) return whom;
    const found = whom.uid === null ? await findInvokingUser(user) : null;
    if (found !== null && found.kind !== "user") return { ...explainUser(found), hint };
    const rule = renderRule(found?.uid ?? whom.uid ?? 0, HELPER_PATHS[1]);
    if (rule.kind !== "rule") return { ...explainRule(rule), hint };
    rules.set(rule.uid, { user, rule });
  }
  return [...rules.values()];
}

function dataFiles(
  build: HelperBuild,
  exported: readonly Exported[],
): Readonly<Record<string, string>> {
  const variables = {
    sallyport_build: {
      helper: HELPER_PATHS[1],
      helper_sha256: build.sha256,
      id: build.buildId,
    },
    sallyport_rules: exported.map(({ user, rule }) => ({
      user,
      uid: rule.uid,
      sha256: sha256(rule.text),
    })),
  };
  return {
    "vars/main.yml": `# Written by \`sallyport export ansible\`.\n${stringify(variables)}`,
    "files/transaction.sh": transactionScript(),
    ...Object.fromEntries(exported.map(({ rule }) => [`files/rules/${rule.uid}`, rule.text])),
  };
}

/** For `sha256sum -c`. */
function checksums(files: Readonly<Record<string, string>>): string {
  const lines = Object.entries(files).map(([name, text]) => `${sha256(text)}  ${name}\n`);
  return lines.toSorted((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1)).join("");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** All of them or, where one is there with other bytes, none. */
function writeAll(folder: string, files: Readonly<Record<string, string>>): Failure | null {
  try {
    const missing = Object.entries(files).filter(([name, text]) => {
      const file = join(folder, name);
      const there = lstatSync(file, { throwIfNoEntry: false });
      if (there === undefined) return true;
      if (there.isFile() && readFileSync(file, "utf8") === text) return false;
      throw new Overwriting(file);
    });
    for (const [name, text] of missing) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { flag: "wx", mode: 0o644 });
    }
    return null;
  } catch (error) {
    const hint = "sallyport export ansible --output FOLDER, with a folder that is not there yet";
    const cause =
      error instanceof Overwriting
        ? `${error.message} is there already, and would be another`
        : `${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`;
    return { code: "failed", cause, hint, status: EXIT_STATUS.failed };
  }
}

class Overwriting extends Error {}
