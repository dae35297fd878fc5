/**
 * Programs that start another one: which words are theirs, and where the other one begins. Options are
 * written as options.ts reads them; `~` is understood.
 */
import type { Finding } from "./findings.ts";

export type Wrapper = {
  options: string;
  /** Operands of its own before the other program's name. */
  skip?: number;
  /** What stands there is run by a shell, as one text; where nothing is said, it is a program with its words. */
  shell?: true;
  /** Options whose values are run by a shell. */
  scripts?: readonly string[];
  /** `NAME=value` before the program. */
  assignments?: true;
  /** What it does by itself; nothing where it only passes on. */
  effect?: Finding;
  /** What it is when it starts nothing; otherwise CAUTION. */
  alone?: Finding;
};

const ROOT: Finding = {
  rule: "users.as-root",
  level: "CRITICAL",
  axes: ["privileged"],
  text: "runs it as another user, by default root. Ask for the one thing with sallyport service or package",
};
const INSIDE: Finding = {
  rule: "containers.exec",
  level: "CAUTION",
  text: "runs it within a container or another machine's system",
};
const REMOTE: Finding = {
  rule: "network.remote-command",
  level: "CAUTION",
  axes: ["network"],
  text: "runs it on another machine",
};
const CONFINED: Finding = {
  rule: "kernel.namespace",
  level: "CRITICAL",
  axes: ["privileged"],
  text: "enters or makes other namespaces, a root folder or capabilities, which takes root",
};
const FETCHED: Finding = {
  rule: "packages.run-fetched",
  level: "CAUTION",
  axes: ["network"],
  text: "may fetch a package from the network and runs it",
};
const LATER: Finding = {
  rule: "persistence.later",
  level: "CRITICAL",
  axes: ["persistence"],
  text: "has it run later, when nobody is looking",
};
const RECORDS: Finding = {
  rule: "files.record",
  level: "CAUTION",
  text: "runs it and writes down or looks into what it does",
};
const ENVIRONMENT: Finding = {
  rule: "environment.shown",
  level: "CAUTION",
  axes: ["exfiltration"],
  text: "prints all variables, and passwords and tokens are often among them. Name the one you need",
};
const HARMLESS: Finding = { rule: "read-only", level: "SAFE", text: "only prints or waits" };

const ELEVATED = {
  options:
    "-ABbEeHhiKklnPSsVv -C: -c: -D: -g: -p: -R: -r: -T: -t: -U: -u: --user= --group= --host= --prompt= --chdir= --chroot= --close-from= --other-user= --role= --type= --command-timeout= --askpass --background --bell --preserve-env? --edit --set-home --help --login --remove-timestamp --reset-timestamp --list --non-interactive --preserve-groups --stdin --shell --version --validate --no-update",
  assignments: true,
  effect: ROOT,
} as const;
const CONTAINER = { skip: 1, effect: INSIDE } as const;

export const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  sudo: ELEVATED,
  "sudo-rs": ELEVATED,
  doas: { options: "-Lns -C: -u: -a:", assignments: true, effect: ROOT },
  pkexec: { options: "--user= --disable-internal-agent --keep-cwd", effect: ROOT },
  run0: {
    options:
      "-u: -g: -D: --user= --group= --nice= --chdir= --setenv= --background= --unit= --slice=",
    effect: ROOT,
  },
  su: {
    options:
      "-lmpf -P -c: -g: -G: -s: -w: --command= --session-command= --group= --supp-group= --shell= --login --preserve-environment --pty",
    skip: 99,
    scripts: ["-c", "--command", "--session-command"],
    effect: ROOT,
  },
  runuser: {
    options:
      "-lmpf -P -c: -g: -G: -s: -u: -w: --command= --session-command= --group= --shell= --user= --login",
    scripts: ["-c", "--command", "--session-command"],
    effect: ROOT,
  },
  setpriv: {
    options:
      "-d -h --dump --nnp --no-new-privs --clear-groups --keep-groups --init-groups --reset-env --reuid= --regid= --ruid= --euid= --rgid= --egid= --groups= --inh-caps= --ambient-caps= --bounding-set= --securebits= --pdeathsig= --selinux-label= --apparmor-profile=",
    effect: CONFINED,
  },
  capsh: { options: "--print", skip: 99, effect: CONFINED },
  env: {
    options:
      "-i0v -u: -C: -P: --ignore-environment --null --unset= --chdir= --debug --block-signal? --default-signal? --ignore-signal?",
    assignments: true,
    alone: ENVIRONMENT,
  },
  nice: { options: "-n: -# --adjustment=", alone: HARMLESS },
  ionice: { options: "-t -c: -n: -p: -P: -u: --class= --classdata= --ignore", alone: HARMLESS },
  chrt: {
    options: "-abdefimorRv -T: -P: -D: -p: --batch --deadline --fifo --idle --other --rr",
    skip: 1,
  },
  taskset: { options: "-ac -p", skip: 1 },
  numactl: {
    options:
      "-aHls -i: -p: -m: -C: -N: --all --hardware --interleave= --membind= --cpunodebind= --physcpubind= --localalloc",
  },
  timeout: {
    options: "-fpv -k: -s: --foreground --preserve-status --verbose --kill-after= --signal=",
    skip: 1,
  },
  gtimeout: {
    options: "-fpv -k: -s: --foreground --preserve-status --kill-after= --signal=",
    skip: 1,
  },
  time: { options: "-pv -f: --portability --verbose --format=", alone: HARMLESS },
  nohup: {
    options: "",
    effect: {
      rule: "processes.detached",
      level: "CAUTION",
      text: "goes on after the terminal is gone, and may write nohup.out",
    },
  },
  setsid: {
    options: "-cfw --ctty --fork --wait",
    effect: {
      rule: "processes.detached",
      level: "CAUTION",
      text: "goes on in a session of its own",
    },
  },
  stdbuf: { options: "-i: -o: -e: --input= --output= --error=" },
  unbuffer: { options: "-p" },
  command: { options: "-p", alone: HARMLESS },
  builtin: { options: "", alone: HARMLESS },
  exec: { options: "-cl -a:", alone: HARMLESS },
  coproc: { options: "" },
  noglob: { options: "" },
  nocorrect: { options: "" },
  "-": { options: "" },
  eatmydata: { options: "" },
  fakeroot: { options: "-u -l: -s: -i: -b:" },
  prlimit: {
    options: "-p: --pid= --nofile= --as= --core= --cpu= --fsize= --nproc=",
    effect: { rule: "processes.limits", level: "CAUTION", text: "changes limits of processes" },
  },
  flock: {
    options:
      "-sxeonuFv -c: -w: -E: --shared --exclusive --nonblock --unlock --close --wait= --timeout= --conflict-exit-code= --command= --no-fork --verbose",
    skip: 1,
    scripts: ["-c", "--command"],
    effect: { rule: "files.lock", level: "CAUTION", text: "makes and holds a lock file" },
  },
  watch: {
    options:
      "-bcdegtpwx -n: -q: --interval= --differences? --no-title --color --precise --errexit --chgexit --exec --beep --no-wrap",
    shell: true,
  },
  "xvfb-run": {
    options: "-a -e: -f: -n: -p: -s: -w: --auto-servernum --server-args= --server-num=",
  },
  "dbus-run-session": { options: "--config-file= --dbus-daemon=" },
  "systemd-inhibit": {
    options: "--what= --who= --why= --mode= --list",
    effect: {
      rule: "services.inhibit",
      level: "CAUTION",
      text: "keeps the machine from shutting down meanwhile",
    },
  },
  "systemd-cat": { options: "-t: -p: --identifier= --priority=", effect: RECORDS },
  "systemd-run": {
    options:
      "-dGPqrSt -p: -M: -H: -u: -E: --user --system --scope --unit= --property= --uid= --gid= --on-active= --on-boot= --on-calendar= --on-startup= --pty --pipe --wait --slice= --description= --setenv= --collect --quiet",
    effect: LATER,
  },
  strace: {
    options: "-cCdDfFhikqrtTvVxyYzZ -a: -b: -e: -E: -I: -o: -O: -p: -P: -s: -S: -u: -U: -X:",
    effect: RECORDS,
  },
  ltrace: {
    options: "-cCfhiLrStTV -a: -A: -D: -e: -F: -l: -n: -o: -p: -s: -u: -w: -x:",
    effect: RECORDS,
  },
  gdb: { options: "-q -batch -ex: --args _batch _ex= _args _q -p:", effect: RECORDS },
  valgrind: { options: "-q -v --tool= --leak-check= --log-file=", effect: RECORDS },
  script: {
    options:
      "-aefqt -c: -O: -I: -B: -T: -E: -m: -o: --command= --append --return --flush --quiet --log-out=",
    skip: 99,
    scripts: ["-c", "--command"],
    effect: RECORDS,
  },
  entr: { options: "-acdnprsxz", effect: RECORDS },
  torsocks: { options: "-d -i -q", effect: REMOTE },
  proxychains: { options: "-q -f:", effect: REMOTE },
  proxychains4: { options: "-q -f:", effect: REMOTE },
  ssh: {
    options:
      "-46AaCfGgKkMNnqsTtVvXxYy -B: -b: -c: -D: -E: -e: -F: -I: -i: -J: -L: -l: -m: -O: -o: -P: -p: -Q: -R: -S: -W: -w:",
    skip: 1,
    shell: true,
    effect: REMOTE,
  },
  sshpass: {
    options: "-ehVv -p: -d: -f: -P:",
    effect: {
      ...REMOTE,
      rule: "network.password-in-argument",
      level: "CRITICAL",
      axes: ["network", "exfiltration"],
      text: "hands a password to ssh in an argument that everybody on this machine can read",
    },
  },
  mosh: { options: "-46 -p: --ssh= --server= --predict=", skip: 1, shell: true, effect: REMOTE },
  rsh: { options: "-n -l:", skip: 1, shell: true, effect: REMOTE },
  pdsh: { options: "-bSqVL -w: -x: -l: -t: -u: -f: -R: -g:", shell: true, effect: REMOTE },
  "adb shell": { options: "-ntTx -e:", shell: true, effect: REMOTE },
  chroot: { options: "--userspec= --groups= --skip-chdir", skip: 1, effect: CONFINED },
  proot: { options: "-0 -r: -b: -w: -q: -S: -R:", effect: CONFINED },
  unshare: {
    options:
      "-muinpUCTrcf -R: -w: -S: -G: --mount? --uts? --ipc? --net? --pid? --user? --cgroup? --time? --fork --kill-child? --map-root-user --map-current-user --map-auto --mount-proc? --propagation= --setgroups= --root= --wd= --setuid= --setgid= --keep-caps",
    effect: CONFINED,
  },
  nsenter: {
    options:
      "-amuinpUCTrwFZe -t: -S: -G: --all --target= --mount? --uts? --ipc? --net? --pid? --user? --cgroup? --root? --wd? --setuid= --setgid= --preserve-credentials --no-fork",
    effect: CONFINED,
  },
  "systemd-nspawn": {
    options:
      "-bqUxjnaP -D: -M: -i: -u: -E: --boot --directory= --machine= --bind= --bind-ro= --network-veth --image= --user=",
    effect: CONFINED,
  },
  firejail: { options: "--quiet --noprofile --private? --net=", effect: INSIDE },
  "ip netns exec": { options: "", skip: 1, effect: CONFINED },
  "ip vrf exec": { options: "", skip: 1, effect: CONFINED },
  "docker exec": {
    options:
      "-dit -e: -u: -w: --detach --env= --env-file= --interactive --privileged --tty --user= --workdir= --detach-keys=",
    ...CONTAINER,
  },
  "docker compose exec": {
    options: "-dT -e: -u: -w: --detach --env= --index= --privileged --user= --workdir= --no-TTY",
    ...CONTAINER,
  },
  "docker-compose exec": {
    options: "-dT -e: -u: -w: --detach --env= --index= --privileged --user= --workdir=",
    ...CONTAINER,
  },
  "podman exec": {
    options:
      "-ditl -e: -u: -w: --detach --env= --interactive --latest --privileged --tty --user= --workdir=",
    ...CONTAINER,
  },
  "nerdctl exec": {
    options: "-dit -e: -u: -w: --env= --interactive --tty --user= --workdir=",
    ...CONTAINER,
  },
  "crictl exec": { options: "-ist -r: --interactive --sync --tty --timeout=", ...CONTAINER },
  "kubectl exec": {
    options:
      "-it -c: -n: -f: --stdin --tty --container= --namespace= --context= --kubeconfig= --quiet --pod-running-timeout=",
    ...CONTAINER,
  },
  "oc exec": { options: "-it -c: -n: --stdin --tty --container= --namespace=", ...CONTAINER },
  "oc rsh": { options: "-t -c: -n: --container= --namespace= --shell=", ...CONTAINER },
  "lxc exec": {
    options: "-tTn --env= --mode= --user= --group= --cwd= --force-interactive",
    ...CONTAINER,
  },
  "incus exec": { options: "-tTn --env= --mode= --user= --group= --cwd=", ...CONTAINER },
  "lxc-attach": { options: "-n: -u: -g: -e -v: --name= --clear-env --keep-env", effect: INSIDE },
  "machinectl shell": { options: "-q -E: --uid= --setenv=", ...CONTAINER },
  "toolbox run": { options: "-c: -d: -r: --container= --distro= --release=", effect: INSIDE },
  "distrobox enter": { options: "-n: -T --name=", effect: INSIDE },
  "flatpak-spawn": {
    options: "--host --clear-env --watch-bus --env= --directory=",
    effect: INSIDE,
  },
  "vagrant ssh": {
    options: "-c: -p --command= --plain",
    skip: 99,
    scripts: ["-c", "--command"],
    effect: REMOTE,
  },
  "gcloud compute ssh": {
    options: "--command= --zone= --project= --tunnel-through-iap --internal-ip --quiet",
    skip: 99,
    scripts: ["--command"],
    effect: REMOTE,
  },
  busybox: { options: "", alone: HARMLESS },
  toybox: { options: "", alone: HARMLESS },
  npx: {
    options: "-yq -p: --yes --no --no-install --quiet --package= -c: --call=",
    scripts: ["-c", "--call"],
    effect: FETCHED,
  },
  pnpx: { options: "-s", effect: FETCHED },
  bunx: { options: "--bun", effect: FETCHED },
  uvx: { options: "-q --from= --with= --python=", effect: FETCHED },
  "npm exec": {
    options: "-yc: --yes --package= --call=",
    scripts: ["-c", "--call"],
    effect: FETCHED,
  },
  "pnpm exec": {
    options: "-rc",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "pnpm dlx": { options: "--package=", effect: FETCHED },
  "yarn dlx": { options: "-q -p: --package=", effect: FETCHED },
  "pipx run": { options: "--spec= --python= --no-cache", effect: FETCHED },
  "uv run": { options: "-q --with= --python= --project= --no-sync --frozen", effect: FETCHED },
  "poetry run": {
    options: "",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "pipenv run": {
    options: "",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "bundle exec": {
    options: "--keep-file-descriptors",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "conda run": {
    options: "-n: -p: --name= --prefix= --no-capture-output --live-stream",
    effect: { rule: "packages.run", level: "CAUTION", text: "runs a program of a project" },
  },
  "direnv exec": {
    options: "",
    skip: 1,
    effect: { rule: "packages.run", level: "CAUTION", text: "runs it with a project's variables" },
  },
  "mise exec": { options: "", effect: FETCHED },
  "asdf exec": { options: "", effect: FETCHED },
  "nix-shell": {
    options: "-p: -A: -I: --pure --run= --command= --packages=",
    skip: 99,
    scripts: ["--run", "--command"],
    effect: FETCHED,
  },
  "nix develop": { options: "-c", effect: FETCHED },
  "doppler run": {
    options: "-p: -c: --project= --config= --command=",
    scripts: ["--command"],
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "op run": {
    options: "--env-file= --no-masking",
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "aws-vault exec": {
    options: "-n --no-session --duration=",
    skip: 1,
    effect: {
      rule: "cloud.with-secrets",
      level: "CAUTION",
      axes: ["exfiltration"],
      text: "gives it secrets in its variables",
    },
  },
  "git bisect run": {
    options: "",
    effect: {
      rule: "git.bisect",
      level: "CAUTION",
      text: "checks out one commit after the other and runs it",
    },
  },
  "git submodule foreach": {
    options: "--recursive --quiet",
    shell: true,
    effect: { rule: "git.foreach", level: "CAUTION", text: "runs it in every submodule" },
  },
  "tmux new-session": {
    options: "-AdDEPX -c: -e: -f: -F: -n: -s: -t: -x: -y:",
    shell: true,
    effect: LATER,
  },
  "tmux new": {
    options: "-AdDEPX -c: -e: -f: -F: -n: -s: -t: -x: -y:",
    shell: true,
    effect: LATER,
  },
  "tmux send-keys": { options: "-FHKlMRX -c: -N: -t:", shell: true, effect: LATER },
  screen: { options: "-dmARiqUxL -S: -c: -t:", effect: LATER },
  "start-stop-daemon": {
    options:
      "-SKTbomqtv -x: -a: -n: -u: -p: -s: -d: -r: --start --stop --exec= --startas= --name= --pidfile= --chuid= --background --make-pidfile",
    effect: ROOT,
  },
  trap: {
    options: "-lp",
    skip: 99,
    effect: { rule: "shell.trap", level: "CAUTION", text: "has a text run when a signal comes" },
  },
  at: { options: "-mMlrbvV -q: -t: -f: -c:", skip: 99, effect: LATER },
  batch: { options: "", skip: 99, effect: LATER },
  "ld.so": {
    options: "--library-path= --preload= --argv0=",
    effect: {
      rule: "obfuscation.loader",
      level: "CRITICAL",
      text: "starts a program by the loader, past its own name",
    },
  },
};

/** Names by which the loader itself is called. */
export const LOADER = /^ld(?:-linux[\w-]*)?\.so(?:\.\d+)?$/;

const longest = 3;

/** The wrapper that a command begins with, and how many words its name has. */
export function wrapperOf(
  program: string,
  args: readonly { text: string }[],
): [Wrapper, number] | null {
  const names = [program, ...args.slice(0, longest - 1).map(({ text }) => text)];
  for (let words = Math.min(longest, names.length); words > 0; words -= 1) {
    const name = names.slice(0, words).join(" ");
    const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
    if (wrapper !== undefined) return [wrapper, words - 1];
  }
  return LOADER.test(program) ? [WRAPPERS["ld.so"] ?? { options: "" }, 0] : null;
}
