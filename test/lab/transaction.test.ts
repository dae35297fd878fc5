import { beforeAll, describe, expect, it } from "vitest";
import { describeInLab, sudoHosts } from "./host.ts";
import { onStage } from "./transaction-host.ts";

type Row = {
  name: string;
  /** Lines for sh(1) that spoil the stage. */
  before?: string;
  /** The run itself; its status and answer are judged. */
  run?: string;
  /** Exit status, state, cause, and whether every file is afterwards what it was before. */
  gives: `${number} ${string} ${string} ${"same" | "changed"}`;
};

const TRAPS = {
  "a symbolic link": "ln -s /etc/passwd $target",
  "a FIFO": "mkfifo $target",
  "a directory": "mkdir $target",
  "one of two hard links": "echo x >$target; ln $target $target-twin",
  "another user's file": "echo x >$target; chown 1002 $target",
};
const TARGETS: Record<string, string> = {
  "the rule": "$rule",
  "the staged rule": "$rule.new",
  "the kept rule": "$rule.old",
  "the helper": "$helper",
  "the command line": "$line",
  "the lock": "/run/sallyport-setup.lock",
};

const ROWS: Row[] = [
  ...Object.entries(TARGETS).flatMap(([what, target]) =>
    Object.entries(TRAPS)
      // The kept rule is a second name of the rule while a run lasts.
      .filter(([trap]) => !(trap.startsWith("one of") && /kept|staged/.test(what)))
      .map(([trap, lines]): Row => {
        const before = `target=${target}; mkdir -p \${target%/*}; ${lines}`;
        return { name: `${what} is ${trap} (V06)`, before, gives: "71 refused unsafe same" };
      }),
  ),
  {
    name: "a directory above the helper is writable by its group (I01)",
    before: "mkdir -p ${helper%/*}; chmod 775 ${helper%/*}",
    gives: "71 refused unsafe same",
  },
  {
    name: "a directory above the helper is another user's (I01)",
    before: "mkdir -p ${helper%/*}; chown 1002 ${helper%/*}",
    gives: "71 refused unsafe same",
  },
  {
    name: "the helper's directory is a symbolic link (I01)",
    before: "ln -s /tmp ${helper%/*}",
    gives: "71 refused unsafe same",
  },
  {
    name: "/etc/sudoers.d is writable by its group",
    before: "chmod 775 /etc/sudoers.d",
    gives: "71 refused unsafe same",
  },
  {
    name: "the helper uploaded is not the one announced",
    run: "first=$(digest /run/a/helper); echo >>/run/a/helper; sh $script install $agent /run/a $first $(digest /run/a/rule) $helper a",
    gives: "1 rolled-back upload same",
  },
  {
    name: "the rule uploaded is not the one announced",
    run: "first=$(digest /run/a/rule); echo >>/run/a/rule; sh $script install $agent /run/a $(digest /run/a/helper) $first $helper a",
    gives: "1 rolled-back upload same",
  },
  {
    name: "the helper uploaded is a FIFO",
    run: "first=$(digest /run/a/helper); rm /run/a/helper; mkfifo /run/a/helper; sh $script install $agent /run/a $first $(digest /run/a/rule) $helper a",
    gives: "1 rolled-back upload same",
  },
  {
    name: "the helper is of another build",
    run: "put a b",
    gives: "1 rolled-back wrong-helper same",
  },
  {
    name: "visudo refuses the rule",
    before: "echo 'junk(' >>/run/a/rule",
    gives: "1 rolled-back syntax same",
  },
  {
    name: "the rule defines an alias that another file defines too",
    before:
      "echo 'User_Alias X = daemon' >/etc/sudoers.d/aa; echo 'User_Alias X = root' >>/run/a/rule",
    gives: "1 rolled-back whole same",
  },
  {
    name: "two other files define the same alias (I06)",
    before: "for n in 1 2; do echo 'User_Alias X = daemon' >/etc/sudoers.d/a$n; done",
    gives: "0 installed - changed",
  },
  {
    name: "another administrator's file is broken (I06)",
    before: "echo 'foo bar(' >/etc/sudoers.d/aa; chmod 440 /etc/sudoers.d/aa",
    gives: "0 installed - changed",
  },
  {
    name: "sudoers does not include /etc/sudoers.d (I04)",
    before: "sed -i.was '/includedir/d' /run/sudoers; mount --bind /run/sudoers /etc/sudoers",
    gives: "1 rolled-back not-included same",
  },
  {
    name: "a later file asks for a password (I04)",
    before: "echo '#1001 ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzz; chmod 440 /etc/sudoers.d/zzz",
    gives: "1 rolled-back refused same",
  },
  {
    name: "the account has expired (I04)",
    before: `awk -F: -v OFS=: '$1 == "agent" { $8 = 1 } 1' /etc/shadow >/run/shadow
chmod 600 /run/shadow; mount --bind /run/shadow /etc/shadow`,
    gives: "1 rolled-back account same",
  },
  {
    name: "the rule permits more than the helper",
    before: 'echo "#$agent ALL=(root) NOPASSWD: ALL" >>/run/a/rule',
    gives: "1 rolled-back too-wide same",
  },
  {
    name: "/etc is read-only",
    before: "mount --bind /etc /etc; mount -o remount,ro,bind /etc",
    gives: "1 rolled-back failed same",
  },
  {
    name: "/etc is read-only, for an update",
    before: "put a >/dev/null; mount -o remount,ro,bind /etc/sudoers.d",
    run: "put b",
    gives: "1 rolled-back failed same",
  },
  {
    name: "/etc is read-only, for a removal",
    before: "put a >/dev/null; mount -o remount,ro,bind /etc/sudoers.d",
    run: "take",
    gives: "1 rolled-back failed same",
  },
  {
    name: "no room for the helper",
    before:
      "mount -t tmpfs -o size=8k,mode=755 full /usr/local/libexec; head -c 100000 /dev/zero >>/run/a/helper",
    gives: "1 rolled-back failed same",
  },
  {
    name: "no room for the rule",
    before: "mount -t tmpfs -o size=4k,mode=755 full /etc/sudoers.d; echo >/etc/sudoers.d/aa",
    gives: "1 rolled-back failed same",
  },
  {
    name: "visudo is absent (I05)",
    before: `for visudo in /usr/sbin/visudo /usr/lib/cargo/bin/visudo; do
  [ ! -e $visudo ] || { cp $visudo /run/visudo; chmod 644 /run/visudo; mount --bind /run/visudo $(readlink -f $visudo); }
done`,
    gives: "69 refused no-visudo same",
  },
  { name: "the user is nobody's", run: "agent=54321; put a", gives: "71 refused no-user same" },
  {
    name: "not root",
    run: "setpriv --reuid 1001 --clear-groups sh $script uninstall $agent $helper",
    gives: "77 refused not-root same",
  },
  {
    name: "root as the user",
    run: "sh $script uninstall 0 $helper",
    gives: "64 refused usage same",
  },
  {
    name: "the user -1 (V02)",
    run: "sh $script uninstall 4294967295 $helper",
    gives: "64 refused usage same",
  },
  {
    name: "a helper with a space in its path",
    run: "sh $script uninstall $agent '/usr/x y/z'",
    gives: "64 refused usage same",
  },
  {
    name: "a helper above which somebody climbs",
    run: "sh $script uninstall $agent /usr/x/../y",
    gives: "64 refused usage same",
  },
  { name: "the same again (I07)", before: "put a >/dev/null", gives: "0 already-current - same" },
  {
    name: "the same again where /etc is read-only",
    before: "put a >/dev/null; mount -o remount,ro,bind /etc/sudoers.d",
    gives: "0 already-current - same",
  },
  {
    name: "a new helper and a new rule",
    before: "put a >/dev/null",
    run: "put b",
    gives: "0 updated - changed",
  },
  {
    name: "where /etc/sudoers.d is 0750",
    before: "chmod 750 /etc/sudoers.d",
    gives: "0 installed - changed",
  },
  {
    name: "where the user may run everything already",
    before: "echo '#1001 ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/aa; chmod 440 /etc/sudoers.d/aa",
    gives: "0 installed - changed",
  },
  {
    name: "where the name of the host does not resolve (I11)",
    before: "echo '127.0.0.1 localhost' >/run/hosts; mount --bind /run/hosts /etc/hosts",
    gives: "0 installed - changed",
  },
  ...Object.entries({
    "a link to another program": "ln -s /home/agent/sallyport $link",
    "an administrator's own script": "echo '#!/bin/sh' >$link; chmod 755 $link",
    "a dangling link": "ln -s nowhere $link",
    "a folder": "mkdir $link",
  }).map(([what, before]): Row => {
    const name = `where \`sudo sallyport\` looks there is ${what}`;
    return { name, before, gives: "71 refused taken same" };
  }),
  {
    name: "where `sudo sallyport` looks others can write",
    before: "chmod 775 /usr/local/sbin",
    gives: "71 refused unsafe same",
  },
  {
    name: "the command line uploaded is not the one announced",
    before: "put a >/dev/null",
    run: "first=$(digest /run/b/line); echo >>/run/b/line; put_bare b b $first",
    gives: "1 rolled-back upload same",
  },
  {
    name: "the command line does not run",
    before: "put a >/dev/null; printf '#!/bin/sh\nexit 1\n' >/run/b/line",
    run: "put b",
    gives: "1 rolled-back line same",
  },
  {
    name: "the command line does not run, in a first installation",
    before: "printf '#!/bin/sh\nexit 1\n' >/run/a/line",
    gives: "1 rolled-back line same",
  },
  {
    name: "no room for the command line",
    before:
      "mount -t tmpfs -o size=8k,mode=755 full /usr/local/libexec; head -c 100000 /dev/zero >>/run/a/line",
    gives: "1 rolled-back failed same",
  },
  {
    name: "the folder of the link is read-only",
    before: "mount -o remount,ro,bind /usr/local/sbin",
    gives: "1 rolled-back failed same",
  },
  {
    name: "the link was taken away",
    before: "put a >/dev/null; rm $link",
    gives: "0 updated - changed",
  },
  {
    name: "without a command line, as over SSH, there is none afterwards",
    run: "put_bare a; [ ! -e $line ] && [ ! -L $link ]",
    gives: "0 installed - changed",
  },
  {
    name: "without a command line, as over SSH, the one that is there stays",
    before: "put a >/dev/null",
    run: "put_bare b; is=$?; cmp -s $line /run/a/line && [ -x $link ] && exit $is",
    gives: "0 updated - changed",
  },
  {
    name: "a removal where `sudo sallyport` has become something else, which stays",
    before: "put a >/dev/null; ln -sf /usr/bin/true $link",
    run: "take; is=$?; [ ! -e $line ] && [ $(readlink $link) = /usr/bin/true ] && exit $is",
    gives: "0 removed - changed",
  },
  { name: "installed and removed (I07)", run: "put a >/dev/null; take", gives: "0 removed - same" },
  { name: "removed twice", run: "take", gives: "0 absent - same" },
];

/** One row on a stage of its own, as a line: its number, then what `gives` says. */
function judged({ before = "", run = "put a" }: Row, number: number): string {
  return `unshare --mount sh -c '. /run/stage.sh
${before.replaceAll("'", `'\\''`)}
snapshot >/run/before 2>&1
( ${run.replaceAll("'", `'\\''`)}
) >/run/said 2>/run/noise
status=$?
snapshot 2>&1 | cmp -s - /run/before && same=same || same=changed
cause=$(sed -n "s/^cause //p" /run/said)
echo "${number} $status $(sed -n "s/^state //p" /run/said | tail -n 1) \${cause:--} $same"
'
rm -rf /run/sallyport-setup.lock* /etc/sudoers.d/* /usr/local/libexec/* /usr/local/sbin/* /run/a /run/b
chmod 755 /etc/sudoers.d /usr/local/sbin; cp -p /run/was/sudoers /run/; cp -pr /run/was/a /run/was/b /run/`;
}

describeInLab("the install transaction", () => {
  // The answers of all hosts are under way together; each row has its own shell, the stage is set already.
  const rows = ROWS.map(judged).join("\n");
  const script = `mkdir /run/was; cp -pr /run/a /run/b /run/sudoers /run/was/\n${rows}\n`;
  const answers = new Map<string, Promise<string>>();
  beforeAll(() => {
    for (const host of sudoHosts()) answers.set(host.name, onStage(host, script));
  });

  describe.each(sudoHosts())("on $name", (host) => {
    let lines: string[];
    beforeAll(async () => {
      lines = (await answers.get(host.name))?.trim().split("\n") ?? [];
    });

    it.each(ROWS.map((row, number) => ({ ...row, number })))("$name", ({ number, gives }) => {
      expect(lines[number]).toBe(`${number} ${gives}`);
    });

    it("lets one of three at once install and the others find it current (I07)", async () => {
      const race =
        "for n in 1 2 3; do put a >/run/said$n & done; wait; cat /run/said[123] | sed -n 's/^state //p' | sort";
      expect(await onStage(host, race)).toBe("already-current\nalready-current\ninstalled\n");
    });

    it("ends also when nobody listens any more", async () => {
      const steps = "put a | head -n 1 >/dev/null; ask_status a | tail -n 3";
      expect(await onStage(host, steps)).toBe("helper current\nline current\neffect proven\n");
    });

    it("installs, proves and removes the built helper, and leaves no trace (I07)", async () => {
      const steps = `for word in '' '' --status --uninstall --uninstall; do
  /opt/sallyport/sallyport setup-sudo --user agent --json $word >/run/said
  echo "$? $(grep -Eo '"(state|effect|code)":"[a-z_-]+"' /run/said)"
done
ls -A /etc/sudoers.d /usr/local/libexec /usr/local/sbin`;
      expect((await onStage(host, steps)).split("\n")).toEqual([
        '0 "state":"installed"',
        '0 "state":"already-current"',
        '0 "effect":"proven"',
        '0 "state":"removed"',
        '0 "state":"absent"',
        "/etc/sudoers.d:",
        "",
        "/usr/local/libexec:",
        "",
        "/usr/local/sbin:",
        "",
      ]);
    });
  });
});
