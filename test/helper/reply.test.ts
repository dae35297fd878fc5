/** Every error code of protocol/reply.ts, produced by the built binary, with its exit status. */
import { beforeAll, expect, test } from "vitest";
import { EXIT_STATUS, type ErrorCode } from "../../protocol/reply.ts";
import {
  askAll,
  askOnce,
  BUILD_MS,
  buildSiteHelper,
  expectRefusal,
  inPlace,
  OWN_DISKS,
  putSiteHelper,
  tracedAll,
} from "../attack/place.ts";
import {
  arrangeScript,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  setUp,
  sudoHosts,
  type Host,
} from "../lab/host.ts";
import { withLocks } from "./held-locks.ts";

const STATUS = ["service", "status", "nginx"];
const RESTART = ["service", "restart", "nginx"];

type Row = {
  name: string;
  code: ErrorCode;
  status: number;
  lines?: string;
  words?: string[];
  message: RegExp;
};

/** What is refused before anything is started. */
const REFUSALS: Row[] = [
  { name: "no words", code: "usage", status: 64, words: [], message: /^usage: / },
  {
    name: "a word too many",
    code: "usage",
    status: 64,
    words: [...STATUS, "nginx"],
    message: /^usage: /,
  },
  {
    name: "an action that nobody defined",
    code: "usage",
    status: 64,
    words: ["service", "edit", "nginx"],
    message: /^usage: /,
  },
  {
    name: "a service outside the policy",
    code: "not_allowed",
    status: 77,
    words: ["service", "status", "cron"],
    message: /^security violation/,
  },
  {
    name: "a guarded action",
    code: "grant_required",
    status: 77,
    words: ["service", "stop", "ssh"],
    message: /service stop ssh$/,
  },
  {
    name: "a host that is locked down, even for a read",
    code: "locked_down",
    status: 77,
    lines: "mkdir -p /var/lib/sallyport; : >/var/lib/sallyport/lockdown",
    message: /locked/,
  },
  {
    name: "a lockdown that is a dangling link",
    code: "locked_down",
    status: 77,
    lines: "mkdir -p /var/lib/sallyport; ln -s /nowhere /var/lib/sallyport/lockdown",
    message: /locked/,
  },
  {
    name: "a policy file that is no policy",
    code: "not_allowed",
    status: 77,
    lines: "mkdir -p /etc/sallyport; echo nonsense >/etc/sallyport/policy.json",
    message: /policy file/,
  },
  {
    name: "an audit log that cannot be opened",
    code: "internal",
    status: 71,
    lines: "mkdir -p /var/log/sallyport/audit.jsonl",
    words: RESTART,
    message: /audit log/,
  },
  {
    name: "a helper that others can write",
    code: "unsafe",
    status: 71,
    lines: `chmod o+w ${HELPER.slice(0, HELPER.lastIndexOf("/"))}`,
    message: /helper or a directory above/,
  },
];

const HANGS = `[Service]
Type=oneshot
ExecStart=/bin/sleep 600
`;

describeInLab("every error code, by the built binary", () => {
  let host: Host;
  const seen = new Set<ErrorCode>();

  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent.each(REFUSALS)(
    "$code: $name is refused, and no process is started",
    async ({ code, status, lines = "", words = STATUS, message }) => {
      await inPlace(host, `${OWN_DISKS}${lines}\n`, async (place) => {
        const asked = await askOnce(place, ...words);
        expectRefusal(asked, code, message);
        expect(asked.status).toBe(status);
        const [traced] = await tracedAll(place, [words]);
        expect(traced).toMatchObject({ status, started: [], reply: { error: { code } } });
        // What the policy allows may already have been handed over when the log turns out to be unfit.
        expect(code === "internal" ? 0 : traced?.handedOver).toBe(0);
      });
      seen.add(code);
    },
  );

  test.concurrent("not_root: whoever starts the helper without sudo is refused", async () => {
    for (const user of ["agent", "ops"] as const) {
      const ended = await exec(host, user, [HELPER, ...RESTART]);
      expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "not_root" } });
      expect(ended.status).toBe(77);
    }
    const [traced] = await tracedAll(host, [RESTART], "agent");
    expect(traced).toMatchObject({
      status: 77,
      started: [],
      reply: { error: { code: "not_root" } },
    });
    seen.add("not_root");
  });

  test.concurrent("unsafe: a hostile variable is refused, and no process is started", async () => {
    const [traced] = await tracedAll(host, [RESTART], "root", ["LD_BIND_NOW=1"]);
    expect(traced).toMatchObject({ status: 71, started: [], reply: { error: { code: "unsafe" } } });
  });

  test.concurrent("unavailable: a host without systemd, and one without a package manager", async () => {
    const [container] = sudoHosts();
    if (container === undefined) throw new Error("no container");
    await setUp(container);
    const noManager = `${OWN_DISKS}rm /usr/bin/apt-get\n`;
    const traced = [
      await tracedAll(container, [STATUS, RESTART]),
      await inPlace(host, noManager, (place) => tracedAll(place, [["package", "info", "curl"]])),
    ].flat();
    expect(traced.map(({ started }) => started)).toEqual([[], [], []]);
    const asked = [
      await askAll(container, [STATUS, RESTART]),
      await inPlace(host, noManager, (place) => askAll(place, [["package", "install", "curl"]])),
    ].flat();
    for (const answer of [...asked, ...traced]) {
      expectRefusal(answer, "unavailable");
      expect(answer.status).toBe(69);
    }
    seen.add("unavailable");
  });

  test.concurrent("failed: the program ran, and its exit code and words are passed on", async () => {
    const answer = await askOnce(host, "service", "start", "caddy");
    expect(answer.status).toBe(1);
    expect(answer.reply).toMatchObject({
      success: false,
      exitCode: 5,
      stderr: expect.stringContaining("not found"),
      data: { kind: "service", unit: "caddy.service", LoadState: "not-found" },
      error: { code: "failed", message: "the program failed: exit code 5" },
    });
    seen.add("failed");
  });

  test.concurrent("busy: another package action is running, and nothing is started", async () => {
    await inPlace(host, OWN_DISKS, (place) =>
      withLocks(place, ["/run/sallyport/package.lock"], async () => {
        const [traced] = await tracedAll(place, [["package", "install", "curl"]]);
        expect(traced).toMatchObject({
          status: 75,
          started: [],
          reply: { error: { code: "busy" } },
        });
        expect(traced?.reply.durationMs).toBeGreaterThan(59_000);
        const [read] = await askAll(place, [["package", "info", "curl"]]);
        expect(read?.reply.success, "a read needs no lock").toBe(true);
      }),
    );
    seen.add("busy");
  }, 240_000);

  test.concurrent.each([
    { words: ["package", "update"], lock: "/var/lib/apt/lists/lock" },
    { words: ["package", "install", "curl"], lock: "/var/lib/dpkg/lock-frontend" },
    { words: ["package", "remove", "curl"], lock: "/var/lib/dpkg/lock" },
    { words: ["package", "autoclean"], lock: "/var/cache/apt/archives/lock" },
  ])(
    "busy: $lock is held by another program than ours",
    async ({ words, lock }) => {
      const lines = `${OWN_DISKS}apt-get -qq -y install curl >/dev/null 2>&1\n`;
      await inPlace(host, words.includes("remove") ? lines : OWN_DISKS, (place) =>
        withLocks(place, [lock], async () => {
          const answer = await askOnce(place, ...words);
          expect(answer.status, `in ${answer.stdout}`).toBe(75);
          expect(answer.reply).toMatchObject({ success: false, error: { code: "busy" } });
        }),
      );
    },
    240_000,
  );

  test.concurrent("timeout: what has had its time is stopped", async () => {
    const unit = "/run/systemd/system/fail2ban.service";
    await arrangeScript(host, `cat >${unit} <<'END'\n${HANGS}END\nsystemctl daemon-reload`);
    try {
      await inPlace(host, OWN_DISKS, async (place) => {
        putSiteHelper(place);
        const answer = await askOnce(place, "service", "start", "fail2ban");
        expect(answer.status).toBe(124);
        expect(answer.reply).toMatchObject({
          success: false,
          timedOut: true,
          error: { code: "timeout", message: "the deadline passed" },
        });
        expect(answer.reply.durationMs).toBeLessThan(6000);
      });
    } finally {
      await arrangeScript(host, `systemctl stop fail2ban; rm ${unit}; systemctl daemon-reload`);
    }
    seen.add("timeout");
  });

  test("every code of the protocol has been produced", () => {
    expect([...seen].toSorted()).toEqual(Object.keys(EXIT_STATUS).toSorted());
  });
});
