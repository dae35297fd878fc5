/** What a caller puts into the environment and into the folder it starts from. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrange, arrangeScript, describeInLab, HELPER } from "../lab/host.ts";
import { ownHost, records, setUp, type Host } from "../lab/host.ts";
import {
  callAs,
  ENVIRONMENT,
  provenChain,
  readTrace,
  seenBySpy,
  TRACED,
  WITH_SPY,
  type Called,
} from "./caller.ts";
import { ARRANGE_EVIL, CANARIES, EVIL, REMOVE_EVIL } from "./evil-folder.ts";

type Row = readonly [id: string, variable: string];

/** These steer Node, the loader, OpenSSL or a packer: where they arrive, nothing is done. */
const HOSTILE: readonly Row[] = [
  ["N02", `NODE_OPTIONS=--require=${EVIL}/evil.cjs`],
  ["N02", "NODE_OPTIONS=--inspect=0.0.0.0:9229"],
  ["N03", `NODE_V8_COVERAGE=${EVIL}/canary.coverage`],
  ["N03", `NODE_COMPILE_CACHE=${EVIL}/canary.cache`],
  ["N03", `NODE_EXTRA_CA_CERTS=${EVIL}/evil.cjs`],
  ["N03", "NODE_DEBUG=fs,module,child_process"],
  ["N03", `NODE_PATH=${EVIL}/node_modules`],
  ["N03", `NODE_REDIRECT_WARNINGS=${EVIL}/canary.warnings`],
  ["N03", `OPENSSL_CONF=${EVIL}/openssl.cnf`],
  ["N03", `OPENSSL_MODULES=${EVIL}`],
  ["N03", `SSL_CERT_FILE=${EVIL}/evil.cjs`],
  ["N03", `SSL_CERT_DIR=${EVIL}`],
  ["N03", "UV_THREADPOOL_SIZE=1024"],
  ["N03", "UV_USE_IO_URING=1"],
  ["N04", "PKG_EXECPATH=PKG_INVOKE_NODEJS"],
  ["N04", `PKG_NATIVE_CACHE_PATH=${EVIL}`],
  ["N05", `BUN_OPTIONS=--preload=${EVIL}/evil.cjs`],
  ["N05", "BUN_BE_BUN=1"],
  ["N10", "LD_BIND_NOW=1"],
  ["N10", `LD_LIBRARY_PATH=${EVIL}`],
  ["N10", `LD_PRELOAD=${EVIL}/evil.so`],
  ["N10", `LD_AUDIT=${EVIL}/evil.so`],
];

/** These end Node before the helper's first line, where they arrive: nothing is done, and nothing said. */
const FATAL: readonly Row[] = [
  ["N03", "NODE_CHANNEL_FD=0"],
  ["N03", `NODE_REPL_EXTERNAL_MODULE=${EVIL}/evil.cjs`],
];

/** These steer what a child could be: the helper itself has no use for them. */
const HARMLESS: readonly Row[] = [
  ["V22", `SYSTEMD_PAGER=${EVIL}/run`],
  ["V22", `PAGER=${EVIL}/run`],
  ["V22", "LESS=+!id"],
  ["V22", `LESSOPEN=|${EVIL}/run %s`],
  ["V22", `SYSTEMD_EDITOR=${EVIL}/run`],
  ["V22", "SYSTEMD_PAGERSECURE=0"],
  ["V22", "SYSTEMD_COLORS=1"],
  ["V22", "SYSTEMD_LOG_LEVEL=debug"],
  ["V26", `PATH=${EVIL}/bin`],
  ["V26", "TERM=xterm-evil"],
  ["V15", "IFS=/"],
  ["V15", "LANG=tr_TR.UTF-8"],
  ["V15", "LC_ALL=../../../../home/agent/evil"],
  ["V15", "TZ=:/home/agent/evil/evil.cjs"],
  ["V15", `BASH_ENV=${EVIL}/rc`],
  ["V15", `ENV=${EVIL}/rc`],
  ["V15", "BASH_FUNC_systemctl%%=() { echo >/home/agent/evil/canary.function; }"],
  ["V25", `PERL5LIB=${EVIL}`],
  ["V23", `PYTHONPATH=${EVIL}/python`],
  ["P05", `APT_CONFIG=${EVIL}/apt.conf`],
  ["P06", "DEBIAN_FRONTEND=readline"],
  ["N04", "CHDIR=/home/agent/evil"],
  ["N01", "SALLYPORT_REQUEST=forged"],
];
/** The caller's name in the log comes from sudo. */
const FORGED = ["SUDO_UID=0", "SUDO_USER=root", "SUDO_GID=0", "USER=root", "LOGNAME=root"];

const CHILDS = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
  LC_ALL: "C.UTF-8",
  SYSTEMD_PAGER: "cat",
  SYSTEMD_PAGERSECURE: "1",
  SYSTEMD_COLORS: "0",
};

const READ = ["service", "status", "nginx"];
const SUDO = ["/usr/bin/sudo", "-n"];
const names = (rows: readonly Row[]): string[] => rows.map(([, text]) => text.replace(/=.*/s, ""));
const rowsOf = (rows: readonly Row[]) => rows.map(([id, variable], at) => ({ id, variable, at }));

function rightAnswer(called: Called | undefined): void {
  expect(called?.reply).toMatchObject({
    success: true,
    stderr: "",
    data: { unit: "nginx.service", ActiveState: "active" },
  });
  const env = (seenBySpy(called?.reply ?? null)["env"]?.[0] ?? "").split("\0").filter(Boolean);
  const { requestId } = called?.reply ?? {};
  expect(Object.fromEntries(env.map((entry) => entry.split("=", 2)))).toEqual({
    ...CHILDS,
    SALLYPORT_REQUEST: requestId,
  });
}

function withEnvironment(run: readonly string[], ...variables: readonly string[]) {
  return { run, env: [...ENVIRONMENT, ...variables], cwd: EVIL };
}

describeInLab("environment", () => {
  let host: Host;
  let plain: Called[] = [];
  let site: Called[] = [];
  let direct: Called[] = [];
  let [left, leftByRoot] = ["", ""];
  let [all, refusedByRoot, traced]: (Called | undefined)[] = [];
  let opened = "";
  const rows = [...HOSTILE, ...HARMLESS, ...FATAL];
  const everything = [...rows.map(([, variable]) => variable), ...FORGED];

  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
    await arrangeScript(host, ARRANGE_EVIL);
    const helper = [...SUDO, HELPER, ...READ];
    plain = await callAs(
      host,
      [
        ...rows.map(([, variable]) => withEnvironment(helper, variable)),
        withEnvironment(helper, ...everything),
        withEnvironment([...SUDO, "-E", HELPER, ...READ], ...everything),
        withEnvironment(
          [...SUDO, "--preserve-env=NODE_OPTIONS,LD_PRELOAD", HELPER, ...READ],
          ...everything,
        ),
        withEnvironment([...SUDO, `NODE_OPTIONS=--require=${EVIL}/evil.cjs`, HELPER, ...READ]),
        withEnvironment([...SUDO, `LD_PRELOAD=${EVIL}/evil.so`, HELPER, ...READ]),
      ],
      { within: WITH_SPY },
    );
    // What a site may have written before us, each for itself the end of other helpers.
    const careless = ["Defaults setenv", "Defaults !env_reset", "Defaults !secure_path"];
    const kept = `Defaults env_keep+="${names(rows)
      .filter((name) => !name.includes("%"))
      .join(" ")}"`;
    for (const line of [kept, ...careless]) {
      await arrangeScript(host, `printf '%s\\n' '${line}' >/etc/sudoers.d/a-careless-site`);
      const cases = [
        withEnvironment(helper, ...everything),
        withEnvironment([...SUDO, "-E", HELPER, ...READ], ...everything),
        withEnvironment([...SUDO, `NODE_OPTIONS=--require=${EVIL}/evil.cjs`, HELPER, ...READ]),
      ];
      site.push(...(await callAs(host, cases, { within: WITH_SPY })));
    }
    await arrange(host, "rm", "/etc/sudoers.d/a-careless-site");
    left = await arrangeScript(host, CANARIES);
    // Without sudo nothing is between the variables and the helper.
    const cases = [
      ...rows.map(([, variable]) => withEnvironment([HELPER, ...READ], variable)),
      withEnvironment([HELPER, ...READ], ...HOSTILE.map(([, variable]) => variable)),
    ];
    direct = await callAs(host, cases, { user: "root", within: WITH_SPY });
    refusedByRoot = direct.pop();
    leftByRoot = await arrangeScript(host, CANARIES);
    await arrangeScript(host, `rm -rf ${EVIL}/canary.*`);
    const strace = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", "/root/opened"];
    [traced] = await callAs(host, [withEnvironment(helper, ...everything)], {
      within: [...WITH_SPY, ...strace],
    });
    opened = await arrange(host, "cat", "/root/opened");
    all = plain[rows.length];
  });

  afterAll(async () => {
    await arrangeScript(host, `${REMOVE_EVIL}; rm -f /root/opened /etc/sudoers.d/a-careless-site`);
  });

  test.each(rowsOf(HOSTILE))(
    "$id: $variable, by root without sudo, is unsafe and nothing is done",
    ({ variable, at }) => {
      // A file that is no library: the loader says so, and ignores it.
      const loader = /^LD_(PRELOAD|AUDIT)/.test(variable);
      expect(direct[at]).toMatchObject({ status: 71, reply: { error: { code: "unsafe" } } });
      expect(direct[at]?.reply).toMatchObject({ success: false, stdout: "", data: null });
      if (!loader) expect(direct[at]?.stderr).toBe("");
    },
  );

  test("N03: all of them at once, by root without sudo, are unsafe", () => {
    expect(refusedByRoot).toMatchObject({ status: 71, reply: { error: { code: "unsafe" } } });
  });

  test.each(rowsOf(HARMLESS))(
    "$id: $variable, by root without sudo, does not reach a child",
    ({ at }) => {
      rightAnswer(direct[HOSTILE.length + at]);
    },
  );

  test.each(rowsOf(rows))("$id: $variable, through sudo, changes nothing", ({ at }) => {
    expect(plain[at]?.status).toBe(0);
    rightAnswer(plain[at]);
  });

  test("V15: all of them at once, through sudo, change nothing", () => {
    rightAnswer(all);
  });

  test.each([
    ["sudo -E", 1],
    ["sudo --preserve-env=NODE_OPTIONS,LD_PRELOAD", 2],
    ["sudo NODE_OPTIONS=…", 3],
    ["sudo LD_PRELOAD=…", 4],
  ])("V15: %s is refused by sudo, and the helper is not started", (_, after) => {
    expect(plain[rows.length + after]).toMatchObject({ status: 1, stdout: "" });
    expect(plain[rows.length + after]?.stderr).toMatch(/not allowed to (?:preserve|set)/);
  });

  test.each(["env_keep", "setenv", "!env_reset", "!secure_path"].map((line, at) => ({ line, at })))(
    "V15: a site's `Defaults $line` lets nothing in",
    ({ at }) => {
      const [kept, preserved, given] = site.slice(3 * at, 3 * at + 3);
      rightAnswer(kept);
      for (const one of [preserved, given])
        expect(one).toMatchObject({ status: 1, stdout: "", signal: 0 });
    },
  );

  test("P05: a package action gets the same, and what keeps it from asking", async () => {
    const run = [...SUDO, HELPER, "package", "update"];
    const [called] = await callAs(host, [withEnvironment(run, ...everything)], { within: TRACED });
    const { executed } = await readTrace(host);
    expect(called?.reply).toMatchObject({ success: true });
    const apt = [...executed.values()]
      .flat()
      .find((call) => call.includes('execve("/usr/bin/apt-get"'));
    const [, words = "[]"] = /(\[[^\]]*\])\) = 0$/.exec(apt ?? "") ?? [];
    const env = (JSON.parse(words) as string[]).map((entry) => entry.split("=", 2));
    expect(Object.fromEntries(env)).toEqual({
      ...CHILDS,
      DEBIAN_FRONTEND: "noninteractive",
      APT_LISTCHANGES_FRONTEND: "none",
      NEEDRESTART_SUSPEND: "1",
      SALLYPORT_REQUEST: called?.reply?.requestId,
    });
    expect(await arrangeScript(host, CANARIES)).toBe("");
  });

  test("V19: forged SUDO_ variables do not change whom the log names", async () => {
    const written = await records(host);
    const ids = [all, ...site].map((one) => one?.reply?.requestId).filter((id) => id !== undefined);
    expect(ids).toHaveLength(5);
    for (const id of ids)
      expect(written.filter(({ requestId }) => requestId === id)).toMatchObject([
        { uid: 1001, user: "agent", via: "sudo", phase: "begin" },
        { uid: 1001, user: "agent", via: "sudo", phase: "end" },
      ]);
    await provenChain(host);
  });

  test("N05: no path of the caller's is so much as looked at, in a hostile folder", () => {
    expect(traced?.reply).toMatchObject({ success: true });
    const start = opened.indexOf(`execve("${HELPER}"`);
    expect(start).toBeGreaterThan(0);
    // From the helper's start on; before it, sudo itself is given the folder to start from.
    const after = opened.slice(start).replace(/^.*execve\(.*$/gm, "");
    expect(after).toContain("/proc/self/limits");
    expect(after).not.toMatch(/evil|\/home\/agent|bunfig|node_modules|\.npmrc|\.pam_environment/);
  });

  test.each(rowsOf(FATAL))(
    "$id: $variable, by root without sudo, ends before it begins",
    ({ at }) => {
      const called = direct[HOSTILE.length + HARMLESS.length + at];
      expect(called).toMatchObject({ stdout: "", late: false });
      expect(called?.status).not.toBe(0);
    },
  );

  test("N02: nothing of the caller's has run or been written through sudo", () => {
    expect(left).toBe("");
  });

  test("N03: by root without sudo, Node itself makes two folders, and nothing has run", () => {
    const folders = [`${EVIL}/canary.cache`, `${EVIL}/canary.coverage`];
    expect(leftByRoot.split("\n").filter((path) => path !== "" && !folders.includes(path))).toEqual(
      [],
    );
  });

  test("N02: the canaries do sing when they are run", async () => {
    await arrangeScript(
      host,
      `${EVIL}/run; . ${EVIL}/rc; ls ${EVIL}/canary.path ${EVIL}/canary.shell
rm ${EVIL}/canary.*`,
    );
  });
});
