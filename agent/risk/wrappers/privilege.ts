/** Programs that start another one as somebody else, or with other rights. */
import type { Finding } from "../findings.ts";
import type { Wrapper } from "../wrapper.ts";

const ROOT: Finding = {
  rule: "users.as-root",
  level: "CRITICAL",
  axes: ["privileged"],
  text: "runs it as another user, by default root. Ask for the one thing with sallyport service or package",
};
const CONFINED: Finding = {
  rule: "kernel.namespace",
  level: "CRITICAL",
  axes: ["privileged"],
  text: "enters or makes other namespaces, a root folder or capabilities, which takes root",
};
const ELEVATED = {
  options:
    "-ABbEeHhiKklnPSsVv -C: -c: -D: -g: -p: -R: -r: -T: -t: -U: -u: --user= --group= --host= --prompt= --chdir= --chroot= --close-from= --other-user= --role= --type= --command-timeout= --askpass --background --bell --preserve-env? --edit --set-home --help --login --remove-timestamp --reset-timestamp --list --non-interactive --preserve-groups --stdin --shell --version --validate --no-update",
  assignments: true,
  effect: ROOT,
} as const;

export const PRIVILEGE: Readonly<Record<string, Wrapper>> = {
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
  "ip netns exec": { options: "", skip: 1, effect: CONFINED },
  "ip vrf exec": { options: "", skip: 1, effect: CONFINED },
  "start-stop-daemon": {
    options:
      "-SKTbomqtv -x: -a: -n: -u: -p: -s: -d: -r: --start --stop --exec= --startas= --name= --pidfile= --chuid= --background --make-pidfile",
    effect: ROOT,
  },
};
