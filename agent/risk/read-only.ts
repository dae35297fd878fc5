/** The only way to SAFE: a use of a program, with its subcommand and every option, that is known to only read. */
import { isUse, optionsFrom, parseOptions } from "./options.ts";
import { CONTAINERS } from "./read-only/containers.ts";
import { DATA } from "./read-only/data.ts";
import { FILES } from "./read-only/files.ts";
import { GIT } from "./read-only/git.ts";
import { NETWORK } from "./read-only/network.ts";
import { PACKAGES } from "./read-only/packages.ts";
import { SYSTEM } from "./read-only/system.ts";
import { TEXT } from "./read-only/text.ts";
import { isHarmlessSed } from "./sed.ts";
import type { Word } from "./word.ts";

export const USES: ReadonlyMap<string, string> = new Map(
  [TEXT, FILES, SYSTEM, NETWORK, GIT, CONTAINERS, PACKAGES, DATA].flatMap((table) =>
    Object.entries(table),
  ),
);
const MOST_WORDS = 4;
const PROGRAMS = new Set([...USES.keys()].map((key) => key.split(" ", 1)[0] ?? ""));

/** The use that fits, as the table names it; null where none does. */
export function readOnlyUse(program: string, args: readonly Word[]): string | null {
  const special = SPECIAL[program];
  if (Object.hasOwn(SPECIAL, program) && special !== undefined)
    return special(args) ? program : null;
  for (let count = Math.min(MOST_WORDS - 1, args.length); count >= 0; count -= 1) {
    const subcommand = args.slice(0, count);
    const key = [program, ...subcommand.map(({ text }) => text)].join(" ");
    const spec = USES.get(key);
    // The longest name says what it is; a shorter one does not speak of it.
    if (spec !== undefined) {
      if (subcommand.some(({ dynamic }) => dynamic)) return null;
      // An option that is part of the name is one of those that the line describes, or needs no description.
      // Without a dot it is a subcommand: `git config edit`.
      if (key === "git config" && !args.some(({ text }) => /^[a-z]+\./i.test(text))) return null;
      return isUse(args.slice(count), optionsFrom(spec)) ? key : null;
    }
  }
  return null;
}

/** Whether the table or a rule speaks of a program at all. */
export function isListed(program: string): boolean {
  return PROGRAMS.has(program) || Object.hasOwn(SPECIAL, program);
}

const SED = optionsFrom(
  "-nErsuz -e: -l: --quiet --silent --expression= --regexp-extended --separate --unbuffered --null-data --posix --debug --sandbox --line-length=",
);
const DATE = SYSTEM["date"] ?? "";
const JQ = optionsFrom(
  "-cCMnrRsSjaeg --compact-output --color-output --monochrome-output --null-input --raw-output --raw-input --slurp --sort-keys --join-output --ascii-output --exit-status --tab --indent= --unbuffered --stream --seq",
);
const YQ = optionsFrom(
  "-PrMCnNej -o: -p: -I: --prettyPrint --output-format= --input-format= --no-colors --colors --raw-output --exit-status --null-input --indent= --unwrapScalar?",
);

const AWS_READS =
  /^(?:describe|list|head|lookup|estimate|validate|search|wait|filter|count)(?:-[a-z0-9]+)*$/;
const AWS_GETS =
  /^get-(?!.*(?:secret|password|credential|token|parameter|object$|key|data|session|login|authorization|console|certificate|private|export|function$|object-torrent|job-output|snapshot-block|dek|random|kubeconfig))[a-z0-9-]+$/;
const AWS_OPTION =
  /^--(?:[a-z-]*-?(?:ids?|names?|arns?|urls?|types?|prefix|key|keys|version|stage|status|states?|time|date|limit|items|results|size|token|filters?|values|owners?|tags?|groups?|period|statistics|dimensions|namespace|metric-[a-z]+|entity-[a-z]+|scope|bucket|cluster|region|profile|output|query|paginate|no-paginate|no-cli-pager|color|dry-run|human-readable|path|marker|delimiter|stack|function|table|role|policy|user|pattern|order-by|descending|include-[a-z-]+|no-[a-z-]+|all|family|service|services|tasks|attribute-[a-z]+|attributes|max-[a-z-]+|page-[a-z-]+|start-[a-z-]+|end-[a-z-]+|password-length))$/;
const CLOUD_READS = /^(?:list|describe|show|get-iam-policy)$/;
/** What may stand before that: a name that is one of these is no action. */
const CLOUD_GROUPS = new Set(
  "compute instances disks images snapshots networks subnets firewall-rules addresses regions zones machine-types forwarding-rules target-pools backend-services health-checks routes routers vpn-tunnels projects organizations folders services iam roles service-accounts container clusters node-pools operations sql databases functions run revisions app storage buckets logging logs sinks metrics monitoring pubsub topics subscriptions dns managed-zones record-sets builds scheduler jobs tasks queues config configurations components vm vmss disk image snapshot network vnet subnet nsg nic public-ip lb group resource aks acr repository webapp functionapp appservice plan blob server db cosmosdb monitor alert activity-log role assignment definition policy lock tag deployment provider feature".split(
    " ",
  ),
);
const CLOUD_OPTION =
  /^--(?:project|format|filter|limit|region|zone|zones|regions|sort-by|uri|page-size|location|flatten|instance|cluster|organization|folder|output|query|resource-group|name|subscription|ids|only-show-errors|top|max-items)(?:=|$)|^-(?:o|g|n|q)$/;

/** Those whose words are a language, or where one word changes everything. */
const SPECIAL: Readonly<Record<string, (args: readonly Word[]) => boolean>> = {
  // Whatever it is, it is printed.
  echo: (args) => args.every(({ opaque }) => !opaque),
  sed: sedIsHarmless,
  gsed: sedIsHarmless,
  date: (args) => {
    const { operands } = parseOptions(args, optionsFrom(DATE));
    return (
      isUse(args, optionsFrom(DATE)) &&
      operands.every(({ text, glob }) => text.startsWith("+") && !glob)
    );
  },
  ps: (args) =>
    isUse(args, optionsFrom(SYSTEM["ps"] ?? "")) &&
    // Without a dash `e` prints every variable of every process.
    args.every(({ text, dynamic }) => !dynamic && !/^[a-zA-Z]*e[a-zA-Z]*$/.test(text)),
  jq: (args) => {
    const { operands, unknown } = parseOptions(args, JQ);
    const [filter] = operands;
    if (unknown !== null || filter?.dynamic === true || args.some(({ opaque }) => opaque))
      return false;
    return !/\b(?:env|ENV|input_filename|import|include|halt_error|debug|stderr|input_line_number|get_search_list|modulemeta|\$__prog)\b/.test(
      filter?.text ?? "",
    );
  },
  yq: (args) => {
    const { operands, unknown } = parseOptions(args, YQ);
    if (unknown !== null || operands.some(({ dynamic }) => dynamic)) return false;
    return !operands.some(({ text }) =>
      /\b(?:env|strenv|envsubst|load\w*|eval|system)\b/.test(text),
    );
  },
  less: (args) =>
    isUse(args, optionsFrom(SYSTEM["less"] ?? "")) &&
    args.every(({ text, dynamic }) => !dynamic && !text.startsWith("+")),
  printf: (args) => args.every(({ opaque }) => !opaque) && args[0]?.text.startsWith("-v") !== true,
  test: expressionIsHarmless,
  "[": expressionIsHarmless,
  "[[": expressionIsHarmless,
  service: (args) =>
    isUse(args, optionsFrom(SYSTEM["service"] ?? "")) ||
    (args.length === 2 && /^[\w@-]+$/.test(args[0]?.text ?? "") && args[1]?.text === "status"),
  tar: tarLists,
  bsdtar: tarLists,
  gtar: tarLists,
  let: (args) => expressionIsHarmless(args) && args.every(({ text }) => !/^[A-Z_]+\W?=/.test(text)),
  getopts: (args) => args.length > 1 && variablesAreOwn(args.slice(1, 2)),
  mapfile: arrayIsOwn,
  readarray: arrayIsOwn,
  read: (args) => variablesAreSet(args, "read"),
  unset: (args) => variablesAreSet(args, "unset"),
  local: declarationIsHarmless,
  readonly: declarationIsHarmless,
  declare: declarationIsHarmless,
  typeset: declarationIsHarmless,
  export: (args) => args.length > 0 && declarationIsHarmless(args),
  set: (args) =>
    args.length > 0 &&
    args.every(
      ({ text, dynamic }) =>
        !dynamic &&
        /^(?:[-+][abefhkmnptuvxBCEHPT]*o?|pipefail|errexit|nounset|xtrace|--)$/.test(text),
    ),
  aws: awsReads,
  gcloud: cloudReads,
  az: cloudReads,
  printenv: (args) => args.length > 0 && isUse(args, optionsFrom(SYSTEM["printenv"] ?? "")),
};

/** `tar tzf a.tgz`, `tar --list -f a.tar`. */
function tarLists(args: readonly Word[]): boolean {
  const [first] = args;
  if (first === undefined || args.some(({ dynamic, brace, opaque }) => dynamic || brace || opaque))
    return false;
  const old = /^-?[zjJavZf]*t[zjJavZf]*$/.test(first.text);
  if (!old && first.text !== "--list") return false;
  return args
    .slice(1)
    .every(
      ({ text, glob }) =>
        /^(?:-[vzjJfa]+|--(?:verbose|gzip|bzip2|xz|zstd|file(?:=.*)?))$/.test(text) ||
        (!text.startsWith("-") && !(glob && /^[*?[]/.test(text))),
    );
}

function sedIsHarmless(args: readonly Word[]): boolean {
  const { operands, given, unknown } = parseOptions(args, SED);
  if (unknown !== null || args.some(({ opaque }) => opaque)) return false;
  const scripts = given.flatMap(({ name, value }) =>
    name === "-e" || name === "--expression" ? [value] : [],
  );
  if (scripts.length === 0) scripts.push(operands[0] ?? null);
  return scripts.every(
    (script) => script !== null && !script.dynamic && isHarmlessSed(script.text),
  );
}

/** A word with a substitution in it is run where the shell takes it for a number. */
function expressionIsHarmless(args: readonly Word[]): boolean {
  return args.every(({ text, opaque }) => !opaque && !/\$\(|`|\[.*\$/.test(text));
}

/** Small letters: no program knows them. */
function variablesAreOwn(args: readonly Word[]): boolean {
  return args.every(({ text, dynamic }) => !dynamic && /^(?:[a-z_]\w*|REPLY)$/.test(text));
}

function variablesAreSet(args: readonly Word[], program: string): boolean {
  const options = optionsFrom(SYSTEM[program] ?? "");
  return isUse(args, options) && variablesAreOwn(parseOptions(args, options).operands);
}

function arrayIsOwn(args: readonly Word[]): boolean {
  return variablesAreSet(args, "mapfile");
}

function declarationIsHarmless(args: readonly Word[]): boolean {
  return (
    args.every(({ text, dynamic }) => !dynamic && /^(?:-[aAilnru]+|\w+)$/.test(text)) &&
    args.every(({ text }) => !/^-[A-Za-z]*[px]/.test(text))
  );
}

function awsReads(args: readonly Word[]): boolean {
  const words = args.filter(({ text }) => !text.startsWith("-"));
  const [service, verb] = words;
  if (service === undefined || verb === undefined) return false;
  if (service.text === "s3")
    return (
      (verb.text === "ls" && isUse(args.slice(2), optionsFrom(DATA["aws s3 ls"] ?? ""))) ||
      isDryRun(args)
    );
  if (service.dynamic || verb.dynamic || args[0] !== service || args[1] !== verb) return false;
  if (
    !AWS_READS.test(verb.text) &&
    !AWS_GETS.test(verb.text) &&
    verb.text !== "get-random-password" &&
    verb.text !== "get-caller-identity"
  )
    return false;
  // A second value may be the name of a file that the answer is written to.
  if (
    verb.text.startsWith("get-") &&
    /(?:^|\n)[^-][^\n]*\n[^-]/.test(
      args
        .slice(2)
        .map(({ text }) => text)
        .join("\n"),
    )
  )
    return false;
  return args
    .slice(2)
    .every(
      ({ text, dynamic, opaque }) =>
        !opaque &&
        (text.startsWith("-") ? !dynamic && AWS_OPTION.test(text.split("=", 1)[0] ?? "") : true),
    );
}

function isDryRun(args: readonly Word[]): boolean {
  return (
    /^(?:cp|sync|mv|rm)$/.test(args[1]?.text ?? "") &&
    args.some(({ text }) => text === "--dryrun") &&
    args.every(
      ({ text, dynamic }) =>
        !dynamic &&
        (!text.startsWith("-") ||
          /^--(?:dryrun|delete|recursive|exclude|include|quiet|exact-timestamps|size-only)$/.test(
            text,
          )),
    )
  );
}

function cloudReads(args: readonly Word[]): boolean {
  const texts = args.map(({ text }) => text);
  const verb = texts.findIndex((text) => CLOUD_READS.test(text));
  if (verb === -1 || !texts.slice(0, verb).every((text) => CLOUD_GROUPS.has(text))) return false;
  return args.every(
    ({ text, dynamic, opaque }) =>
      !dynamic && !opaque && (!text.startsWith("-") || CLOUD_OPTION.test(text)),
  );
}
