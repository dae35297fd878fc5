#!/bin/sh
# Sends a host's audit log as it is now, if the user who logs in can read it, and changes nothing. Data come on
# standard input, after this script: lines MARK, FILE, MAXIMUM. The answer is MARK, a line that says what there is, and
# after "log BYTES" so many bytes.
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /
IFS= read -r mark
IFS= read -r file
IFS= read -r maximum
exec 2>/dev/null </dev/null

printf '%s\n' "$mark"
folder=$(dirname -- "$file")
if [ -r "$file" ] && [ -f "$file" ]; then
  size=$(stat -L -c %s -- "$file")
  if [ "$size" -gt "$maximum" ]; then
    printf 'long %s\n' "$size"
  else
    printf 'log %s\n' "$size"
    head -c "$size" -- "$file"
  fi
elif [ ! -d "$folder" ]; then
  printf 'none\n'
elif [ -x "$folder" ] && [ ! -e "$file" ]; then
  printf 'none\n'
else
  # Of the file where it can be seen, of its directory where that hides it.
  seen=$file
  [ -x "$folder" ] || seen=$folder
  printf 'closed %s\n' "$(stat -c '%a %G' -- "$seen")"
fi
