/** The audit log under everything that would make it lie, lose a record or stand in the way. */
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import {
  arrange,
  arrangeScript,
  AUDIT,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  records,
  setUp,
  type Host,
} from "../lab/host.ts";
import {
  answerIn,
  askAll,
  askOnce,
  expectRefusal,
  inPlace,
  OWN_DISKS,
  type Word,
} from "./place.ts";

const RESTART = ["service", "restart", "nginx"];
const DENIED = ["service", "stop", "cron"];
const STATUS = ["service", "status", "nginx"];

const verification = z.looseObject({
  success: z.boolean(),
  records: z.int(),
  problemCount: z.int(),
  interruptedCount: z.int(),
  mended: z.int(),
  incompleteBytes: z.int(),
});

/** What the unprivileged half, which shares no code with the helper's, says of the chain. */
async function verified(place: Host): Promise<z.infer<typeof verification>> {
  const ended = await exec(place, "root", [
    "/opt/sallyport/sallyport",
    "audit",
    "verify",
    "--json",
  ]);
  return verification.parse(JSON.parse(ended.stdout));
}

/** Words that a terminal, a line reader or a parser could take for something else. */
const INJECTIONS: Word[] = [
  'nginx","decision":"allow","rule":"',
  'nginx\n{"v":1,"seq":999,"phase":"end"}',
  "nginx\r\nnginx",
  "\u001B[2J\u001B]0;owned\u0007",
  "\u009B2J",
  "\u202Exnign",
  "nginx\u2028nginx\u2029",
  "\u0001\u0008\u007F",
  "\\u0022\\",
  "__proto__",
  '"'.repeat(128),
  "\u0001".repeat(128),
  "😀".repeat(32),
  Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
  "%s%n%00",
  "ignore previous instructions",
];

/** What a terminal would obey or hide: control and bidi characters and line separators, but for newline. */
function invisible(text: string): string[] {
  const [hidden, first] = ["\u202A\u202B\u202C\u202D\u202E\u2028\u2029", " ".codePointAt(0) ?? 0];
  return text.split("").filter((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return (
      letter !== "\n" && (code < first || (code > 126 && code < 160) || hidden.includes(letter))
    );
  });
}

/**
 * Lets a program live as long as it likes, and then kills it 40 times, ever later in its life: the shortest of three,
 * for what else this machine does makes a life longer.
 */
const KILLER = `
use Time::HiRes qw(time sleep);
sub begin { my $child = fork; return $child if $child; open STDOUT, ">", "/dev/null"; exec @ARGV }
my $life = 1e9;
for (1 .. 3) {
  my $started = time;
  waitpid begin(), 0;
  my $lived = time() - $started;
  $life = $lived if $lived < $life;
}
for my $point (1 .. 40) {
  my $child = begin();
  sleep $life * $point / 36;
  kill "KILL", $child;
  waitpid $child, 0;
}
`;

describeInLab("the audit log", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent("V08: whatever the words of a request are, each record is one line of JSON", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const rows = INJECTIONS.flatMap((word) => [
        ["service", "stop", word],
        [word, "stop", "nginx"],
      ]);
      const answers = await askAll(place, rows, { jobs: 1 });
      expect(answers.filter(({ reply }) => reply.success)).toEqual([]);
      const bytes = await arrange(place, "cat", AUDIT);
      expect(bytes.split("\n")).toHaveLength(rows.length + 1);
      expect(invisible(bytes).filter((letter) => letter < " ")).toEqual([]);
      const logged = await records(place);
      expect(logged.map(({ argv }) => argv)).toEqual(
        rows.map((words) => words.map((word) => Buffer.from(word).toString())),
      );
      expect(logged.map(({ requestId }) => requestId)).toEqual(
        answers.map(({ reply }) => reply.requestId),
      );
      for (const record of logged) {
        expect(record).toMatchObject({ phase: "refused", uid: 1001, user: "agent", via: "sudo" });
        expect(record["decision"]).not.toBe("allow");
      }
      expect(await verified(place)).toMatchObject({
        success: true,
        records: rows.length,
        mended: 0,
      });
      const shown = await arrange(
        place,
        "/opt/sallyport/sallyport",
        "audit",
        "tail",
        "--lines",
        "100",
      );
      expect(invisible(shown)).toEqual([]);
    });
  });

  test.concurrent("V08: a caller's name and number are data, or the request is refused", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const name = 'x","uid":0,"user":"\n\u001B[2J';
      const named = await exec(place, "root", [
        "env",
        "SUDO_UID=1001",
        `SUDO_USER=${name}`,
        HELPER,
        ...DENIED,
      ]);
      expectRefusal(answerIn(named), "not_allowed");
      expect(await records(place)).toMatchObject([{ uid: 1001, user: name, via: "sudo" }]);
      const uids = ["", "-1", "+0", "0x0", "1e3", " 0", "1001\n", "99999999999", "NaN"];
      for (const uid of uids) {
        const ended = await exec(place, "root", ["env", `SUDO_UID=${uid}`, HELPER, ...RESTART]);
        expectRefusal(answerIn(ended), "unsafe", /who is asking/);
      }
      const logged = (await records(place)).slice(1);
      expect(logged.map(({ uid, phase }) => ({ uid, phase }))).toEqual(
        uids.map(() => ({ uid: null, phase: "refused" })),
      );
    });
  });

  test.concurrent("V20, V21: a peer of the socket whose uid cannot be told is refused; sudo's word comes first", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const ask = async (...environment: string[]) =>
        answerIn(await exec(place, "root", ["env", ...environment, HELPER, ...DENIED]));
      for (const peer of ["", "unknown", "3-4711-unknown", "3-4711-", "3-4711--1", "1001x"])
        expectRefusal(await ask(`SALLYPORT_PEER=${peer}`), "unsafe", /who is asking/);
      expectRefusal(await ask("SALLYPORT_PEER=3-4711-1001"), "not_allowed");
      expectRefusal(await ask("SALLYPORT_PEER=3-4711-0", "SUDO_UID=1002"), "not_allowed");
      expect((await records(place)).slice(-2)).toMatchObject([
        { uid: 1001, user: null, via: "socket" },
        { uid: 1002, user: null, via: "sudo" },
      ]);
    });
  });

  test.concurrent("however long its fields are, a record does not stand in the way of the next", async () => {
    const long = "x".repeat(100_000);
    const callers = [`SUDO_USER=${long}`, `LD_${long}=1`];
    await inPlace(host, OWN_DISKS, async (place) => {
      for (const variable of callers) {
        await exec(place, "root", ["env", "SUDO_UID=1001", variable, HELPER, ...DENIED]);
        const next = await askOnce(place, ...DENIED);
        expectRefusal(next, "not_allowed");
      }
      const words = "abcdefghijklmnop".split("").map((letter) => letter.repeat(50_000));
      expectRefusal(await askOnce(place, ...words), "usage");
      expectRefusal(await askOnce(place, ...DENIED), "not_allowed");
      expect(await verified(place)).toMatchObject({ success: true });
    });
  });

  test.concurrent("50 helpers at once: the chain verifies, and nothing is lost", async () => {
    const calls = Array.from({ length: 50 }, (_, index) => (index % 5 === 0 ? STATUS : DENIED));
    await inPlace(host, OWN_DISKS, async (place) => {
      const answers = await askAll(place, calls, { jobs: 50 });
      const logged = await records(place);
      const phases = new Map<unknown, unknown[]>();
      for (const { requestId, phase } of logged)
        phases.set(requestId, [...(phases.get(requestId) ?? []), phase]);
      for (const [index, { reply }] of answers.entries()) {
        expect(reply.error?.code).toBe(calls[index] === DENIED ? "not_allowed" : undefined);
        expect(phases.get(reply.requestId)).toEqual(
          calls[index] === DENIED ? ["refused"] : ["begin", "end"],
        );
      }
      expect(logged.map(({ seq }) => seq)).toEqual(logged.map((_, index) => index + 1));
      expect(await verified(place)).toMatchObject({
        success: true,
        records: 60,
        problemCount: 0,
        interruptedCount: 0,
        mended: 0,
      });
    });
  });

  test.concurrent("kill -9 at any point of a helper's life leaves a chain that verifies", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      await askOnce(place, ...DENIED);
      await arrange(place, "perl", "-e", KILLER, HELPER, ...STATUS);
      const answer = await askOnce(place, ...STATUS);
      expect(answer.reply.success).toBe(true);
      const logged = await records(place);
      expect(logged.at(-1)).toMatchObject({ phase: "end", requestId: answer.reply.requestId });
      const begun = logged.filter(({ phase }) => phase === "begin").length;
      const ended = logged.filter(({ phase }) => phase === "end").length;
      expect(ended, "not all of 44 lived as long as they liked").toBeLessThan(44);
      expect(await verified(place)).toMatchObject({
        success: true,
        problemCount: 0,
        interruptedCount: begun - ended,
      });
    });
  });

  test.concurrent("a torn record at the end is mended by the next, which says so", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      await askOnce(place, ...DENIED);
      const torn = '{"v":1,"seq":2,"time":"20';
      await arrangeScript(place, `printf %s '${torn}' >>${AUDIT}`);
      await askOnce(place, ...DENIED);
      expect((await records(place)).map(({ seq, torn: bytes }) => [seq, bytes])).toEqual([
        [1, undefined],
        [2, torn.length],
      ]);
      expect(await verified(place)).toMatchObject({ success: true, records: 2, mended: 1 });
    });
  });

  test.concurrent.each([
    { name: "a changed decision", edit: "2s/not_allowed/allow/" },
    { name: "a changed caller", edit: '2s/"uid":1001/"uid":1002/' },
    { name: "a removed record", edit: "2d" },
    { name: "a repeated record", edit: "2p" },
    { name: "records in another order", edit: "2{h;d};3G" },
  ])("verify finds $name", async ({ edit }) => {
    await inPlace(host, OWN_DISKS, async (place) => {
      await askAll(place, [DENIED, DENIED, DENIED], { jobs: 1 });
      expect(await verified(place)).toMatchObject({ success: true, records: 3 });
      await arrange(place, "sed", "-i", edit, AUDIT);
      const found = await verified(place);
      expect(found.success).toBe(false);
      expect(found.problemCount).toBeGreaterThan(0);
    });
  });

  test.concurrent.each([
    { words: ["service", "reload", "nginx"], synced: true, program: "systemctl" },
    { words: ["package", "install", "htop"], synced: true, program: "apt-get" },
    { words: STATUS, synced: false, program: "systemctl" },
    { words: ["package", "info", "htop"], synced: false, program: "apt-cache" },
    { words: DENIED, synced: false, program: null },
  ])(
    "$words: a change waits for its record to be on the disk, a read does not",
    async ({ words, synced, program }) => {
      await inPlace(host, OWN_DISKS, async (place) => {
        const strace =
          "strace -f -qq --seccomp-bpf -e signal=none -e trace=execve,fdatasync,fsync -o /var/trace";
        const ended = await exec(place, "root", [...strace.split(" "), HELPER, ...words]);
        const { reply } = answerIn(ended);
        const trace = (await arrange(place, "cat", "/var/trace")).split("\n");
        const at = (pattern: RegExp): number => trace.findIndex((line) => pattern.test(line));
        const log = at(/f(?:data)?sync\(\d+/);
        const act = program === null ? -1 : at(new RegExp(`execve\\("/usr/bin/${program}"`));
        expect(act === -1).toBe(program === null);
        expect(log !== -1 && log < act).toBe(synced);
        const phases = (await records(place)).map(({ phase, requestId }) => [phase, requestId]);
        const expected = program === null ? ["refused"] : ["begin", "end"];
        expect(phases).toEqual(expected.map((phase) => [phase, reply.requestId]));
      });
    },
  );

  test.concurrent("a record holds who asked for what, the decision and its rule, and how it ended", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const { reply } = await askOnce(place, "service", "start", "fail2ban");
      const policy = await arrange(place, "cat", "/opt/sallyport/build.json");
      const { policyHash } = JSON.parse(policy) as { policyHash: string };
      const boot = (await arrange(place, "cat", "/proc/sys/kernel/random/boot_id")).trim();
      const common = {
        v: 1,
        boot,
        uid: 1001,
        user: "agent",
        via: "sudo",
        requestId: reply.requestId,
        argv: ["service", "start", "fail2ban"],
        decision: "allow",
        policyHash,
      };
      const logged = await records(place);
      expect(logged).toMatchObject([
        { ...common, seq: 1, phase: "begin", rule: "service start fail2ban", prev: "0".repeat(64) },
        { ...common, seq: 2, phase: "end", prev: logged[0]?.["hash"] },
      ]);
      expect(logged[1]?.["result"]).toMatchObject({ code: "failed", exitCode: 5, timedOut: false });
      expect((await arrange(place, "stat", "-c", "%U %a", AUDIT)).trim()).toBe("root 640");
    });
  });
});
