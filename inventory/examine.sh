#!/bin/sh
# Examines what Sallyport rests on, as the user who logs in, and changes nothing. Data come on standard input, after
# this script: lines MARK, and two places where the helper may be. The answer is lines of a word and a value between
# MARK and "MARK end".
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
IFS= read -r mark
IFS= read -r helper
IFS= read -r other
exec 2>/dev/null </dev/null

say() { printf '%s %s\n' "$1" "$2"; }
# At most so many bytes of the first line.
first_line() { head -c "$1" | head -n 1 | tr -d '\000-\037\177'; }
sudo() { timeout 20 /usr/bin/sudo -k -n "$@"; }

[ -e "$helper" ] || helper=$other
printf '%s\n' "$mark"
say uid "$(id -u)"
say new_privs "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)"
if [ -d /run/systemd/system ]; then say systemd yes; else say systemd no; fi
if [ -x /usr/bin/sudo ]; then say sudo "$(timeout 20 /usr/bin/sudo -V 2>&1 | first_line 4096)"; else say sudo none; fi
if [ -f "$helper" ]; then
  say place "$helper"
  say helper "$(sha256sum <"$helper" | cut -c 1-64)"
  at=$helper
  while :; do
    say owner "$(stat -c '%u %f' -- "$at") $at"
    [ "$at" != / ] || break
    at=$(dirname -- "$at")
  done
fi
# Only running it proves a rule; without -k a ticket could answer instead.
say version "$(sudo "$helper" version | first_line 4096)"
say refused "$(sudo "$helper" version 2>&1 >/dev/null | first_line 400)"
say policy "$(sudo "$helper" policy | first_line 262144)"
if sudo /usr/bin/true; then say gate open; else say gate closed; fi
timeout 20 /usr/bin/sudo -n -l | head -c 65536 | tr -d '\000-\010\013-\037\177' | sed 's/^/listed /'
log=/var/log/sallyport/audit.jsonl
if [ -r "$log" ]; then say log readable; else say log unreadable; fi
printf '%s end\n' "$mark"
