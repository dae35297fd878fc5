#!/bin/sh
# Asks the helper of a host for one thing, as the user who logs in. Data come on standard input, after this script:
# lines MARK, two places where the helper may be, COUNT, and then COUNT lines that are the words of the request, one
# each. The answer between MARK and "MARK end" is the helper's own line, and its exit status.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
IFS= read -r mark
IFS= read -r helper
IFS= read -r other
IFS= read -r count
set --
while [ "$count" -gt 0 ]; do
  IFS= read -r word || exit 1
  set -- "$@" "$word"
  count=$((count - 1))
done
exec </dev/null
[ -e "$helper" ] || helper=$other
printf '%s\n' "$mark"
status=0
/usr/bin/sudo -n "$helper" "$@" || status=$?
printf 'status %s\n%s end\n' "$status" "$mark"
