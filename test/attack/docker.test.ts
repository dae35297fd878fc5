/** Hostile programs in containers of Debian's docker: the same as in bubblewrap come to nothing. */
import { buildSync } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildSandboxImage } from "../../scripts/sandbox-image.ts";
import { startDocker, type Docker } from "../../scripts/docker-host.ts";
import { arrangeScript, describeInLab, exec, ownHost, type Ended } from "../lab/host.ts";
import { enter, execWords, runInSandbox, SALLYPORT, type Place } from "./sandbox/place.ts";
import { relay } from "./sandbox/relay.ts";
import { hostilePrograms, leftovers } from "./sandbox/programs.ts";

const SANITIZER = join(import.meta.dirname, "../../agent/sanitizer/python.py");

/** Of everybody's containers: folders of what they are given. */
const GIVEN = "/home/agent/.local/state/sallyport/sandboxes";

describeInLab("in a container on a host", () => {
  let docker: Docker;
  let place: Place;
  beforeAll(async () => {
    place = await enter(ownHost(), "docker");
    docker = await startDocker(place.host);
  });
  afterAll(async () => {
    await place.leave();
    await docker.stop();
  });

  hostilePrograms("docker", () => place);

  async function ask(): Promise<{
    error: { code: string; message: string } | null;
    data?: unknown;
  }> {
    const { stdout } = await exec(place.host, "agent", execWords(place, "bash"), { input: "true" });
    return JSON.parse(stdout);
  }

  /** Nothing of any run: given a moment for what is on its way out. */
  async function nothingLeft(): Promise<void> {
    const late = { timeout: 10_000, interval: 100 };
    const listed = async () => await docker.api.ask("GET", "/containers/json?all=1");
    await expect.poll(listed, late).toEqual([]);
    await expect.poll(() => docker.groups(), late).toEqual([]);
    expect(await leftovers(place)).toBe("");
  }

  test("the image's bytes are the same each time it is built", () => {
    const folder = mkdtempSync(join(tmpdir(), "sallyport-image-"));
    try {
      expect(buildSandboxImage(join(folder, "image.tar")).digest).toBe(docker.image);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("the limits are the control group's, and docker says the same", async () => {
    const { data } = await runInSandbox(place, "python", "import time; time.sleep(2)");
    expect(data.confinement["group"]).toEqual({
      memoryBytes: 268_435_456,
      cpus: 0.5,
      processes: 33,
    });
    expect(data.peak).toMatchObject({ processes: 2 });
    const running = exec(place.host, "agent", execWords(place, "node"), {
      input: "setTimeout(() => {}, 2000)",
    });
    let listed: { Id: string }[] = [];
    while (listed.length === 0) {
      listed = (await docker.api.ask("GET", "/containers/json")) as { Id: string }[];
    }
    const shown = await docker.api.ask("GET", `/containers/${listed[0]?.Id}/json`);
    expect(shown).toMatchObject({
      Image: docker.image,
      Config: { User: "1001:1001", AttachStdin: true },
      HostConfig: {
        ReadonlyRootfs: true,
        NetworkMode: "none",
        IpcMode: "private",
        PidMode: "",
        Privileged: false,
        CapDrop: ["ALL"],
        CapAdd: null,
        Memory: 268_435_456,
        MemorySwap: 268_435_456,
        NanoCpus: 500_000_000,
        PidsLimit: 33,
        SecurityOpt: [
          "no-new-privileges:true",
          expect.stringMatching(/^seccomp=\{"defaultAction":"SCMP_ACT_ERRNO"/),
        ],
        LogConfig: { Type: "none" },
        AutoRemove: true,
      },
    });
    expect((await running).status).toBe(0);
  });

  /** What is in the way, what brings it back, and what is then said. */
  const REFUSALS: [
    name: string,
    away: string,
    back: string,
    refusal: [code: string, cause: RegExp, hint: RegExp],
  ][] = [
    [
      "no socket",
      "mv $S $S.away",
      "mv $S.away $S",
      ["no_socket", /there is no socket of docker's/, /apt-get install docker.io/],
    ],
    [
      "a socket that is not for this user",
      "chgrp root $S",
      "chgrp agent $S",
      ["socket_denied", /one who may use root's is as good as root/, /dockerd-rootless/],
    ],
    [
      "somebody else's socket",
      "chown other $S; chmod 666 $S",
      "chown root $S; chmod 660 $S",
      ["foreign_socket", /neither root's nor this user's/, /ls -l/],
    ],
    [
      "nobody who listens",
      `mv $S $S.away; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$S')"; chmod 666 $S`,
      "mv -f $S.away $S",
      ["no_daemon", /docker does not answer/, /systemctl start docker/],
    ],
    [
      "no image",
      "cp $C $C.away; sed -i 's/[0-9a-f]\\{64\\}/0000000000000000000000000000000000000000000000000000000000000000/' $C",
      "mv $C.away $C",
      ["no_image", /docker does not have the image sha256:0+$/, /npm run sandbox-image/],
    ],
    [
      "no image in the settings",
      "cp $C $C.away; sed -i /image/d $C",
      "mv $C.away $C",
      ["no_image", /the settings name no image/, /npm run sandbox-image/],
    ],
  ];

  describe.each(REFUSALS)("with %s", (_, away, back, [code, cause, hint]) => {
    const words = (): string => `S=${docker.socket} C=${docker.settings}`;

    test("nothing is run, and what would help is said", async () => {
      await arrangeScript(place.host, `${words()}; ${away}`);
      try {
        const { error } = await ask();
        expect(error).toEqual({
          code,
          message: expect.stringMatching(cause),
          hint: expect.stringMatching(hint),
        });
      } finally {
        await arrangeScript(place.host, `${words()}; ${back}`);
      }
      expect((await ask()).error).toBeNull();
    });
  });

  /** What does not show in what the kernel tells inside. */
  const ADDED: [what: string, added: Record<string, unknown>, key: string][] = [
    ["nothing", {}, ""],
    ["root's group", { GroupAdd: ["0"] }, "GroupAdd"],
    ["a folder of the host to read", { Binds: ["/etc:/workspace:ro"] }, "Mounts"],
    [
      "a device",
      {
        Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/x", CgroupPermissions: "r" }],
      },
      "Devices",
    ],
    ["the host's processes", { PidMode: "host" }, "PidMode"],
    ["no filter of ours", { SecurityOpt: ["no-new-privileges:true"] }, "SecurityOpt"],
  ];

  test.each(ADDED)(
    "a daemon that adds %s is given code only if that is nothing",
    async (_, added, key) => {
      const root = `/proc/${place.host.pid}/root`;
      const between = "/run/relay.sock";
      const server = await relay(`${root}${between}`, `${root}${docker.socket}`, added);
      const kept = readFileSync(`${root}${docker.settings}`, "utf8");
      try {
        writeFileSync(`${root}${docker.settings}`, kept.replace(docker.socket, between));
        const { error } = await ask();
        if (key === "") expect(error).toBeNull();
        else {
          const message = expect.stringMatching(
            new RegExp(`did not hold: .*${key}, by docker's own word`),
          );
          expect(error).toMatchObject({ code: "not_confined", message });
        }
      } finally {
        writeFileSync(`${root}${docker.settings}`, kept);
        server.closeAllConnections();
        server.close();
      }
      await nothingLeft();
    },
  );

  test("a workspace that is another folder when docker comes to it is not run in", async () => {
    // Its mounts are not ours there: as where a name is changed between the judgement and its use.
    const script = `install -d -o agent /srv/moved && mount -t tmpfs none /srv/moved && chown agent /srv/moved
exec setpriv --reuid=agent --regid=agent --init-groups -- "$@"`;
    const words = execWords(place, "bash", "--workspace", "/srv/moved");
    const own = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-euc", script, "sh"];
    const env = { HOME: "/home/agent" };
    const { stdout } = await exec(place.host, "root", [...own, ...words], {
      input: "echo ran",
      env,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: "not_confined",
        message: expect.stringMatching(/did not hold: the workspace$/),
      },
    });
  });

  describe("with containers that wait", () => {
    beforeAll(() => {
      putRuns("warm-runs.ts", "runs.mjs");
      putRuns("waiting-runs.ts", "waiting.mjs");
    });

    function putRuns(source: string, name: string): void {
      const folder = mkdtempSync(join(tmpdir(), "sallyport-warm-"));
      const outfile = join(folder, name);
      buildSync({
        entryPoints: [join(import.meta.dirname, "sandbox", source)],
        bundle: true,
        platform: "node",
        format: "esm",
        banner: { js: "import{createRequire}from'node:module';const require=createRequire('/');" },
        define: { PYTHON_SANITIZER: JSON.stringify(readFileSync(SANITIZER, "utf8")) },
        outfile,
        logLevel: "error",
      });
      const put = `/proc/${place.host.pid}/root/opt/${name}`;
      rmSync(put, { force: true });
      writeFileSync(put, readFileSync(outfile));
      rmSync(folder, { recursive: true });
    }

    async function runs(...words: string[]): Promise<Ended> {
      return await exec(place.host, "agent", ["/usr/local/bin/node", "/opt/runs.mjs", ...words]);
    }

    test("each is used once, and those that wait end with the process", async () => {
      const { stdout, stderr } = await runs("6");
      // No program found anything of another one.
      const [found, variables] = stdout
        .split("\n")
        .map((line): unknown => JSON.parse(line || "null"));
      expect([found, stderr]).toEqual([["/dev/shm:  /tmp:"], ""]);
      expect(variables).toBe("x\n0\nvt100\n/workspace:/usr/bin\na\nb\n");
      await nothingLeft();
      expect(await arrangeScript(place.host, `ls ${GIVEN}`)).toBe("");
    });

    test("an interpreter that was started ahead runs its program as any other does, and no dead one is used", async () => {
      const words = ["/usr/local/bin/node", "/opt/waiting.mjs"];
      const { stdout, stderr } = await exec(place.host, "agent", words, { timeoutMs: 110_000 });
      expect(stderr).toBe("");
      const { found, ...rest } = JSON.parse(stdout) as {
        found: Record<string, { waited: boolean; cold: string; warm: string }>;
      };
      for (const { waited, cold, warm } of Object.values(found)) {
        expect(warm.slice(warm.indexOf("\n"))).toBe(cold.slice(cold.indexOf("\n")));
        expect([waited, cold]).toEqual([true, expect.stringContaining('"exitStatus"')]);
      }
      expect(Object.keys(found)).toEqual(["commonjs", "module", "long", "python"]);
      expect(rest).toEqual({
        killed: 1,
        afterDeath: 'true\n{"by":"itself","exitStatus":0}',
        left: 0,
      });
      await nothingLeft();
      expect(await arrangeScript(place.host, `ls ${GIVEN}`)).toBe("");
    }, 120_000);

    test("one that has ended while it waited is not used", async () => {
      const { stdout } = await runs("2", "emptied");
      expect(stdout.trimEnd().split("\n").at(-1)).toBe('[true,"all the same\\n"]');
      await nothingLeft();
    });

    test("they and what runs end when the process is killed; what is left of them goes with the next start", async () => {
      expect((await runs("2", "die")).signal).toBe("SIGKILL");
      await nothingLeft();
      expect(await arrangeScript(place.host, `ls ${GIVEN}`)).not.toBe("");
      expect((await ask()).error).toBeNull();
      expect(await arrangeScript(place.host, `ls ${GIVEN}`)).toBe("");
    });

    test("a container that a dead process made and never started goes with the next start; others' do not", async () => {
      const create = async (owner: string): Promise<string> => {
        const spec = {
          Image: docker.image,
          Cmd: ["/bin/true"],
          Labels: { "sallyport.sandbox": owner },
        };
        return ((await docker.api.ask("POST", "/containers/create", spec)) as { Id: string }).Id;
      };
      const space = await arrangeScript(
        place.host,
        "cut -c1-8 /proc/sys/kernel/random/boot_id; readlink /proc/self/ns/pid | tr -dc 0-9; echo; cut -d' ' -f22 /proc/1/stat",
      );
      const [boot = "", pids = "", started = ""] = space.trim().split("\n");
      await create(`1001-${boot}-${pids}-999999-1`);
      const kept = [
        await create(`1001-${boot}-${pids}-1-${started}`),
        await create(`1000-${boot}-${pids}-999999-1`),
        await create(`1001-${boot}-1-999999-1`),
        await create("1001-00000000-1-1-1"),
      ];
      expect((await ask()).error).toBeNull();
      const listed = (await docker.api.ask("GET", "/containers/json?all=1")) as { Id: string }[];
      expect(listed.map(({ Id }) => Id).toSorted()).toEqual(kept.toSorted());
      for (const id of kept) await docker.api.ask("DELETE", `/containers/${id}`);
    });
  });

  test("doctor tries it, and says what its socket is worth", async () => {
    const { stdout } = await exec(place.host, "agent", [SALLYPORT, "doctor", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
    expect(findings.find(({ check }) => check === "sandbox by docker")).toMatchObject({
      state: "warn",
      reason: expect.stringMatching(/docker confines what is run.*as good as root/),
    });
  });

  test("of all these runs nothing is left", nothingLeft);
});
