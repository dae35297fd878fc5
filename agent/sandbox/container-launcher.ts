/**
 * Process 1 of a container: it tells what confines it, waits for its program, and ends with the program, with
 * Sallyport or at the deadline, whichever is first. With process 1 the kernel ends all others.
 */
import { statSync } from "node:fs";

/**
 * A bash that nobody may read: the kernel then lets nobody of the same user into /proc of its process. The program
 * could else hold the other end of what Sallyport's death is noticed by.
 */
export const LAUNCHER_PROGRAM = "/usr/libexec/sandbox-launcher";

/** Folder that both sides see; here it is read-only to everybody. */
export const GIVEN = "/sandbox";
/** Wakes it, to look whether it may go on: bash can lose what it reads just when its time to wait is over. */
export const WAKE = "\n";
/** Lines end the report; what comes after is the program's. */
const READY = "sandbox is ready\n";
/** What the program may take longer than its wall clock, until it is ended from inside. */
const GRACE_SECONDS = 5;

/**
 * Killing is left to the kernel, when process 1 ends. It looks fifty times a second: a helper that tells it could be
 * stopped by the program. What bash would end at is trapped; other signals do not reach a process 1. A process that
 * takes the program's number when that has ended only draws out its own run.
 *
 * Where it finds the words of its program when it starts, it starts that at once: an interpreter that waits at a pipe,
 * which has nobody's code yet. Process 1 ends with that, too, while it waits; a short program may come to its end
 * before process 1 is told to go, which it then is all the same.
 */
const LAUNCHER = `cd / && cat /proc/self/status /proc/self/limits /proc/self/mountinfo /proc/net/dev || exit 125
told() { [ ! -r "/sys/fs/cgroup/$2" ] || { read -r value <"/sys/fs/cgroup/$2" && echo "group $1 $value"; }; }
told memory memory/memory.limit_in_bytes; told memory memory.max
told period cpu/cpu.cfs_period_us; told quota cpu/cpu.cfs_quota_us; told share cpu.max
told processes pids/pids.max; told processes pids.max
cat /proc/self/mountinfo | while read -r _ _ _ _ point _; do [ ! -w "$point" ] || echo "open $point"; done
for folder in ${GIVEN} /workspace; do echo "folder $folder $(stat -c %d:%i "$folder")"; done
begin() {
	mapfile -d '' -t words <${GIVEN}/words
	cd "\${words[0]}" || exit 125
	trap : HUP INT ILL TRAP ABRT FPE BUS SEGV SYS PIPE ALRM TERM XCPU XFSZ VTALRM PROF USR1 USR2
	env --default-signal "\${words[@]:1}" <${GIVEN}/stdin &
	program=$!
}
program=
[ ! -e ${GIVEN}/words ] || begin
printf '${READY.trimEnd()}\\n'
until [ -e ${GIVEN}/seconds ]; do
	read -r -t 1 || [ $? -gt 128 ] || exit 125
	[ -z "$program" ] || kill -0 "$program" 2>/dev/null || [ -e ${GIVEN}/seconds ] || exit 125
done
[ -n "$program" ] || begin
read -r seconds <${GIVEN}/seconds
SECONDS=0
exec >/dev/null 2>&1
while kill -0 "$program" && [ "$SECONDS" -lt "$seconds" ]; do
	read -r -t 0.02 || [ $? -gt 128 ] || exit 125
done
kill -0 "$program" && exit 125
wait "$program"`;

export const LAUNCH = [LAUNCHER_PROGRAM, "--norc", "--noprofile", "-c", LAUNCHER] as const;

/** Variables of bash's, docker's and podman's own making. */
const NOT_WANTED = ["_", "SHLVL", "OLDPWD", "HOSTNAME", "TERM", "container"];

/**
 * Starts a program with variables out of a file: in an argument everybody on the host would see them, and in the
 * launcher's own environment they would act on the launcher.
 */
const WITH_VARIABLES = `import os, signal, sys
# Python ignores these, and what it starts would, too.
for number in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
with open("${GIVEN}/variables", "rb") as file:
    pairs = [pair.split(b"=", 1) for pair in file.read().split(b"\\0")[:-1]]
try:
    os.execvpe(sys.argv[1], sys.argv[1:], dict([*os.environb.items(), *pairs]))
except OSError as error:
    print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr)
    sys.exit(127)`;

type Start = {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Where it starts. */
  folder: string;
};

/** Files that it reads before it starts its program, by name. */
export function startFiles({ argv, env, folder }: Start): Record<string, string> {
  const variables = Object.entries(env).map((pair) => pair.join("="));
  const unset = NOT_WANTED.map((name) => `--unset=${name}`);
  const given = ["/usr/bin/python3", "-ISc", WITH_VARIABLES, ...argv];
  const words = [folder, ...unset, ...(variables.length === 0 ? argv : given)];
  return { words: listed(words), variables: listed(variables) };
}

/** File that lets it go on; there with all that is in it, or not at all. */
export function deadlineFile(seconds: number): { name: string; text: string } {
  return { name: "seconds", text: `${Math.ceil(seconds) + GRACE_SECONDS}\n` };
}

function listed(words: readonly string[]): string {
  return words.map((word) => `${word}\0`).join("");
}

/** The report, or null as long as not all of it is there. Nothing else is said before the program is started. */
export function reportIn(said: string): string | null {
  return said.endsWith(READY) ? said.slice(0, -READY.length) : null;
}

/** Whether `folder` of the host is what is at `inside`, and not something that has taken its place. */
export function isSameFolder(report: string, inside: string, folder: string | number): boolean {
  const { dev, ino } = statOf(folder);
  return report.includes(`folder ${inside} ${dev}:${ino}\n`);
}

function statOf(folder: string | number) {
  return statSync(typeof folder === "number" ? `/proc/self/fd/${folder}` : folder, {
    bigint: true,
  });
}
