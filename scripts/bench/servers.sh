#!/bin/sh
# In a lab host, as root: COUNT sshds from PORT of 127.0.0.1 on, each with files of its own, as COUNT hosts would have.
# Each is process 1 of a pid namespace: so it counts the processor time of all that ran in it, and all ends with it.
# Prints "PORT PID SSHD TYPE KEY" for each, once it listens: who kills PID ends it, SSHD is its first process.
# With "bare" there is no helper in them.
# usage: servers.sh COUNT PORT [bare]
set -eu

count=$1 port=$2 kind=${3-} pids='' sshd=''

# With a /run of its own no place waits for another one's lock or the one logind, which 50 hosts would not share.
# shellcheck disable=SC2016 # the shell inside expands it
place='umask 022
mount -t tmpfs none /mnt
for folder in etc usr/local; do
	mkdir -p "/mnt/$folder/upper" "/mnt/$folder/work"
	mount -t overlay none -o "lowerdir=/$folder,upperdir=/mnt/$folder/upper,workdir=/mnt/$folder/work" "/$folder"
done
mount -t tmpfs -o mode=755 none /run
mkdir /run/sshd
mount -t tmpfs -o mode=1777 none /tmp
[ "$2" != bare ] || rm -rf /usr/local/libexec/sallyport
ssh-keygen -q -t ed25519 -N "" -f /run/bench-key
cat >/run/bench-sshd <<END
Port $1
ListenAddress 127.0.0.1
HostKey /run/bench-key
PidFile /run/bench-pid
UsePAM yes
PasswordAuthentication no
Subsystem sftp internal-sftp
END
exec /usr/sbin/sshd -D -f /run/bench-sshd'

last=$((port + count - 1))
for here in $(seq "$port" "$last"); do
	unshare --mount --pid --fork --kill-child=SIGKILL --mount-proc sh -euc "$place" sh "$here" "$kind" </dev/null >/dev/null &
	pids="$pids $!"
done
# shellcheck disable=SC2086 # a list of words
set -- $pids
for here in $(seq "$port" "$last"); do
	until [ -s "/proc/${sshd:-none}/root/run/bench-pid" ]; do
		kill -0 "$1"
		# There is no line feed at its end.
		read -r sshd _ <"/proc/$1/task/$1/children" || :
		sleep 0.05
	done
	read -r type key _ <"/proc/$sshd/root/run/bench-key.pub"
	echo "$here $1 $sshd $type $key"
	sshd=''
	shift
done
