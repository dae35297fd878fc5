# shellcheck shell=sh
# What the kernel does not remove when a lab ends: cgroup directories, and its
# folder under /run. Read by scripts/lab, whose is `base`.

# cgroups: the roots of the hierarchies in which systemd-nspawn makes directories.
cgroups() {
	for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
		[ ! -e "$root/cgroup.procs" ] || echo "$root"
	done
}

# remove_cgroups ID: false while a process is left in one of them.
remove_cgroups() {
	for root in $(cgroups); do
		top=$root/sallyport-lab.$1
		[ -d "$top" ] || continue
		find "$top" -name cgroup.procs -exec cat {} + 2>/dev/null |
		    grep -q . && return 1
		find "$top" -depth -type d -exec rmdir {} + 2>/dev/null || return 1
	done
}

# remove ID: what the kernel leaves of a lab that has ended. Its last processes
# may still be on their way out.
remove() {
	tries=60
	until remove_cgroups "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { say "$1: processes of it are still there"; return; }
		sleep 0.05
	done
	rm -rf --one-file-system "${base:?}/$1"
}

# alive RUN: every process of a lab holds the lock in its folder.
alive() { [ -d "$1" ] && ! flock -n "$1/lock" true; }

# sweep: the leftovers of labs that were killed. Called with the base lock held,
# under which labs are begun as well: what looks dead here is dead.
sweep() {
	for run in "$base"/lab-*; do
		[ ! -d "$run" ] || alive "$run" || remove "${run##*/}"
	done
	for root in $(cgroups); do
		for top in "$root"/sallyport-lab.*; do
			id=${top##*/sallyport-lab.}
			[ ! -d "$top" ] || [ -d "$base/$id" ] || remove_cgroups "$id" || :
		done
	done
	[ -d "$base/up" ] || rm -f "$base/up"
}

sweep_now() {
	[ -d "$base" ] || return 0
	(
		flock 9
		sweep
	) 9>"$base/.lock"
}
