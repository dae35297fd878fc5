#!/bin/sh
# Leads the session of one step: its terminal, and with sudo its ticket. The text is constant; data come as arguments:
#   PTS    the terminal, not yet anybody's
#   MARK   in the environment of the step as LC_SALLYPORT_STEP: sudo lets LC_* through, so root's parts carry it as well
#   LOCKED yes: this shell stays, and does what it is told on descriptor 3; no: it becomes the step
#   STDIN  yes: descriptor 6 is the step's standard input; no: it has none
#   ...    the step's argv
# Descriptors: 3 words and answers, 4 the same for the warden, 5 the password, 7 the terminal's other end.
# Locked, the environment is not the step's: LD_PRELOAD would be there when the password is.
set -u
pts=$1 mark=$2 locked=$3 stdin=$4
shift 4

# The first terminal that the leader of a session opens is the one that controls it, and knows its ticket.
exec <>"$pts" >&0 2>&0

say() { printf '%s\n' "$*" >&3; }

# Names a file of each process that carries the mark $1 or belongs to the session $2.
# The name of a program may hold anything (CVE-2017-1000367); state, parent, group, session come after it.
# shellcheck disable=SC2016 # expanded by the shell that looks
LOOK='grep -ls "LC_SALLYPORT_STEP=$1" /proc/[0-9]*/environ
exec grep -lsE "\) [A-Y] [0-9]+ [0-9]+ $2 " /proc/[0-9]*/stat'

# sweep SIGNAL...: five rounds of each, the first of which sends it; SIGKILL is sent in all of them.
sweep() {
	for signal in "$@"; do
		for turn in 1 2 3 4 5; do
			found=''
			# In a session of its own, so that it does not see itself.
			for file in $(setsid /bin/sh -c "$LOOK" sh "$mark" $$); do
				pid=${file#/proc/}
				pid=${pid%%/*}
				case $pid in "$leader" | "$self") ;; *) found="$found $pid" ;; esac
			done
			[ -n "$found" ] || return 0
			# shellcheck disable=SC2086 # a list of numbers
			case $turn$signal in [2-5]TERM) ;; *) kill -s $signal $found ;; esac
			sleep 0.1
		done
	done
} 2>/dev/null

# The same for root's, while there is a ticket.
# shellcheck disable=SC2016 # expanded by root's shell
ROOT_SWEEP='mark=$1; shift; for s; do for n in 1 2 3 4 5; do
found=$(grep -ls "LC_SALLYPORT_STEP=$mark" /proc/[0-9]*/environ); [ -n "$found" ] || exit 0
case $n$s in [2-5]TERM) ;; *) for f in $found; do p=${f#/proc/}; kill -s $s ${p%%/*}; done ;; esac
sleep 0.1; done; done'
sweep_all() {
	[ "$root" = no ] ||
	    /usr/bin/sudo -n -- /bin/sh -c "$ROOT_SWEEP" sh "$mark" "$@" </dev/null >/dev/null 2>&1
	sweep "$@"
}

# warden: lives beside the step. When nobody holds the other side of descriptor 4 any more, all of the step ends.
warden() {
	exec </dev/null >/dev/null 2>&1 3>&- 5<&- 6<&-
	read -r self _ </proc/self/stat
	PATH=/usr/bin:/bin
	unset LC_SALLYPORT_STEP
	echo "warden $self" >&4
	while read -r word <&4; do
		case $word in
		root) root=yes ;;
		fresh) /usr/bin/sudo -n -v ;;
		stop)
			sweep_all TERM KILL KILL
			echo stopped >&4
			;;
		'done') exit 0 ;;
		esac
	done
	sweep_all KILL KILL
	# The leader may be about to start the step.
	[ "$leader" = none ] || kill -s URG "$leader"
}

root=no self=none leader=$$
# The warden must not miss the end of a step that has ended before it came to ignore the terminal's signals.
trap '' HUP INT QUIT TERM TSTP PIPE
if [ "$locked" = no ]; then
	leader=none
	(warden &)
	trap - HUP INT QUIT TERM TSTP PIPE
	if [ "$stdin" = yes ]; then exec "$@" <&6 4>&- 6<&-; fi
	exec "$@" </dev/null 4>&-
fi

warden &
warden=$!
exec 4>&-
# Signals to the whole process group of the step reach this shell too; none of them is for it. (Ignored, they would be
# ignored by the step as well.)
trap : HUP INT QUIT TERM TSTP TTIN TTOU PIPE ALRM USR1 USR2
# This one is: nobody holds the other side any more, or the warden is gone.
over=no
trap 'over=yes; sweep_all KILL KILL' URG

signals=TERM
finish() {
	wait "$warden"
	# shellcheck disable=SC2086 # words
	sweep_all $signals KILL KILL
	/usr/bin/sudo -k </dev/null >/dev/null 2>&1
	say closed
	exit 0
}

while read -r word value <&3; do
	case $word in
	ask)
		/usr/bin/sudo -k
		/usr/bin/sudo -S -p "$value:%p:" -v <&5
		say asked $?
		exec 5<&-
		;;
	check)
		/usr/bin/sudo -n -v </dev/null >/dev/null 2>&1
		say checked $?
		;;
	nested)
		# From another parent: a ticket that is kept by parent (timestamp_type=ppid) does not hold there.
		/bin/sh -c '/usr/bin/sudo -n -v; exit $?' </dev/null >/dev/null 2>&1
		say nested $?
		;;
	rules)
		/usr/bin/sudo -n -l </dev/null >&3 2>&3
		say ruled $?
		;;
	shell)
		/usr/bin/sudo -n -l /bin/sh </dev/null >/dev/null 2>&1
		say shelled $?
		;;
	prove)
		/usr/bin/sudo -n -- /bin/sh -c : </dev/null >&3 2>&3
		say proved $?
		;;
	forget)
		/usr/bin/sudo -K </dev/null >/dev/null 2>&1
		say forgotten $?
		;;
	root) root=yes ;;
	kill) signals='' ;;
	run | close) break ;;
	esac
done
[ "${word:-}" = run ] || finish

# The environment of the step: `+NAME=VALUE`, further lines of a value as `>LINE`, then an empty line. It stands
# behind argv until there is a process that it is for.
argc=$# assignment='' whole=no
while IFS= read -r line <&3; do
	case $line in
	'')
		whole=yes
		break
		;;
	+*)
		[ -z "$assignment" ] || set -- "$@" "$assignment"
		assignment=${line#+}
		;;
	*) assignment="$assignment
${line#>}" ;;
	esac
done
[ "$whole$over" = yesno ] || finish
[ -z "$assignment" ] || set -- "$@" "$assignment"

become() {
	if [ "$stdin" = yes ]; then exec <&6 6<&-; else exec </dev/null; fi
	exec 3>&- 5<&- 7>&-
	turn=$argc
	while [ "$turn" -gt 0 ]; do
		first=$1
		shift
		set -- "$@" "$first"
		turn=$((turn - 1))
	done
	unset PATH LC_ALL PWD OLDPWD
	while [ $# -gt "$argc" ]; do
		# shellcheck disable=SC2163 # an assignment
		export "$1"
		shift
	done
	# A shell has what it starts in the background ignore these two.
	if /usr/bin/env --default-signal=INT,QUIT /bin/true 2>/dev/null; then
		# shellcheck disable=SC2016 # expanded by the inner shell
		exec /usr/bin/env --default-signal=INT,QUIT /bin/sh -c 'exec "$@"' step "$@"
	fi
	exec "$@"
}

become "$@" &
child=$!
# What a shell says of a job that a signal ended is no output of the step.
exec 2>/dev/null
[ "$over" = no ] || sweep KILL KILL
while
	wait "$child"
	status=$?
	[ -e "/proc/$child" ]
do :; done
# `Done(137)` and `Killed` are the same status; a shell that does not say which leaves it to the number.
jobs -l >&3
say ended "$child" "$status"
while read -r word _ <&3 && [ "$word" != close ]; do :; done
finish
