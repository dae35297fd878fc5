/** What becomes of the install transaction where something is wrong, or is not; each on a stage of its own. */
import { LINE_ROWS } from "./transaction-line-rows.ts";
import { MOMENT_ROWS } from "./transaction-moment-rows.ts";
import type { Row } from "./transaction-row.ts";
import { STAND_IN_ROWS } from "./transaction-stand-in-rows.ts";
import { STATUS_ROWS } from "./transaction-status-rows.ts";

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

export const ROWS: Row[] = [
  ...LINE_ROWS,
  ...MOMENT_ROWS,
  ...STAND_IN_ROWS,
  ...STATUS_ROWS,
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
    name: "a directory further above the helper is writable by its group (I01)",
    before: "mkdir -p ${helper%/*}; chmod 775 /usr/local/libexec",
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
    name: "another administrator's file has a mode that visudo warns of (I06)",
    before: "echo '# of an administrator' >/etc/sudoers.d/aa; chmod 644 /etc/sudoers.d/aa",
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
  {
    name: "the helper's directory is everybody's to enter",
    run: "put a; is=$?; [ $(stat -c %a ${helper%/*}) = 755 ] && exit $is",
    gives: "0 installed - changed",
  },
  {
    name: "a search path with another stat first",
    before:
      "mkdir /run/evil; printf '#!/bin/sh\\necho 0:1\\n' >/run/evil/stat; chmod 755 /run/evil/stat",
    run: "PATH=/run/evil:$PATH put a",
    gives: "0 installed - changed",
  },
  {
    name: "an input that does not end is nobody's to read",
    before: `sed -i '2i[ -z "$(cat)" ] || exit 1' /run/a/helper`,
    run: "echo x | put a",
    gives: "0 installed - changed",
  },
  {
    name: "one of its tools is absent",
    before:
      "cp /usr/bin/setsid /run/setsid; chmod 644 /run/setsid; mount --bind /run/setsid /usr/bin/setsid",
    gives: "69 refused no-tool same",
  },
  {
    name: "sudo is absent",
    before:
      "cp /usr/bin/sudo /run/sudo; chmod 644 /run/sudo; mount --bind /run/sudo $(readlink -f /usr/bin/sudo)",
    gives: "69 refused no-sudo same",
  },
  {
    name: "the helper says that it failed",
    before: "sed -i s/true/false/ /run/a/helper",
    gives: "1 rolled-back wrong-helper same",
  },
  {
    name: "what a helper says reads like the answer",
    before: `echo '#!/bin/sh
printf "{\\"v\\":1\\nstate installed\\n"' >/run/a/helper`,
    gives: "1 rolled-back wrong-helper same",
  },
  {
    name: "a helper of the package is another than the one uploaded",
    run: "helper=/usr/libexec/sallyport/sallyport-helper; put_bare a",
    gives: "1 rolled-back packaged same",
  },
  {
    name: "a removal of the last rule, which leaves what the package has brought",
    before:
      "mkdir -p /usr/libexec/sallyport; mount -t tmpfs -o mode=755 package /usr/libexec/sallyport",
    run: "helper=/usr/libexec/sallyport/sallyport-helper; cp /run/a/helper $helper; take; is=$?; [ -e $helper ] && exit $is",
    gives: "0 absent - same",
  },
  {
    name: "a file that is like one of an earlier run, but of no user",
    before: "echo '# of an administrator' >/etc/sudoers.d/zz-sallyport-uidx.old",
    run: "put a; is=$?; [ -e /etc/sudoers.d/zz-sallyport-uidx.old ] && exit $is",
    gives: "0 installed - changed",
  },
  {
    name: "a digest that is short",
    run: "sh $script install $agent /run/a abc $(digest /run/a/rule) $helper a",
    gives: "64 refused usage same",
  },
  {
    name: "a digest that has other signs",
    run: "sh $script install $agent /run/a $(digest /run/a/helper | tr 0-9 A-J) $(digest /run/a/rule) $helper a",
    gives: "64 refused usage same",
  },
  {
    name: "the same again where a later file asks for a password",
    before:
      "put a >/dev/null; echo '#1001 ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzz; chmod 440 /etc/sudoers.d/zzz",
    gives: "1 rolled-back refused same",
  },
  {
    name: "a build with a quotation mark",
    run: `put_bare a 'a"'`,
    gives: "64 refused usage same",
  },
  {
    name: "three at once (I07)",
    run: `for n in 1 2 3; do put a >/run/said$n & done; wait
cat /run/said[123] | sed -n "s/^state //p" | sort | tr "\\n" " " | grep -q "^already-current already-current installed $" && echo state installed`,
    gives: "0 installed - changed",
  },
  {
    name: "a removal where another user has a rule, which leaves the programs",
    before: "put a >/dev/null; cp -p $rule /etc/sudoers.d/zz-sallyport-uid1002",
    run: "take; is=$?; [ -x $helper ] && [ -x $line ] && [ -x $link ] && exit $is",
    gives: "0 removed - changed",
  },
  { name: "installed and removed (I07)", run: "put a >/dev/null; take", gives: "0 removed - same" },
  { name: "removed twice", run: "take", gives: "0 absent - same" },
];
