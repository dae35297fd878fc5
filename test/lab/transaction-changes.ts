/** Changes of sudoers/transaction.sh, each of which must be seen by a row of the transaction's tests. */
import { instead, without, type Change } from "./transaction-change.ts";
import { DISK_CHANGES } from "./transaction-disk-changes.ts";
import { STATUS_CHANGES } from "./transaction-status-changes.ts";

export const CHANGES: Change[] = [
  // What it inherits.
  without("exec </dev/null", "an input that does not end is nobody's to read"),
  without("umask 077", "what is staged is nobody else's to read"),
  without("PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C", "a search path with another stat first"),
  // How it ends.
  without("trap : PIPE", "nobody listens to what it says"),
  instead(
    `  code=$?
  trap '' HUP INT TERM`,
    "  code=$?",
    "told to stop a second time, while it goes back",
  ),
  instead(
    `  trap '' HUP INT TERM
  state=$1`,
    "  state=$1",
    "told to stop when it is done but for its marks",
  ),
  without(
    `case $code in 64 | 69 | 75 | 77) ;; *) code=71 ;; esac`,
    "a command fails before anything is changed",
  ),
  without("state=rollback-failed code=71", "what was there before cannot be put back"),
  instead(
    String.raw`tr '\n' ' ' | tr -d '\000-\037\177' | `,
    "",
    "what a helper says reads like the answer",
  ),
  // Questions about files.
  without(`if [ -L "$1" ]; then return 1; fi`, "the rule is a symbolic link (V06)"),
  instead(
    `[ -f "$1" ] && [ "$(stat -c %u:%h "$1")" = 0:1 ]`,
    `[ -f "$1" ] && [ "$(stat -c %u "$1")" = 0 ]`,
    "the rule is one of two hard links (V06)",
  ),
  instead(
    `[ -f "$1" ] && [ "$(stat -c %u:%h "$1")" = 0:1 ]`,
    `[ -f "$1" ] && [ "$(stat -c %h "$1")" = 1 ]`,
    "the helper is another user's file (V06)",
  ),
  instead(`[ "\${1-}" = 0 ] && `, "", "a directory above the helper is another user's (I01)"),
  instead(
    `[ $((0$2 & 022)) -eq 0 ] && `,
    "",
    "a directory above the helper is writable by its group (I01)",
  ),
  without(
    `dir=\${dir%/*} dir=\${dir:-/}`,
    "a directory further above the helper is writable by its group (I01)",
  ),
  instead(
    `has_mode "$1" "$2" && [ "$(digest "$1")" = "$3" ]`,
    `has_mode "$1" "$2"`,
    "a new helper and a new rule",
  ),
  instead(
    `[ ! -L "$1" ] && [ -f "$1" ] && [ "$(stat -c %u "$1")" = 0 ]`,
    `[ -f "$1" ] && [ "$(stat -c %u "$1")" = 0 ]`,
    "the staged rule is a symbolic link (V06)",
  ),
  instead(
    `[ ! -L "$1" ] && [ -f "$1" ] && [ "$(stat -c %u "$1")" = 0 ]`,
    `[ ! -L "$1" ] && [ -f "$1" ]`,
    "the kept rule is another user's file (V06)",
  ),
  instead(
    `if [ -f "$upload/helper" ]; then is_exactly`,
    `if :; then has_mode "$helper" 755; elif :; then is_exactly`,
    "a new helper and a new rule",
  ),
  // Questions to sudo.
  instead(
    `*'"v":1'*) stop 1 wrong-helper "$answer" ;;`,
    "'') ;;",
    "the helper is of another build",
  ),
  instead(
    "if grep -Eqs '^[@#]includedir",
    "if true '^[@#]includedir",
    "sudoers does not include /etc/sudoers.d (I04)",
  ),
  without("    refused=no", "where the user may run everything already"),
  instead(
    `after=$(survey) || [ "$after" = "$baseline" ]`,
    `after=$(survey)`,
    "another administrator's file is broken (I06)",
  ),
  instead(
    `after=$(survey) || [ "$after" = "$baseline" ]`,
    `after=$(survey) || :`,
    "the rule defines an alias that another file defines too",
  ),
  without(
    `case $answer in *'"success":true'*) ;; *) return 1 ;; esac`,
    "the helper says that it failed",
  ),
  without(
    `case $answer in *"\\"buildId\\":\\"$build_id\\""*) ;; *) return 1 ;; esac`,
    "the helper is of another build",
  ),
  instead(
    `*'ccount validation failure'* | *'ccount expired'* | *'password is expired'*) `,
    "'') ",
    "the account has expired (I04)",
  ),
  instead(
    `    stop 1 refused "$answer"`,
    `    stop 1 not-included "$answer"`,
    "a later file asks for a password (I04)",
  ),
  instead(
    `[ "$line" = "$rule: parsed OK" ] || printf`,
    "printf",
    "another administrator's file has a mode that visudo warns of (I06)",
  ),
  // Going back.
  without(
    `case $number in '' | *[!0-9]*) return 1 ;; esac`,
    "a file that is like one of an earlier run, but of no user",
  ),
  instead(`elif roll_back && unmake`, `elif unmake`, "the rule permits more than the helper"),
  instead(`roll_back && unmake && `, `roll_back && `, "the helper is of another build"),
  instead(
    `*.none) rm -f "\${mark%.none}" && `,
    `*.none) `,
    "the rule permits more than the helper",
  ),
  instead(
    `*.old) put_back "$mark" "\${mark%.old}" && `,
    `*.old) `,
    "the command line does not run",
  ),
  without(`restore line "$line" || return 1`, "the command line does not run"),
  without(`restore helper "$helper" || return 1`, "the command line does not run"),
  without(
    `      rm -f "$link" && flush "\${link%/*}" || return 1`,
    "the command line does not run, in a first installation",
  ),
  without(
    `trap 'stop 1 interrupted "the installer was told to stop"' HUP INT TERM`,
    "told to stop when all is in place but not proven",
  ),
  // The parts.
  without(`[ "$(id -u)" = 0 ] || stop 77 not-root 'only root can change sudoers'`, "not root"),
  without(
    `command -v "$tool" >/dev/null || stop 69 no-tool "this host has no $tool"`,
    "one of its tools is absent",
  ),
  without(`[ -x "$sudo" ] || stop 69 no-sudo "there is no $sudo"`, "sudo is absent"),
  without(
    `[ -n "$visudos" ] || stop 69 no-visudo 'there is no visudo to check the rule with'`,
    "visudo is absent (I05)",
  ),
  instead(
    `[ -z "$line_sha" ] || trusted_dirs "\${link%/*}" ||`,
    ": ||",
    "where `sudo sallyport` looks others can write",
  ),
  instead(
    `trusted_dirs "$rules" "\${lock%/*}"`,
    `trusted_dirs "\${lock%/*}"`,
    "/etc/sudoers.d is writable by its group",
  ),
  instead(`passwd=$(getent passwd "$uid") ||`, `passwd=x:x:1:1 ||`, "the user is nobody's"),
  without(
    `plain_or_absent "$lock" || stop 71 unsafe "$lock is not a plain file of root's"`,
    "the lock is another user's file (V06)",
  ),
  instead("until flock -n 9; do", "until :; do", "three at once (I07)"),
  instead(
    "-le 90 ] || stop 75",
    "-le 9 ] || stop 75",
    "another installation takes longer than is waited",
  ),
  instead("|| stop 75 busy", "|| stop 71 busy", "another installation takes longer than is waited"),
  without(
    `plain_or_absent "$target" || stop 71 unsafe "$target is not a plain file of root's under one name"`,
    "the helper is a directory (V06)",
  ),
  without(
    `[ -z "$line_sha" ] || is_our_link || { [ ! -e "$link" ] && [ ! -L "$link" ]; } || stop 71 taken "$link"`,
    "where `sudo sallyport` looks there is a link to another program",
  ),
  without(
    `[ "$(digest "$3")" = "$2" ] || stop 71 upload "$upload/$1 is not what was announced"`,
    "the helper uploaded is not the one announced",
  ),
  instead(
    `(umask 022 && mkdir -p "$helper_dir")`,
    `mkdir -p "$helper_dir"`,
    "the helper's directory is everybody's to enter",
  ),
  without(
    `if is_packaged; then stop 71 packaged "$helper is of another build"; fi`,
    "a helper of the package is another than the one uploaded",
  ),
  without(`chmod 0755 "$staging/$1.new"`, "the same again (I07)"),
  without(`chmod 0440 "$rule.new"`, "the same again (I07)"),
  instead(
    `    case $said in *usage:*) ;; *) stop 1 syntax "$said" ;; esac
    said=$(timeout 20 "$visudo" -c -f "$rule.new" 2>&1) || stop 1 syntax "$said"`,
    "    :",
    "visudo refuses the rule",
  ),
  instead(
    `if [ -e "$2" ]; then ln "$2" "$staging/$1.old"; else : >"$staging/$1.none"; fi`,
    `: >"$staging/$1.none"`,
    "the command line does not run",
  ),
  instead(
    `if [ -e "$2" ]; then ln "$2" "$staging/$1.old"; else : >"$staging/$1.none"; fi`,
    `if [ -e "$2" ]; then ln "$2" "$staging/$1.old"; fi`,
    "the command line does not run, in a first installation",
  ),
  without(`: >"$staging/link.none"`, "the command line does not run, in a first installation"),
  instead(
    `if [ -e "$rule" ]; then ln "$rule" "$rule.old"; else : >"$rule.none"; fi`,
    `: >"$rule.none"`,
    "the command line does not run",
  ),
  // A whole run.
  instead(
    `if works; then state=already-current; exit 0; fi`,
    `if :; then state=already-current; exit 0; fi`,
    "the same again where a later file asks for a password",
  ),
  instead(
    `  step whole
  neighbours_as_before || stop 1 whole "$after"
  # step: whole-checked
  step effect`,
    "  step effect",
    "the rule defines an alias that another file defines too",
  ),
  without(`works || explain`, "a later file asks for a password (I04)"),
  without(
    `stop 1 too-wide "sudo now also runs $harmless"`,
    "the rule permits more than the helper",
  ),
  without(`line_works || stop 1 line "$said"`, "the command line does not run"),
  without(
    `! is_our_link || rm -f "$link" || stop 1 helper-left "$link cannot be removed"`,
    "installed and removed (I07)",
  ),
  instead(
    `! is_our_link || rm -f "$link"`,
    `rm -f "$link"`,
    "a removal where `sudo sallyport` has become something else, which stays",
  ),
  instead(
    `[ ! -e "$other" ] || return 1; done`,
    ":; done",
    "a removal where another user has a rule, which leaves the programs",
  ),
  without(
    "if is_packaged; then return 1; fi",
    "a removal of the last rule, which leaves what the package has brought",
  ),
  // Its arguments.
  instead("case $uid in '' | 0* | ", "case $uid in '' | ", "root as the user"),
  without(`[ "$uid" -le 4294967294 ] || usage 'a user is a number above 0'`, "the user -1 (V02)"),
  instead("*[!A-Za-z0-9_./-]* | *//*", "*//*", "a helper with a space in its path"),
  instead("*/../* | ", "", "a helper above which somebody climbs"),
  without(
    `[ \${#digest} -eq 64 ] || usage 'a digest is 64 hexadecimal digits'`,
    "a digest that is short",
  ),
  without(
    `case $digest in *[!0-9a-f]*) usage 'a digest is 64 hexadecimal digits' ;; esac`,
    "a digest that has other signs",
  ),
  instead(
    "'' | *[!A-Za-z0-9._-]*) usage 'a build id",
    "'') usage 'a build id",
    "a build with a quotation mark",
  ),
  ...STATUS_CHANGES,
  ...DISK_CHANGES,
];
