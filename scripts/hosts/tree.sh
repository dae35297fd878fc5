#!/bin/sh
# Builds one root tree for the lab's hosts. Its text is part of the name the
# tree is cached under: whatever changes here makes a new tree.
#
# usage: tree.sh SUITE DIR DRAFT PUBLIC-KEY MIRROR
# Builds in DRAFT and renames it to DIR, so that a DIR is a complete tree.
# Runs as root in its own mount and pid namespaces (see scripts/lab), so that
# however it is ended, no mount and no process of it stays behind.
set -eu

suite=$1 final=$2 dir=$3 key=$4 mirror=$5

# In every tree: perl-base is essential in Debian and its syscall() reaches
# TIOCSTI, prctl and signal masks; setpriv and flock come with util-linux.
packages=strace,acl,procps
case $suite in
bookworm)
	# A host as people run them, booted by systemd. curl, git, htop and rsync
	# are left out: the tests install them. Two login shells that are no sh(1),
	# nft(8) to lose packets, and what confines sandboxed steps.
	packages=$packages,systemd,systemd-sysv,dbus,libpam-systemd,sudo
	packages=$packages,openssh-server,nginx-light,iproute2,adduser
	packages=$packages,python3,tcsh,fish,nftables,bubblewrap
	;;
trixie | sid)
	packages=$packages,sudo,sudo-rs
	;;
esac

# Signatures are always verified: the keyring of Debian 12 (2023.3+deb12u2) has
# the keys of all three. But sid's Release is valid for a week only, and a
# mirror frozen at some date (a build machine's) is older;
# for a host that is thrown away that is no reason to stop.
set --
[ "$suite" != sid ] || set -- --aptopt='Acquire::Check-Valid-Until "false"'

mmdebstrap --mode=root --variant=minbase --format=directory \
    --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
    --include="$packages" "$@" "$suite" "$dir" "deb $mirror $suite main"

inside() {
	chroot "$dir" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

echo 'I: adding users...' >&2
inside useradd -m -u 1000 -s /bin/bash ops
inside useradd -m -u 1001 -s /bin/bash agent
inside useradd -m -u 1002 -s /bin/bash other
echo 'ops:lab-ops-password' | inside chpasswd
inside usermod -aG sudo ops
install -d -m 700 -o 1000 -g 1000 "$dir/home/ops/.ssh"
install -m 600 -o 1000 -g 1000 "$key" "$dir/home/ops/.ssh/authorized_keys"

if [ "$suite" = bookworm ]; then
	echo 'I: adding the local package repository...' >&2
	"$(dirname "$0")/repo.sh" "$dir/srv/repo"

	# Each host gets its own host keys when it is started.
	rm -f "$dir"/etc/ssh/ssh_host_*

	# They would reach for a network that is not there, or for apt's lock at a
	# moment of their own choosing. The consoles are nobody's.
	for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer \
	    e2scrub_reap.service fstrim.timer console-getty.service; do
		ln -sf /dev/null "$dir/etc/systemd/system/$unit"
	done
fi

# apt must never try to go out; the lists are there, so that installing works.
rm -f "$dir"/etc/apt/sources.list.d/* "$dir/etc/apt/sources.list"
[ ! -d "$dir/srv/repo" ] ||
    echo 'deb [trusted=yes] file:/srv/repo ./' >"$dir/etc/apt/sources.list.d/lab.list"
inside apt-get -qq update >&2

# Mount points and per-host files that the keeper fills in.
mkdir -p "$dir/opt/sallyport"
rm -f "$dir/etc/resolv.conf"
: >"$dir/etc/machine-id"

for program in visudo setpriv flock getent sha256sum sudo; do
	# shellcheck disable=SC2016 # the shell inside expands it
	inside sh -c 'command -v "$0" >/dev/null' $program || {
		echo "E: no $program in $suite" >&2
		exit 1
	}
done

mv "$dir" "$final"
