/** What becomes of an install transaction with the command line, and of the name that `sudo sallyport` finds. */
import type { Row } from "./transaction-row.ts";

export const LINE_ROWS: Row[] = [
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
];
