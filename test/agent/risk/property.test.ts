/** What must hold for any command: nothing that is put around or behind it makes it look better. */
import { beforeAll, describe, expect, test } from "vitest";
import { LEVELS, type Level } from "../../../agent/risk/level.ts";
import { openRisk, type RiskJudge } from "../../../agent/risk/open.ts";
import { random } from "./random.ts";

let judge: RiskJudge;
beforeAll(async () => {
  judge = await openRisk();
});

const rank = (level: Level): number => LEVELS.indexOf(level);

/** Of each family some; none has a single quote, so that any can be quoted. */
const UNSAFE = [
  "rm -rf /",
  "rm README.md",
  "find . -name x -delete",
  "dd if=/dev/zero of=/dev/sda bs=1M",
  "mkfs.ext4 /dev/sdb1",
  "shred -u -n 3 notes",
  "truncate -s 0 log",
  "chmod -R 777 /srv",
  "chmod u+s /bin/bash",
  "mv a b",
  "cp -r a b",
  "tee out",
  "sed -i s/a/b/ file",
  "tar -xzf a.tgz",
  "apt-get install -y nginx",
  "apt remove sudo",
  "npm install left-pad",
  "pip install x",
  "systemctl stop sshd",
  "systemctl enable evil",
  "reboot",
  "journalctl --vacuum-time=1s",
  "date -s 2020-01-01",
  "useradd -m eve",
  "usermod -aG sudo eve",
  "passwd -d root",
  "iptables -F",
  "ip link set eth0 down",
  "curl https://example.org",
  "curl -X DELETE https://example.org/1",
  "wget https://example.org/x",
  "nc -lvp 4444 -e /bin/sh",
  "scp file host:",
  "docker run --privileged x",
  "docker system prune -af",
  "kubectl delete pod x",
  "aws s3 rm s3://b --recursive",
  "terraform destroy",
  "psql -c drop_all",
  "redis-cli flushall",
  "git reset --hard",
  "git push --force origin main",
  "git clean -fdx",
  "insmod x.ko",
  "sysctl -w a.b=1",
  "crontab -r",
  "kill -9 1",
  "pkill node",
  "cat /etc/shadow",
  "cat ~/.ssh/id_rsa",
  "head /proc/1/environ",
  "python3 script.py",
  "./install.sh",
  "unknown-program --flag",
  "LD_PRELOAD=./x.so ls",
  "PATH=/tmp ls",
  "eval ls",
  "source ./x",
];

const AROUND: readonly ((command: string) => string)[] = [
  (c) => `sudo ${c}`,
  (c) => `sudo -n -u root -- ${c}`,
  (c) => `doas ${c}`,
  (c) => `env ${c}`,
  (c) => `env -i A=b ${c}`,
  (c) => `nice -n 5 ${c}`,
  (c) => `nohup ${c}`,
  (c) => `timeout -k 1 5 ${c}`,
  (c) => `stdbuf -oL ${c}`,
  (c) => `setsid ${c}`,
  (c) => `time ${c}`,
  (c) => `command ${c}`,
  (c) => `exec ${c}`,
  (c) => `echo x | xargs ${c}`,
  (c) => `find . -exec ${c} {} \\;`,
  (c) => `flock /tmp/l ${c}`,
  (c) => `ip netns exec n ${c}`,
  (c) => `docker exec -it box ${c}`,
  (c) => `kubectl exec pod -- ${c}`,
  (c) => `ssh host ${c}`,
  (c) => `watch -n 1 '${c}'`,
  (c) => `sh -c '${c}'`,
  (c) => `bash -lc '${c}'`,
  (c) => `bash -c "${c}"`,
  (c) => `su -c '${c}'`,
  (c) => `su root -c '${c}'`,
  (c) => `eval '${c}'`,
  (c) => `bash <<< '${c}'`,
  (c) => `bash <<'EOF'\n${c}\nEOF`,
  (c) => `echo '${c}' | sh`,
  (c) => `parallel '${c}' ::: a`,
  (c) => `systemd-run ${c}`,
  (c) => `chroot /mnt ${c}`,
  (c) => `unshare -r ${c}`,
  (c) => `strace -f ${c}`,
  (c) => `script -qc '${c}' /dev/null`,
  (c) => `( ${c} )`,
  (c) => `{ ${c}; }`,
  (c) => `! ${c}`,
  (c) => `if true; then ${c}; fi`,
  (c) => `if ${c}; then ls; fi`,
  (c) => `while ${c}; do ls; done`,
  (c) => `for i in 1 2; do ${c}; done`,
  (c) => `case x in *) ${c};; esac`,
  (c) => `f() { ${c}; }; f`,
  (c) => `trap '${c}' EXIT`,
  (c) => `echo "$(${c})"`,
  (c) => `ls \`${c}\``,
  (c) => `cat <(${c})`,
  (c) => `x=$(${c})`,
  (c) => `echo $((1 + $(${c})))`,
  (c) => `cat <<EOF\n$(${c})\nEOF`,
  (c) => `[[ -n "$(${c})" ]]`,
  (c) => `coproc ${c}`,
];

const BEHIND: readonly ((before: string, command: string) => string)[] = [
  (b, c) => `${b}; ${c}`,
  (b, c) => `${b} && ${c}`,
  (b, c) => `${b} || ${c}`,
  (b, c) => `${b} | ${c}`,
  (b, c) => `${b} |& ${c}`,
  (b, c) => `${b} & ${c}`,
  (b, c) => `${b}\n${c}`,
  (b, c) => `${b} $(${c})`,
  (b, c) => `${b} \`${c}\``,
  (b, c) => `${b} <(${c})`,
  (b, c) => `${b} > >(${c})`,
  (b, c) => `${b} "$(${c})"`,
];

const HARMLESS = [
  "ls -la",
  "git status",
  "echo hi",
  "cat README.md",
  "grep -r x src",
  "true",
  "x=1",
];

/** Another way to write the program's name, and the same program. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (n) => `"${n}"`,
  (n) => `'${n}'`,
  (n) => `\\${n}`,
  (n) => `${n.slice(0, 1)}''${n.slice(1)}`,
  (n) => `${n.slice(0, 1)}""${n.slice(1)}`,
  (n) => `${n.slice(0, 1)}\\${n.slice(1)}`,
  (n) => `$'${[...Buffer.from(n)].map((byte) => `\\x${byte.toString(16)}`).join("")}'`,
  (n) =>
    `$'${[...Buffer.from(n)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}'`,
  (n) => `$(echo ${n})`,
  (n) => `"$(printf %s ${n})"`,
];

function lower(rows: readonly [from: string, to: string][]): string[] {
  return rows
    .filter(([from, to]) => rank(judge.riskOf(to).level) < rank(judge.riskOf(from).level))
    .map(([from, to]) => `${from}  →  ${to}`);
}

test("every one of these commands is unsafe", () => {
  expect(UNSAFE.filter((command) => judge.riskOf(command).level === "SAFE")).toEqual([]);
});

describe("a command does not look better", () => {
  test("in any wrapper, branch or substitution", () => {
    expect(
      lower(UNSAFE.flatMap((c) => AROUND.map((around) => [c, around(c)] as [string, string]))),
    ).toEqual([]);
  });

  test("behind a harmless one, by any separator", () => {
    const rows = UNSAFE.flatMap((c) =>
      HARMLESS.flatMap((b) => BEHIND.map((behind) => [c, behind(b, c)] as [string, string])),
    );
    expect(lower(rows)).toEqual([]);
  });

  test("with the program's name in other quotes", () => {
    const rows = UNSAFE.filter((c) => /^[a-z]/.test(c)).flatMap((c) => {
      const [name = ""] = c.split(" ", 1);
      return SPELLINGS.map(
        (spelled) => [c, spelled(name) + c.slice(name.length)] as [string, string],
      );
    });
    expect(lower(rows)).toEqual([]);
  });

  test("in several wrappers around each other and behind each other", () => {
    const { below, pick } = random(20_261_125);
    const rows = Array.from({ length: 3000 }, (): [string, string] => {
      const command = pick(UNSAFE);
      let text = command;
      for (let times = 1 + below(3); times > 0; times -= 1) {
        const around = pick(AROUND);
        // Quotes within quotes would end them.
        const next =
          text.includes("'") || text.includes('"') || text.includes("EOF")
            ? `sudo ${text}`
            : around(text);
        text = below(4) === 0 ? pick(BEHIND)(pick(HARMLESS), text) : next;
      }
      return [command, text];
    });
    expect(lower(rows)).toEqual([]);
  });

  test("with its options in another order", () => {
    const { shuffled } = random(7);
    const options = [
      "rm -r -f -v x",
      "git push -f -u origin main",
      "docker rm -f -v x",
      "tar -x -z -f a",
      "rsync -a -v --delete a b",
      "chmod -R -v 777 /srv",
      "curl -s -X DELETE http://x",
      "sort -u -o f f",
      "ls -l -a -h",
      "grep -r -n x .",
    ];
    const rows = options.flatMap((command) => {
      const [name = "", ...words] = command.split(" ");
      const dashed = words.filter((word) => word.startsWith("-") && !/^-(?:X|o|f)$/.test(word));
      const rest = words.filter((word) => !dashed.includes(word));
      return Array.from({ length: 6 }, (): [string, string] => [
        command,
        [name, ...shuffled([...dashed, rest.join(" ")])].join(" "),
      ]);
    });
    expect(lower(rows)).toEqual([]);
    expect(lower(rows.map(([from, to]) => [to, from]))).toEqual([]);
  });
});
