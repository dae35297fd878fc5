#!/bin/sh
# Runs one install transaction on a host, as the user who logs in and, by sudo, as root. Data come on standard input,
# after this script: lines, then the bytes of three files, then nothing but the password, once sudo has asked for it.
# The answer is lines of a word and a value between MARK and "MARK end"; those of transaction.sh are among them.
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
IFS= read -r mark
IFS= read -r task
IFS= read -r uid
IFS= read -r helper
IFS= read -r helper_sha
IFS= read -r rule_sha
IFS= read -r build_id
IFS= read -r script_size
IFS= read -r rule_size
IFS= read -r helper_size

dir=''
say() { printf '%s %s\n' "$1" "$2" 2>/dev/null || :; }
finish() {
  trap '' HUP INT TERM
  [ -z "$dir" ] || rm -rf "$dir"
  if [ -n "$dir" ] && [ -e "$dir" ]; then say left "$dir"; fi
  say "$mark" end
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
trap : PIPE
stop() { say upload "$1"; exit 1; }

printf '%s\n' "$mark"
dir=$(mktemp -d /tmp/sallyport.XXXXXXXXXX) || stop 'no private folder can be made in /tmp'
head -c "$script_size" >"$dir/transaction.sh" && head -c "$rule_size" >"$dir/rule"
case $(stat -c %s "$dir/transaction.sh" "$dir/rule") in
  "$script_size
$rule_size") ;;
  *) stop 'what was sent did not arrive whole, or /tmp is full' ;;
esac
if [ "$helper_size" != 0 ]; then
  head -c "$helper_size" | gzip -dc >"$dir/helper" || stop 'the helper did not arrive whole, or /tmp is full'
fi
say uploaded "$helper_size"
case $task in
  install) set -- install "$uid" "$dir" "$helper_sha" "$rule_sha" "$helper" "$build_id" ;;
  *) set -- uninstall "$uid" "$helper" ;;
esac
# The transaction's own standard input is /dev/null from its first line on: what sudo did not read, nobody reads.
if [ "$(id -u)" = 0 ]; then
  /bin/sh "$dir/transaction.sh" "$@"
else
  [ -x /usr/bin/sudo ] || { say no-sudo 'there is no /usr/bin/sudo'; exit 1; }
  /usr/bin/sudo -k -S -p "$mark" /bin/sh "$dir/transaction.sh" "$@"
fi
say status "$?"
