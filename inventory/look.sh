#!/bin/sh
# Looks at a host as the user who logs in, and changes nothing. Data come on standard input, after this script: lines
# MARK, USER (empty: who logs in), HELPER, BYTES (the helper's size; empty: its digest and sudo's version are wanted).
# The answer is lines of a word and a value between MARK and "MARK end", so that what a login shell prints before or
# after is no part of it (I08).
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
IFS= read -r mark
IFS= read -r user
IFS= read -r helper
IFS= read -r bytes
exec 2>/dev/null </dev/null

say() { printf '%s %s\n' "$1" "$2"; }
line_feed='
'
# Each process more is a hundredth of what a host has to do here: the shell cuts, and nothing is asked for twice.
effect() { line=$(timeout 20 /usr/bin/sudo "$@" "$helper" version) line=${line%%"$line_feed"*}; }

printf '%s\n' "$mark"
login=$(id -u)
if [ -z "$user" ]; then uid=$login; else uid=$(id -u -- "$user") || uid=none; fi
say login "$login"
say uid "$uid"
say system "$(uname -sm)"
line=none
if [ -z "$bytes" ] && [ -x /usr/bin/sudo ]; then
  line=$(timeout 20 /usr/bin/sudo -V 2>&1) line=${line%%"$line_feed"*} # sudo-rs 0.2.5 says it on standard error
elif [ -x /usr/bin/sudo ]; then line=there; fi
say sudo "$line"
# To read it all takes longer than the rest together: what it answers to `version` tells one build from another, too.
if [ ! -f "$helper" ]; then say helper none
elif [ -z "$bytes" ]; then say helper "$(sha256sum <"$helper" | cut -c 1-64)"
elif [ "$(stat -c %s "$helper")" = "$bytes" ]; then say helper same-size
else say helper other-size; fi
# Only running it proves a rule. As another user that takes root.
case $login in
  "$uid") effect -k -n ;;
  0) effect -n -u "#$uid" /usr/bin/sudo -k -n ;;
  *) line=unknown ;;
esac
say effect "$line"
printf '%s end\n' "$mark"
