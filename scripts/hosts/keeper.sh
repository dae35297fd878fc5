#!/bin/sh
# Boots the hosts and keeps them. It is process 1 of its own pid namespace, and
# has its own mounts and network: nothing on the machine changes, and when this
# process ends, in whatever way, the kernel takes everything in there with it.
#
# usage: keeper.sh RUN HOLDER HOSTS SUDOS KEY DIST BOOKWORM [TRIXIE SID]
#   RUN     this lab's folder; its last component is the lab's id
#   HOLDER  pid of the `lab hold` that started this
#   HOSTS   how many booted hosts; SUDOS: 1 to add the five sudo containers
#   DIST    mounted read-only at /opt/sallyport, when it exists
# Standard input is the lifeline: at its end, the keeper ends.
set -eu

run=$1 holder=$2 count=$3 sudos=$4 key=$5 dist=$6
bookworm=$7 trixie=${8-} sid=${9-}
id=${run##*/}
stage=$run/hosts
subnet=10.99.0

# As process 1 a signal without a handler would never reach this shell.
trap 'exit 0' TERM
exec 3<&0 </dev/null
{ cat <&3 >/dev/null; kill -TERM 1; kill -KILL -1; } &
lifeline=$!

say() { echo "lab: $*" >&2; }
die() { say "$*"; exit 1; }

# --- private ground: /proc of this namespace, the outer one kept aside for the
# pids that the machine knows; systemd-nspawn's own files; the hosts' disks.
mount -t tmpfs -o mode=755 sallyport-lab "$stage"
outer=$stage/.proc
mkdir "$outer"
mount --bind /proc "$outer"
mount -t proc proc /proc
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 sallyport-lab /run/systemd

# The holder may have died before unshare had asked to die with it.
[ -e "$outer/$holder" ] || exit 0
read -r keeper _ <"$outer/self/stat"
echo "$keeper" >"$run/keeper"

ip link set lo up
ip link add lab0 type bridge
ip addr add "$subnet.1/24" dev lab0
ip link set lab0 up

# --- hosts

# cgroup_enter NAME: one cgroup per host, in each hierarchy that systemd uses;
# with --keep-unit, systemd-nspawn would else build all hosts in its own one.
cgroup_enter() {
	for cgroup in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
		[ -e "$cgroup/cgroup.procs" ] || continue
		mkdir -p "$cgroup/sallyport-lab.$id/$1"
		echo 0 >"$cgroup/sallyport-lab.$id/$1/cgroup.procs"
	done
}

# prepare NAME NUMBER TREE: a disk that forgets (overlay over the tree, which is
# never modified), a name, host keys of its own, and a network.
prepare() {
	name=$1 address=$subnet.$((10 + $2)) tree=$3
	disk=$stage/$name
	mkdir -p "$disk/upper" "$disk/work" "$disk/root"
	mount -t overlay sallyport-lab "$disk/root" \
	    -o "lowerdir=$tree,upperdir=$disk/upper,workdir=$disk/work"

	echo "$name" >"$disk/root/etc/hostname"
	printf '127.0.0.1 localhost\n%s\n' "$names" >"$disk/root/etc/hosts"
	od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$disk/root/etc/machine-id"
	if [ -d "$disk/root/etc/ssh" ]; then
		for type in ed25519 ecdsa; do
			hostkey=$disk/root/etc/ssh/ssh_host_${type}_key
			ssh-keygen -q -N '' -C "root@$name" -t $type -f "$hostkey"
			read -r algorithm public _ <"$hostkey.pub"
			echo "$name,$address $algorithm $public" >>"$run/known_hosts"
		done
	fi

	: >"$disk/net"
	unshare --net="$disk/net" true
	ip link add "$name" type veth peer name host0
	ip link set host0 netns "$disk/net"
	ip link set "$name" master lab0 up
	nsenter --net="$disk/net" ip -batch - <<-END
		addr add $address/24 dev host0
		link set host0 up
		link set lo up
	END
}

# start NAME ARG…: the prepared disk under systemd-nspawn. /tmp stays on the
# disk, world-writable and sticky as in Debian 12, where nspawn would put its
# own. The environment is emptied: it would be seen in the host's process 1.
# A host that ends while there is RUN/NAME.off is dark as long as that file is
# there, and is then booted again with the same disk: a loss of power.
start() {
	name=$1
	shift
	disk=$stage/$name
	[ ! -d "$dist" ] || set -- --bind-ro="$dist:/opt/sallyport" "$@"
	{
		while
			(
				cgroup_enter "$name"
				read -r pid _ <"$outer/self/stat"
				echo "$pid" >"$disk/nspawn"
				exec env -i PATH="$PATH" SYSTEMD_NSPAWN_TMPFS_TMP=0 \
				    systemd-nspawn -q --register=no --keep-unit \
				    -M "sallyport-lab-$id-$name" --hostname="$name" \
				    -D "$disk/root" --network-namespace-path="$disk/net" \
				    --resolv-conf=off --timezone=off --link-journal=no "$@"
			) || :
			[ -e "$run/$name.off" ]
		do
			: >"$disk/dark"
			while [ -e "$run/$name.off" ]; do sleep 0.1; done
			rm "$disk/dark"
		done
		: >"$disk/ended"
	} 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- </dev/null >"$run/$name.log" 2>&1 &
}

# init_of NAME: sets `pid` (the machine's number) and `inner` (ours) of the
# host's process 1: the child of systemd-nspawn that is 1 in a third namespace.
init_of() {
	{ read -r parent <"$stage/$1/nspawn"; } 2>/dev/null || return 1
	found=$(awk -v parent="$parent" '
	    $1 == "PPid:" { ppid = $2 }
	    $1 == "NSpid:" && ppid == parent && NF == 4 && $4 == 1 { print $2, $3 }
	    ' "$outer"/[0-9]*/status 2>/dev/null) || :
	pid=${found% *} inner=${found#* }
	[ -n "$found" ]
}

in_host() {
	nsenter -t "$inner" -m -u -i -n -p -C -r -w "$@"
}

# wait_for NAME COMMAND…: until the command succeeds in the host.
wait_for() {
	host=$1
	shift
	tries=300
	until init_of "$host" && in_host "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || [ -e "$stage/$host/ended" ]; then
			cat "$run/$host.log" >&2
			die "$host did not come up"
		fi
		sleep 0.1
	done
}

# settled: systemd has started everything. `degraded` (some unit failed) is
# good enough, although systemctl then exits with 1.
# shellcheck disable=SC2016 # it is the host's shell that expands this
settled='case $(systemctl is-system-running --wait) in
    running | degraded) ;; *) exit 1 ;; esac'

# The flavours of sudo: name, tree, and whether sudo-rs takes sudo's place.
flavours="sudo-A $bookworm sudo
sudo-B $trixie sudo
sudo-C $sid sudo
sudo-R5 $trixie sudo-rs
sudo-R15 $sid sudo-rs"
[ "$sudos" = 1 ] || flavours=

# replace_sudo ROOT: as Ubuntu does it from 25.10 on, through alternatives.
replace_sudo() {
	for path in bin/sudo sbin/visudo; do
		program=${path#*/}
		ln -sf "/usr/lib/cargo/bin/$program" "$1/etc/alternatives/$program"
		ln -sf "/etc/alternatives/$program" "$1/usr/$path"
	done
}

# --- every host's name and address, known to all before the first one starts
hosts='' number=0
while [ $number -lt "$count" ]; do
	number=$((number + 1))
	hosts="$hosts
h$number $bookworm booted"
done
hosts=$(printf '%s\n%s\n' "$hosts" "$flavours" | sed '/^$/d')
names=$(echo "$hosts" | awk -v net="$subnet" '{ print net "." (10 + NR), $1 }')

# The lists are read from descriptor 4, and not through a pipe: this shell has
# to be the one that ends when something goes wrong.
exec 4<<END
$hosts
END
number=0
while read -r name tree kind <&4; do
	number=$((number + 1))
	prepare "$name" $number "$tree"
	[ "$kind" != sudo-rs ] || replace_sudo "$stage/$name/root"
	case $kind in
	booted) start "$name" --boot ;;
	*) start "$name" --as-pid2 /bin/sleep infinity ;;
	esac
done

say "booting $(echo "$names" | cut -d' ' -f2 | tr '\n' ' ')"

# --- report
exec 4<<END
$hosts
END
number=0 json='' state="keeper $keeper"
while read -r name tree kind <&4; do
	number=$((number + 1))
	address=$subnet.$((10 + number)) systemd=false
	if [ "$kind" = booted ]; then
		systemd=true
		wait_for "$name" sh -c "$settled"
		ssh-keyscan -T 5 -t ed25519 "$address" 2>/dev/null | grep -q . ||
		    die "$name: sshd does not answer on $address"
	else
		wait_for "$name" /usr/bin/sudo -V
	fi
	json="$json${json:+,}{\"name\":\"$name\",\"pid\":$pid,\"address\":\"$address\",\"systemd\":$systemd}"
	state="$state
$name $pid $address"
done

echo "$names" | while read -r address name; do
	printf 'Host %s %s\n\tHostName %s\n' "$name" "$address" "$address"
done >"$run/ssh_config"
cat >>"$run/ssh_config" <<END
Host *
	User ops
	IdentityFile $key
	IdentitiesOnly yes
	UserKnownHostsFile $run/known_hosts
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
END
echo "$state" >"$run/state"
printf '{"hosts":[%s],"keeper":%s,"key":"%s","state":"%s"}\n' \
    "$json" "$keeper" "$key" "$run"

wait "$lifeline"
