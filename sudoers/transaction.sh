#!/bin/sh
# One install transaction: the helper and one sudoers rule are wholly in place and proven, or exactly what was there
# before is. Run as root, the same bytes on this machine and over SSH. Data come as arguments, checked here again,
# and as files of UPLOAD_DIR: rule, and helper unless the one that is there may stay. With LINE_SHA256 the command
# line belongs to it: the file line, which comes to lie beside the helper, and a link where `sudo sallyport` looks first.
# The answer is lines of a word and a value: step, note, state, cause, reason; for status: rule, helper, line, effect,
# reason.
#
#   install   UID UPLOAD_DIR HELPER_SHA256 RULE_SHA256 HELPER_PATH BUILD_ID [LINE_SHA256]
#   uninstall UID HELPER_PATH
#   status    UID HELPER_SHA256 RULE_SHA256 HELPER_PATH BUILD_ID [LINE_SHA256]
#
# Exit: 0 done · 1 rolled back, or not all good · 64 usage · 69 no sudo · 71 unsafe · 75 busy · 77 not root.
# Tests put `kill -KILL $$` in place of each "# step:" line: at every one of them sudo works, and the rule is wholly
# the old or wholly the new. An earlier run that was killed is rolled back first, by the code that rolls back this one.
exec </dev/null
set -eu
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /

rules=/etc/sudoers.d sudo=/usr/bin/sudo lock=/run/sallyport-setup.lock
state='' cause='' reason='' open='' made='' visudos='' answer='' setpriv='' staging=''
line_feed='
'
# Whoever listens may be gone: the transaction ends all the same.
say() { printf '%s %s\n' "$1" "$2" 2>/dev/null || :; }
step() { at=$1; say step "$1"; }
stop() { cause=$2 reason=$3; exit "$1"; }

finish() {
  code=$?
  trap '' HUP INT TERM
  trap - EXIT
  if [ -z "$state" ]; then
    [ -n "$cause" ] || cause=failed reason="step $at did not succeed"
    if [ -z "$open" ]; then
      state=refused
      case $code in 64 | 69 | 75 | 77) ;; *) code=71 ;; esac
    elif roll_back && unmake && neighbours_as_before; then
      state=rolled-back code=1
    else
      state=rollback-failed code=71
    fi
  fi
  [ "$state" = shown ] || say state "$state"
  [ -z "$cause" ] || say cause "$cause"
  [ -z "$reason" ] || say reason "$(printf %s "$reason" | tr '\n' ' ' | tr -d '\000-\037\177' | cut -c 1-400)"
  exit "$code"
}

at=arguments
trap finish EXIT
trap 'stop 1 interrupted "the installer was told to stop"' HUP INT TERM
trap : PIPE

# --- questions about files; none follows a symbolic link in its last component ---

# A plain file of root's under one name, or nothing at all: anything else is a trap somebody laid (V06).
plain_or_absent() {
  if [ -L "$1" ]; then return 1; fi
  if [ ! -e "$1" ]; then return 0; fi
  [ -f "$1" ] && [ "$(stat -c %u:%h "$1")" = 0:1 ]
}
# Directories of root's that nobody else can write, and every directory above them; else `dir` is the one that is not.
# No path here has a space (see paths). One stat(1) for all: a process each would be a tenth of the run.
trusted_dirs() {
  dirs=''
  for dir; do
    while :; do
      case " $dirs " in *" $dir "*) break ;; esac
      if [ -L "$dir" ] || [ ! -d "$dir" ]; then return 1; fi
      dirs="$dirs $dir"
      dir=${dir%/*} dir=${dir:-/}
    done
  done
  # shellcheck disable=SC2046,SC2086 # lists of words
  set -- $(stat -c '%u %a %n' $dirs)
  for dir in $dirs; do
    [ "${1-}" = 0 ] && [ $((0$2 & 022)) -eq 0 ] && [ "$3" = "$dir" ] || return 1
    shift 3
  done
}
digest() { sum=$(sha256sum <"$1") && printf %s "${sum%% *}"; }
# Of root's and its group's, with that mode, and under no other name.
has_mode() { # FILE MODE
  [ ! -L "$1" ] && [ -f "$1" ] && [ "$(stat -c %u:%g:%h:%a "$1")" = "0:0:1:$2" ]
}
is_exactly() { has_mode "$1" "$2" && [ "$(digest "$1")" = "$3" ]; } # FILE MODE SHA256
# The file system hierarchy gives these to the package manager: read, never written.
is_packaged() { case $helper in /usr/lib/* | /usr/libexec/*) ;; *) return 1 ;; esac; }
# To read 127 MB takes longer than all the rest: where no other helper was uploaded, the one that is there may stay,
# and proves by what it answers that it is of this build.
helper_is_current() {
  if [ -f "$upload/helper" ]; then is_exactly "$helper" 755 "$helper_sha"
  else has_mode "$helper" 755; fi
}
rule_is_current() { is_exactly "$rule" 440 "$rule_sha"; }
line_is_current() { [ -z "$line_sha" ] || is_exactly "$line" 755 "$line_sha"; }
is_our_link() { [ -L "$link" ] && [ "$(readlink "$link")" = "$line" ]; }
link_is_current() { [ -z "$line_sha" ] || is_our_link; }
# File or directory to the disk. An old sync without operands flushes everything, which is as good.
flush() { sync "$@" 2>/dev/null || sync; }

# --- questions to sudo; 20 s each, as a host name that does not resolve stalls it for 5 (I11) ---

# What every visudo on this host says of the whole, without our own line; false if one of them complains.
survey() {
  sound=yes
  for visudo in $visudos; do
    said=$(timeout 20 "$visudo" -c 2>&1 9>&-) || { say "$visudo" "exit $?"; sound=no; }
    while :; do
      line=${said%%"$line_feed"*}
      [ "$line" = "$rule: parsed OK" ] || printf '%s\n' "$line"
      [ "$line" != "$said" ] || break
      said=${said#*"$line_feed"}
    done
  done
  [ "$sound" = yes ]
}
take_baseline() {
  step baseline
  baseline=$(survey) || say note 'visudo found faults in sudoers before this run'
}
# Another administrator's broken file is not blamed on us (I06).
neighbours_as_before() { after=$(survey) || [ "$after" = "$baseline" ]; }

# sudo as that user, as an agent has it: no ticket counts (-k), no terminal, nothing inherited.
as_user() {
  case $setpriv in
    *--init-groups*) set -- setpriv --reuid "$uid" --regid "$gid" --init-groups setsid "$sudo" -k -n "$@" ;;
    *) set -- setsid "$sudo" -n -u "#$uid" "$sudo" -k -n "$@" ;;
  esac
  timeout -k 5 20 env -i "PATH=$PATH" LC_ALL=C "$@" 9>&-
}
works() {
  answer=$(as_user "$helper" version 2>&1) || return 1
  case $answer in *'"success":true'*) ;; *) return 1 ;; esac
  case $answer in *"\"buildId\":\"$build_id\""*) ;; *) return 1 ;; esac
}
# As root, by the name that `sudo sallyport` finds.
line_works() {
  [ -z "$line_sha" ] || said=$(timeout -k 5 20 env -i "PATH=$PATH" LC_ALL=C "$link" --version 2>&1 9>&-)
}
# Ends the run with the best account of why it does not work.
explain() {
  case $answer in
    *'"v":1'*) stop 1 wrong-helper "$answer" ;;
    *'ccount validation failure'* | *'ccount expired'* | *'password is expired'*) stop 1 account "$answer" ;;
  esac
  if grep -Eqs '^[@#]includedir[[:space:]]+"?/etc/sudoers\.d' /etc/sudoers-rs /etc/sudoers; then
    stop 1 refused "$answer"
  fi
  stop 1 not-included "$answer"
}

# --- going back: for this run, and for one that was killed ---

# A name of ours that sudo ignores (it has a dot): UID.new is staged, UID.old is kept, UID.none says there was no rule.
ours() {
  number=${1##*/zz-sallyport-uid} number=${number%.*}
  case $number in '' | *[!0-9]*) return 1 ;; esac
  [ ! -L "$1" ] && [ -f "$1" ] && [ "$(stat -c %u "$1")" = 0 ]
}
# Where the kept file is still the one in place (two names, one file), mv refuses and rename(2) does nothing.
put_back() { # KEPT NAME
  [ "$(stat -c %d:%i "$1")" = "$(stat -c %d:%i "$2" 2>/dev/null)" ] || mv -fT "$1" "$2" || return 1
  rm -f "$1"
}
# The rule first: it must never name a helper that is gone.
roll_back() {
  for mark in "$rules"/zz-sallyport-uid*.none "$rules"/zz-sallyport-uid*.old "$rules"/zz-sallyport-uid*.new; do
    ours "$mark" || continue
    case $mark in
      *.none) rm -f "${mark%.none}" && flush "$rules" || return 1 ;;
      *.old) put_back "$mark" "${mark%.old}" && flush "$rules" || return 1 ;;
    esac
    # step: rule-restored
    rm -f "$mark" || return 1
  done
  # step: rules-restored
  for staging in "$helper_dir"/.sallyport-setup.??????; do
    if [ -L "$staging" ] || [ ! -d "$staging" ]; then continue; fi
    if [ -e "$staging/link.none" ] && is_our_link; then
      rm -f "$link" && flush "${link%/*}" || return 1
    fi
    # step: link-restored
    restore line "$line" || return 1
    # step: line-restored
    restore helper "$helper" || return 1
    # step: helper-restored
    flush "$helper_dir"
    rm -rf "$staging" || return 1
  done
  staging=''
  # What was whole already when its run was killed.
  rm -rf "$helper_dir/.sallyport-setup.done"
}
restore() { # NAME TARGET
  if [ -e "$staging/$1.none" ]; then rm -f "$2"
  elif [ -e "$staging/$1.old" ]; then put_back "$staging/$1.old" "$2"; fi
}
# Directories this run made.
unmake() {
  while [ -n "$made" ]; do
    rmdir "$helper_dir" || return 1
    [ "$helper_dir" != "$made" ] || made=''
    helper_dir=${helper_dir%/*}
  done
}

# --- the parts of a transaction ---

begin() {
  step surroundings
  [ "$(id -u)" = 0 ] || stop 77 not-root 'only root can change sudoers'
  for tool in flock getent setsid sha256sum stat timeout; do
    command -v "$tool" >/dev/null || stop 69 no-tool "this host has no $tool"
  done
  [ -x "$sudo" ] || stop 69 no-sudo "there is no $sudo"
  setpriv=$(setpriv --help 2>&1 || :)
  # Every implementation on the host must accept the rule: an administrator may switch (I03, I05).
  for visudo in /usr/sbin/visudo /usr/sbin/visudo-rs /usr/lib/cargo/bin/visudo; do
    [ -x "$visudo" ] || continue
    visudo=$(readlink -f "$visudo")
    case " $visudos " in *" $visudo "*) ;; *) visudos="$visudos $visudo" ;; esac
  done
  [ -n "$visudos" ] || stop 69 no-visudo 'there is no visudo to check the rule with'
  [ -z "$line_sha" ] || trusted_dirs "${link%/*}" || stop 71 unsafe "$dir is not a directory that only root can write"
  there=$helper_dir
  while [ ! -e "$there" ] && [ ! -L "$there" ]; do missing=$there there=${there%/*} there=${there:-/}; done
  trusted_dirs "$rules" "${lock%/*}" "$there" || stop 71 unsafe "$dir is not a directory that only root can write"
}
find_user() {
  passwd=$(getent passwd "$uid") || stop 71 no-user "no user has the number $uid"
  gid=${passwd#*:*:*:} gid=${gid%%:*}
}
lock() {
  step lock
  plain_or_absent "$lock" || stop 71 unsafe "$lock is not a plain file of root's"
  exec 9>>"$lock"
  tries=0
  until flock -n 9; do
    tries=$((tries + 1))
    [ "$tries" -le 90 ] || stop 75 busy 'another installation is running'
    sleep 1
  done
  step recovery
  for mark in "$rule.new" "$rule.old" "$rule.none"; do
    if [ -e "$mark" ] || [ -L "$mark" ]; then ours "$mark" || stop 71 unsafe "$mark is not a file of ours"; fi
  done
  roll_back || stop 71 recovery 'an earlier run was killed, and what it left cannot be put back'
  # step: recovered
  for target in "$rule" "$helper" ${line_sha:+"$line"}; do
    plain_or_absent "$target" || stop 71 unsafe "$target is not a plain file of root's under one name"
  done
  # Whoever put something there has `sudo sallyport` mean something else.
  [ -z "$line_sha" ] || is_our_link || { [ ! -e "$link" ] && [ ! -L "$link" ]; } || stop 71 taken "$link"
}
# The uploader may own UPLOAD_DIR: what is read is bounded in time and size, and believed by its digest only.
fetch() { # NAME SHA256 TO
  [ -f "$upload/$1" ] || stop 71 upload "there is no file $upload/$1"
  said=$(set -C && { timeout 120 head -c 536870912 "$upload/$1" 2>&3 >"$3"; } 3>&1) || stop 1 failed "$said"
  [ "$(digest "$3")" = "$2" ] || stop 71 upload "$upload/$1 is not what was announced"
  chown 0:0 "$3"
}
make_staging() {
  [ -z "$staging" ] || return 0
  if [ ! -e "$helper_dir" ]; then
    made=$missing
    (umask 022 && mkdir -p "$helper_dir")
    # step: directories-made
  fi
  staging=$(mktemp -d "$helper_dir/.sallyport-setup.XXXXXX")
  # step: staging-made
}
stage_helper() {
  step stage-helper
  if is_packaged; then stop 71 packaged "$helper is of another build"; fi
  stage_program helper "$helper_sha"
}
stage_line() {
  step stage-line
  stage_program line "$line_sha"
}
stage_program() { # NAME SHA256
  make_staging
  fetch "$1" "$2" "$staging/$1.new"
  # step: program-copied
  chmod 0755 "$staging/$1.new"
  flush "$staging/$1.new"
}
stage_rule() {
  step stage-rule
  fetch rule "$rule_sha" "$rule.new"
  # step: rule-copied
  chmod 0440 "$rule.new"
  flush "$rule.new"
  # step: rule-staged
  for visudo in $visudos; do
    # Owner and mode too, where this visudo knows the options: -h does not tell.
    said=$(timeout 20 "$visudo" -c -O -P -f "$rule.new" 2>&1) && continue
    case $said in *usage:*) ;; *) stop 1 syntax "$said" ;; esac
    said=$(timeout 20 "$visudo" -c -f "$rule.new" 2>&1) || stop 1 syntax "$said"
  done
}
# A hard link keeps the old file itself, and there is always a program under the name.
swap_program() { # NAME TARGET
  step "swap-$1"
  if [ -e "$2" ]; then ln "$2" "$staging/$1.old"; else : >"$staging/$1.none"; fi
  flush "$staging"
  # step: program-kept
  mv -fT "$staging/$1.new" "$2"
  # step: program-renamed
  flush "$helper_dir"
}
# symlink(2) replaces nothing: what somebody else puts there meanwhile stays.
make_link() {
  step make-link
  make_staging
  : >"$staging/link.none"
  flush "$staging"
  # step: link-announced
  ln -sT "$line" "$link"
  # step: link-made
  flush "${link%/*}"
}
swap_rule() {
  step swap-rule
  if [ -e "$rule" ]; then ln "$rule" "$rule.old"; else : >"$rule.none"; fi
  flush "$rules"
  # step: rule-kept
  mv -fT "$rule.new" "$rule"
  # step: rule-renamed
  flush "$rules"
}
# The helper's marks go first, so that a run killed here never leaves a mark that removes the helper but not the rule.
commit() {
  trap '' HUP INT TERM
  state=$1 open=''
  # All marks at once: one by one, a kill between two would bring back the one program and not the other.
  if [ -n "$staging" ]; then mv -T "$staging" "$helper_dir/.sallyport-setup.done" && flush "$helper_dir"; fi
  # step: programs-committed
  rm -f "$rule.old" "$rule.none"
  # step: rule-committed
  flush "$rules"
  rm -rf "$helper_dir/.sallyport-setup.done"
}

install() {
  begin
  lock
  find_user
  step current
  keep=no
  if helper_is_current; then keep=yes; fi
  keep_line=no
  if line_is_current; then keep_line=yes; fi
  if [ "$keep$keep_line" = yesyes ] && rule_is_current && link_is_current && line_works; then
    if works; then state=already-current; exit 0; fi
    take_baseline
    open=yes
    explain
  fi
  if [ -e "$rule" ]; then done=updated; else done=installed; fi
  take_baseline
  refused=yes
  if as_user "$harmless" >/dev/null 2>&1; then
    refused=no
    say note 'this user may run other commands without a password, by rules that are not ours'
  fi
  open=yes
  # step: opened
  [ "$keep" = yes ] || stage_helper
  # step: helper-staged
  [ "$keep_line" = yes ] || stage_line
  # step: line-staged
  rule_is_current || stage_rule
  # step: rule-checked
  [ "$keep" = yes ] || swap_program helper "$helper"
  # step: helper-swapped
  [ "$keep_line" = yes ] || swap_program line "$line"
  # step: line-swapped
  link_is_current || make_link
  # step: link-swapped
  rule_is_current || swap_rule
  # step: rule-swapped
  step whole
  neighbours_as_before || stop 1 whole "$after"
  # step: whole-checked
  step effect
  works || explain
  # step: effect-proven
  if [ "$refused" = yes ] && as_user "$harmless" >/dev/null 2>&1; then
    stop 1 too-wide "sudo now also runs $harmless"
  fi
  line_works || stop 1 line "$said"
  # step: proven
  commit "$done"
}

uninstall() {
  begin
  lock
  take_baseline
  if [ -e "$rule" ]; then
    open=yes
    # step: opened
    step remove-rule
    ln "$rule" "$rule.old"
    # step: rule-kept
    rm -f "$rule"
    # step: rule-removed
    flush "$rules"
    step whole
    neighbours_as_before || stop 1 whole "$after"
    # step: whole-checked
    commit removed
  fi
  # step: rule-gone
  if ! helper_is_unused; then :
  elif is_our_link || [ -e "$line" ] || [ -e "$helper" ]; then
    step remove-programs
    ! is_our_link || rm -f "$link" || stop 1 helper-left "$link cannot be removed"
    # step: link-removed
    for program in "$line" "$helper"; do rm -f "$program" || stop 1 helper-left "$program cannot be removed"; done
    # step: programs-removed
    rmdir "$helper_dir" 2>/dev/null || say note "$helper_dir holds other files"
    state=removed
  fi
  [ -n "$state" ] || state=absent
}
helper_is_unused() {
  if is_packaged; then return 1; fi
  for other in "$rules"/zz-sallyport-uid*; do [ ! -e "$other" ] || return 1; done
}

# status: what is there, without changing or locking anything.
found() { # WORD FILE MODE SHA256
  if ! plain_or_absent "$2"; then say "$1" unsafe
  elif [ ! -e "$2" ]; then say "$1" absent
  elif is_exactly "$2" "$3" "$4"; then say "$1" current; return 0
  else say "$1" different; fi
  return 1
}
status() {
  begin
  find_user
  good=0
  found rule "$rule" 440 "$rule_sha" || good=1
  found helper "$helper" 755 "$helper_sha" || good=1
  if [ -z "$line_sha" ]; then :
  elif [ -e "$line" ] && ! is_our_link; then say line unlinked; good=1
  else found line "$line" 755 "$line_sha" || good=1; fi
  if works; then say effect proven; else good=1 reason=$answer; say effect refused; fi
  state=shown
  exit "$good"
}

# --- arguments ---

usage() { stop 64 usage "$1"; }
digests() {
  for digest; do
    case $digest in *[!0-9a-f]*) usage 'a digest is 64 hexadecimal digits' ;; esac
    [ ${#digest} -eq 64 ] || usage 'a digest is 64 hexadecimal digits'
  done
}
paths() {
  for path; do
    case $path in
      *[!A-Za-z0-9_./-]* | *//* | */./* | */../* | */. | */.. | */) usage 'a path is plain and normalised' ;;
      /*/*) ;;
      *) usage 'a path is absolute' ;;
    esac
  done
}
case "${1-}:$#" in
  install:7 | install:8) uid=$2 upload=$3 helper_sha=$4 rule_sha=$5 helper=$6 build_id=$7 line_sha=${8-} ;;
  uninstall:3) uid=$2 helper=$3 line_sha='' ;;
  status:6 | status:7) uid=$2 helper_sha=$3 rule_sha=$4 helper=$5 build_id=$6 line_sha=${7-} ;;
  *) usage 'install, uninstall or status, with their arguments' ;;
esac
case $uid in '' | 0* | *[!0-9]* | ???????????*) usage 'a user is a number above 0' ;; esac
[ "$uid" -le 4294967294 ] || usage 'a user is a number above 0'
paths "$helper" "${upload-$helper}"
if [ "$1" != uninstall ]; then
  digests "$helper_sha" "$rule_sha" ${line_sha:+"$line_sha"}
  case $build_id in '' | *[!A-Za-z0-9._-]*) usage 'a build id is letters, digits, dots and dashes' ;; esac
fi
helper_dir=${helper%/*} rule=$rules/zz-sallyport-uid$uid missing=''
# First in sudo's own search path and in root's. Where that is the same folder as bin (Fedora), it has one true name.
line=$helper_dir/sallyport link=/usr/local/sbin/sallyport
[ ! -L /usr/local/sbin ] || link=/usr/local/bin/sallyport
harmless=/usr/bin/true
[ -x "$harmless" ] || harmless=/bin/true
"$1"
