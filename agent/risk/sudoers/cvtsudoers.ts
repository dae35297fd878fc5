/** Sudoers as sudo's own cvtsudoers(1) reads it: aliases are resolved, line ends and quotes are its business. */
import { z } from "zod";
import { commandOf, type SudoersFile } from "./grant.ts";

const nameSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const optionSchema = z.record(z.string(), z.unknown());
const fileSchema = z.object({
  Defaults: z.array(z.object({ Options: z.array(optionSchema) })).optional(),
  User_Specs: z
    .array(
      z.object({
        User_List: z.array(nameSchema),
        Cmnd_Specs: z.array(
          z.object({
            runasusers: z.array(nameSchema).optional(),
            runasgroups: z.array(nameSchema).optional(),
            Options: z.array(optionSchema).optional(),
            Commands: z.array(z.object({ command: z.string(), negated: z.boolean().optional() })),
          }),
        ),
      }),
    )
    .optional(),
});

/** `json`: what `cvtsudoers -e -f json` prints. Null where it is something else. */
export function readCvtsudoers(json: string): SudoersFile | null {
  const parsed = fileSchema.safeParse(jsonOf(json));
  if (!parsed.success) return null;
  const { Defaults = [], User_Specs = [] } = parsed.data;
  const grants = User_Specs.flatMap(({ User_List, Cmnd_Specs }) =>
    Cmnd_Specs.flatMap(({ runasusers = [], runasgroups = [], Options = [], Commands }) => {
      const options = Object.assign({}, ...Options) as Record<string, unknown>;
      // A group alone is run with as oneself.
      const runas =
        runasusers.length > 0
          ? runasusers.map(nameOf)
          : runasgroups.length > 0
            ? ["(group)"]
            : ["root"];
      return Commands.map(({ command, negated }) => ({
        users: User_List.map(nameOf),
        ...commandOf(command),
        runas,
        negated: negated === true,
        withoutPassword: options["authenticate"] === false,
        setenv: options["setenv"] === true || (command === "ALL" && options["setenv"] !== false),
      }));
    }),
  );
  return { grants, defaults: Defaults.flatMap(({ Options }) => Options.flatMap(defaultsOf)) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text.replace(BARE_OPTION, "$1{ $2 }"));
  } catch {
    return null;
  }
}

/** Sudo 1.9.13, Debian 12's, prints these without braces in a list of objects. */
const BARE_OPTION = /^([\t ]+)("(?:runcwd|runchroot)": "(?:[^"\\\n]|\\.)*")(?=,?$)/gm;

const MARKS: Record<string, string> = { usergroup: "%", userid: "#", usergid: "%#", netgroup: "+" };

function nameOf(name: Record<string, string | number | boolean>): string {
  const [[kind, value] = ["", ""]] = Object.entries(name).filter(([key]) => key !== "negated");
  return `${name["negated"] === true ? "!" : ""}${MARKS[kind] ?? ""}${String(value)}`;
}

function defaultsOf(option: Record<string, unknown>): string[] {
  const sign =
    option["operation"] === "list_add" ? "+=" : option["operation"] === "list_remove" ? "-=" : "=";
  return Object.entries(option).flatMap(([name, value]) => {
    if (name === "operation") return [];
    if (typeof value === "boolean") return [value ? name : `!${name}`];
    return (Array.isArray(value) ? value : [value]).map((one) => `${name}${sign}${String(one)}`);
  });
}
