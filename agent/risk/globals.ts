/** Options that stand before a subcommand: `git -C repo status`, `kubectl -n web get pods`. */
import type { Context } from "./context.ts";
import { optionsFrom, parseOptions } from "./options.ts";
import type { Word } from "./word.ts";

/** Those that only choose where to look or how to print. */
const HARMLESS: Readonly<Record<string, string>> = {
  git: "~ -C: -P --no-pager --git-dir= --work-tree= --namespace= --bare --no-optional-locks --literal-pathspecs --glob-pathspecs --no-replace-objects",
  docker: "~ -D -l: -c: --context= --debug --log-level=",
  podman: "~ -c: --connection= --log-level= --remote",
  "docker-compose": "~ -f: -p: --file= --project-name= --profile= --project-directory=",
  kubectl: "~ -n: -s: --namespace= --context= --cluster= --request-timeout= -v: --user=",
  oc: "~ -n: --namespace= --context= --cluster=",
  helm: "~ -n: --namespace= --kube-context= --debug",
  systemctl:
    "~ --user --system --no-pager --plain --no-legend --full --no-ask-password -l -q --quiet",
  aws: "~ --region= --profile= --output= --no-cli-pager --no-paginate --color= --no-cli-auto-prompt",
  gcloud: "~ --project= --quiet -q --format= --configuration= --account= --verbosity=",
  az: "~ --subscription= --output= -o:",
  terraform: "~ _chdir= _no-color",
  tofu: "~ _chdir= _no-color",
  npm: "~ --prefix= -s --silent",
  pnpm: "~ -C: --dir= -r -s",
  yarn: "~ --cwd= -s --silent",
  cargo: "~ -q -v --color= --offline --locked --frozen",
  gh: "~ -R: --repo=",
  ip: "~ -46abcdhNorsStj _4 _6 _br _brief _c _color _d _details _o _oneline _s _stats _j _json _p _pretty -f: -n: _n= _netns= _family=",
  tc: "~ -ds _s _d _j _p",
  nmcli: "~ -tpceagw -f: -g: -m: --terse --pretty --fields= --mode= --colors=",
  brew: "~ -qv",
  rabbitmqctl: "~ -nqst -p: --node= --quiet --silent --timeout= --formatter= --vhost=",
  zfs: "~",
  vault: "~ _address= _namespace= _format=",
  velero: "~ -n: --namespace= --kubecontext=",
  restic: "~ -r: --repo= -q --quiet --json --no-lock --verbose -v",
  borg: "~ --info --verbose -v --show-rc --progress",
  redis: "~",
  mc: "~ --json --quiet",
  supervisorctl: "~ -c: -s:",
};

/** Of one that is nowhere known, the value is not known either. */
const OTHER: Readonly<Record<string, string>> = {
  git: "-c: --exec-path? --config-env= -p --paginate --super-prefix= --html-path --man-path --info-path",
  docker: "-H: --host= --config= --tls --tlscacert= --tlscert= --tlskey= --tlsverify",
  podman: "--root= --runroot= --url= --storage-driver= --identity=",
  kubectl:
    "--kubeconfig= --server= --token= --as= --as-group= --certificate-authority= --client-key= --client-certificate= --password= --username= --insecure-skip-tls-verify? --tls-server-name= --cache-dir= --profile=",
  helm: "--kubeconfig= --kube-apiserver= --kube-token= --registry-config=",
  systemctl:
    "-H: -M: -t: -p: --host= --machine= --root= --image= --type= --state= --force -f --now --runtime --global --no-block --no-reload --property=",
  aws: "--endpoint-url= --ca-bundle= --cli-read-timeout= --cli-connect-timeout= --query= --debug --no-verify-ssl --no-sign-request",
  npm: "-g --global --userconfig= --registry=",
  restic: "--password-file= --password-command= -p: -o: --option= --cache-dir= --cacert=",
  borg: "--rsh= --remote-path= --umask= --lock-wait=",
  ip: "-b: _b= _batch= _force",
};

/**
 * The words behind those options. `strange`: one of them was not harmless, which was said, or not known.
 * Of git's `-c alias.x='!command'` and its like the value is a command.
 */
export function withoutGlobals(
  program: string,
  args: readonly Word[],
  context: Context,
): { args: readonly Word[]; strange: boolean } {
  const spec = Object.hasOwn(HARMLESS, program) ? HARMLESS[program] : undefined;
  const [first] = args;
  if (spec === undefined || first === undefined || !first.text.startsWith("-"))
    return { args, strange: false };
  const harmless = parseOptions(args, optionsFrom(spec));
  // `git --version` and `git --help` are for others to judge.
  if (harmless.rest === args.length && harmless.operands.length === 0 && args.length === 1)
    return { args, strange: false };
  if (harmless.unknown === null) return { args: args.slice(harmless.rest), strange: false };
  const all = parseOptions(args, optionsFrom(`${spec} ${OTHER[program] ?? ""}`));
  const text = "an option in front of the subcommand that is not known here to be harmless";
  context.add({ rule: "programs.global-option", level: "CAUTION", text }, [first.start, first.end]);
  if (program === "git")
    for (const { name, value } of all.given)
      if (name === "-c" && value !== null) gitSetting(value, context);
  return { args: args.slice(all.rest), strange: true };
}

function gitSetting(value: Word, context: Context): void {
  const [, key = "", setting = ""] = /^([^=]+)=([\s\S]*)$/.exec(value.text) ?? [];
  const runs =
    /^(?:alias\.|core\.(?:pager|editor|sshcommand|fsmonitor|hookspath|askpass|gitproxy|alternaterefscommand|attributesfile)|pager\.|(?:diff|merge)\..*\.?(?:command|driver|textconv|external|cmd)|diff\.external|(?:diff|merge)tool\.|credential\.|filter\.|gpg\.|sequence\.editor|uploadpack\.|receive\.|remote\..*\.(?:uploadpack|receivepack|proxy)|protocol\.|browser\.|web\.|sendemail\.|interactive\.|include|http\.proxy|url\.|init\.templatedir|ssh\.)/i;
  if (!runs.test(key)) return;
  const span = [value.start, value.end] as const;
  const text = "has git run a program of your choice by a setting";
  context.add({ rule: "git.setting-runs", level: "CRITICAL", text }, span);
  context.script(setting.replace(/^!/, ""), span, { kind: "none" });
}
