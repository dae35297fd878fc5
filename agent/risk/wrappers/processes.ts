/** Programs that start another one here, as the same user. */
import type { Finding } from "../findings.ts";
import type { Wrapper } from "../wrapper.ts";

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

export const PROCESSES: Readonly<Record<string, Wrapper>> = {
  env: {
    options:
      "-i0v -u: -C: -P: --ignore-environment --null --unset= --chdir= --debug --block-signal? --default-signal? --ignore-signal?",
    assignments: true,
    alone: ENVIRONMENT,
  },
  "tmux send-keys": { options: "-FHKlMRX -c: -N: -t:", shell: true, effect: LATER },
  screen: { options: "-dmARiqUxL -S: -c: -t:", effect: LATER },
  entr: { options: "-acdnprsxz", effect: RECORDS },
  busybox: { options: "", alone: HARMLESS },
  toybox: { options: "", alone: HARMLESS },
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
