/**
 * A place is a lab host seen through mounts of its own: whatever is installed, broken or hidden there is
 * gone when it ends, so that tests undo nothing and may run at once. It shares processes and systemd with
 * the host. Nothing here judges the helper, but that each answer is one reply of the protocol.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { parseReply } from "../../agent/reply.ts";
import type { ErrorCode, Reply } from "../../protocol/reply.ts";
import { exec, HELPER, start, type Host, type User } from "../lab/host.ts";

/** Packages, policy, audit log and locks of the place alone; lines for sh(1). */
export const OWN_DISKS = `umask 022
mount -t tmpfs none /mnt
for folder in usr etc var srv; do
  mkdir -p /mnt/$folder/upper /mnt/$folder/work
  mount -t overlay none -o lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work /$folder
done
mkdir -p /run/sallyport
mount -t tmpfs -o mode=700 none /run/sallyport
rm -rf /var/log/sallyport
`;

/** The same as if Sallyport had never been there; /tmp is the place's own, too. */
export const NOTHING_SET_UP = `${OWN_DISKS}rm -rf /usr/local/libexec/sallyport /etc/sallyport
rm -f /etc/sudoers.d/zz-sallyport-* /usr/local/sbin/sallyport
mkdir -p /usr/local/libexec
mount -t tmpfs -o mode=1777 none /tmp
`;

/** Lines for sh(1) that add curl 2.0, with a postinst of the test's own, to the repository of the place. */
export const withCurl2 = (postinst: string): string => `
mkdir -p /srv/curl/DEBIAN
cat >/srv/curl/DEBIAN/control <<'END'
Package: curl
Version: 2.0
Architecture: all
Maintainer: Sallyport lab <lab@localhost>
Description: lab stand-in for curl
END
cat >/srv/curl/DEBIAN/postinst <<'END'
#!/bin/sh
${postinst}
END
chmod 755 /srv/curl/DEBIAN/postinst
dpkg-deb --root-owner-group -Znone --build /srv/curl /srv/repo >/dev/null
cd /srv/repo
{
  dpkg-deb --field curl_2.0_all.deb
  printf 'Filename: ./curl_2.0_all.deb\\nSize: %s\\nSHA256: %s\\n\\n' \
    "$(stat -c %s curl_2.0_all.deb)" "$(sha256sum curl_2.0_all.deb | cut -d' ' -f1)"
} >>Packages
cd /
`;

export async function inPlace<T>(
  host: Host,
  lines: string,
  visit: (place: Host) => Promise<T>,
): Promise<T> {
  const script = `${lines}\necho ready\nexec cat`;
  const child = start(host, "root", ["unshare", "--mount", "sh", "-euc", script]);
  let stderr = "";
  child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise((done) => child.once("close", done));
  const ready = new Promise((done) => child.stdout?.once("data", done));
  if ((await Promise.race([ready, ended.then(() => null)])) === null) throw new Error(stderr);
  // nsenter(1) waits for the process that it put into the host: that one is in the place.
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
  try {
    return await visit({ ...host, pid });
  } finally {
    child.stdin?.end();
    await ended;
  }
}

export type Word = string | Buffer;
export type Answer = { status: number | null; reply: Reply; stdout: string; stderr: string };
type Raw = { status: number | null; stdout: string; stderr: string };

/** Calls a program with each line of words (in hex, after an x) and says what came of it. */
const DRIVER = String.raw`
my ($jobs, @prefix) = @ARGV;
my @calls = <STDIN>;
my @workers;
for my $job (0 .. $jobs - 1) {
  my $pid = open(my $worker, "-|") // die "fork: $!";
  if ($pid) { push @workers, $worker; next }
  my $said = "";
  for (my $i = $job; $i < @calls; $i += $jobs) {
    my @words = map { pack "H*", substr $_, 1 } split " ", $calls[$i];
    open(my $errors, "+>", undef) or die "stderr: $!";
    my $child = open(my $output, "-|") // die "fork: $!";
    if (!$child) {
      open STDIN, "<", "/dev/null";
      open STDERR, ">&", $errors;
      exec { $prefix[0] } @prefix, @words;
      exit 127;
    }
    local $/;
    my $stdout = <$output> // "";
    close $output;
    my $status = $? & 127 ? "-" : $? >> 8;
    seek $errors, 0, 0;
    my $stderr = <$errors> // "";
    $said .= join(" ", $i, $status, map { "x" . unpack "H*", $_ } $stdout, $stderr) . "\n";
  }
  print $said;
  exit 0;
}
for my $worker (@workers) { print while <$worker> }
`;

const text = (word: string): string => Buffer.from(word.slice(1), "hex").toString();

/** Many calls by one process in the host, `jobs` of them at once; the ends in the order of the calls. */
async function callAll(
  host: Host,
  user: User,
  prefix: readonly string[],
  calls: readonly (readonly Word[])[],
  jobs: number,
): Promise<Raw[]> {
  const hex = (word: Word): string => `x${Buffer.from(word).toString("hex")}`;
  const input = calls.map((words) => `${words.map(hex).join(" ")}\n`).join("");
  const argv = ["/usr/bin/perl", "-e", DRIVER, String(jobs), ...prefix];
  const ended = await exec(host, user, argv, { input, timeoutMs: 110_000 });
  expect(ended.stderr).toBe("");
  const raws: Raw[] = [];
  for (const line of ended.stdout.trimEnd().split("\n")) {
    const [index, status, stdout = "", stderr = ""] = line.split(" ");
    raws[Number(index)] = {
      status: status === "-" ? null : Number(status),
      stdout: text(stdout),
      stderr: text(stderr),
    };
  }
  expect(Object.keys(raws)).toHaveLength(calls.length);
  return raws;
}

/** Fails unless stdout is one line that is one reply, by the schema, and the status agrees with it. */
export function answerIn({ status, stdout, stderr }: Raw): Answer {
  expect(stdout, `stdout is one line; stderr: ${stderr}`).toMatch(/^[^\n]+\n$/);
  const parsed = parseReply(stdout, status);
  if ("reason" in parsed) throw new Error(`${parsed.reason}: ${stdout.slice(0, 2000)} ${stderr}`);
  return { status, stdout, stderr, reply: parsed.reply };
}

const SUDO = ["/usr/bin/sudo", "-n", HELPER] as const;

/** Asks as `agent` through real sudo. */
export async function askAll(
  host: Host,
  calls: readonly (readonly Word[])[],
  { jobs = 2 } = {},
): Promise<Answer[]> {
  const raws = await callAll(host, "agent", SUDO, calls, jobs);
  return raws.map((raw) => {
    expect(raw.stderr).toBe("");
    return answerIn(raw);
  });
}

export async function askOnce(host: Host, ...words: readonly Word[]): Promise<Answer> {
  const [answer] = await askAll(host, [words], { jobs: 1 });
  if (answer === undefined) throw new Error("no answer");
  return answer;
}

const STRACE =
  "strace -f -qq --seccomp-bpf -e signal=none -e trace=execve,execveat,clone,clone3,fork,vfork";

/** The programs that were started, and how often the helper went on in another process of its own. */
export type Traced = Answer & { started: string[]; handedOver: number };

/** The same words as root without sudo, under strace(1). */
export async function tracedAll(
  host: Host,
  calls: readonly (readonly Word[])[],
  user: User = "root",
  environment: readonly string[] = [],
): Promise<Traced[]> {
  const prefix = [...STRACE.split(" "), ...environment.flatMap((word) => ["-E", word]), HELPER];
  const raws = await callAll(host, user, prefix, calls, 2);
  return raws.map((raw) => {
    const lines = raw.stderr.split("\n");
    const programs = lines.filter((line) => /execve(?:at)?\(/.test(line));
    expect(programs[0], "strace has seen the helper itself").toContain(HELPER);
    const others = programs.slice(1).filter((line) => !line.includes(`execve("/proc/self/exe", `));
    const handedOver = programs.length - 1 - others.length;
    const forks = lines.filter((line) => /(?:clone3?|v?fork)\(/.test(line));
    const processes = forks.filter((line) => !line.includes("CLONE_THREAD"));
    // A process that executes nothing, and is not the helper's own successor, is one too many as well.
    const started = processes.length === handedOver ? others : [...processes, ...others];
    return { ...answerIn(raw), started, handedOver };
  });
}

export function expectRefusal(answer: Answer, code: ErrorCode, message?: RegExp): void {
  expect(answer.reply.error?.code, `in ${answer.stdout}`).toBe(code);
  expect(answer.reply).toMatchObject({ success: false, exitCode: null, stdout: "", stderr: "" });
  if (message !== undefined) expect(answer.reply.error?.message).toMatch(message);
}

const root = resolve(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/sallyport-site");
/** Deadlines short enough to be waited for. docker.io is the lab's package with 5 MB of output. */
const SITE = `services:
  fail2ban: { allow: [start, stop, restart, status, logs] }
packages:
  docker.io: { allow: [install, remove, info] }
  rsync: { allow: [install, remove, upgrade, info] }
  curl: { allow: [install] }
  snapd: { allow: [install] }
system: { allow: [update, upgrade, autoremove, autoclean] }
deadlineSeconds: { read: 5, service: 2, package: 12, idle: 3, life: 6 }
`;

const BUILD = `test -x "$2/sallyport-helper" || {
  rm -rf "\${2%/*}"/site-* "$2"
  "$0" "$1" --policy "$3" --out "$2.new" >&2
  mv "$2.new" "$2"
}`;

/** Where the helper with SITE is, or will be: of this build, and of no other. */
function site(): { policy: string; out: string } {
  const ours = readFileSync(join(root, "dist/build.json"), "utf8");
  const key = createHash("sha256").update(ours).update(SITE).digest("hex").slice(0, 16);
  return { policy: join(cache, `${key}.yaml`), out: join(cache, `site-${key}`) };
}

/** How long it may take to build it, or to wait for who builds it. */
export const BUILD_MS = 300_000;

/** Builds a helper with SITE compiled in, by `npm run build -- --policy`; no test has the time for that. */
export async function buildSiteHelper(): Promise<void> {
  const { policy, out } = site();
  mkdirSync(cache, { recursive: true });
  writeFileSync(policy, SITE);
  const words = [process.execPath, join(root, "scripts/build.ts"), out, policy];
  // One of the files that need it builds it, and the others wait.
  await promisify(execFile)("flock", [join(cache, "lock"), "sh", "-euc", BUILD, ...words]);
}

/** Puts the helper that was built with SITE in the place of the default one. */
export function putSiteHelper(place: Host): void {
  copyFileSync(join(site().out, "sallyport-helper"), `/proc/${place.pid}/root${HELPER}`);
}
