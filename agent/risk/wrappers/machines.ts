/** Programs that start another one within a container or on another machine. */
import type { Finding } from "../findings.ts";
import type { Wrapper } from "../wrapper.ts";

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
const CONTAINER = { skip: 1, effect: INSIDE } as const;

export const MACHINES: Readonly<Record<string, Wrapper>> = {
  mosh: { options: "-46 -p: --ssh= --server= --predict=", skip: 1, shell: true, effect: REMOTE },
  rsh: { options: "-n -l:", skip: 1, shell: true, effect: REMOTE },
  pdsh: { options: "-bSqVL -w: -x: -l: -t: -u: -f: -R: -g:", shell: true, effect: REMOTE },
  "adb shell": { options: "-ntTx -e:", shell: true, effect: REMOTE },
  firejail: { options: "--quiet --noprofile --private? --net=", effect: INSIDE },
  "docker exec": {
    options:
      "-dit -e: -u: -w: --detach --env= --env-file= --interactive --privileged --tty --user= --workdir= --detach-keys=",
    ...CONTAINER,
  },
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
};
