# shellcheck shell=sh
# shellcheck disable=SC2154 # parts, cache and key are scripts/lab's, which reads this
# The cache of root trees.

trees=$cache/trees

# mirror: where this machine itself has its Debian packages from.
mirror() {
	[ -z "${SALLYPORT_MIRROR-}" ] || { echo "$SALLYPORT_MIRROR"; return; }
	# shellcheck disable=SC2016 # the format is for apt to expand
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' \
	    'Origin: Debian' 'Label: Debian' | sed -n 1p
}

# --- what the machine needs, as command:package (also in `check`)
needs='mmdebstrap:mmdebstrap dpkg-deb:dpkg systemd-nspawn:systemd-container
    ip:iproute2 ssh:openssh-client ssh-keyscan:openssh-client awk:mawk
    unshare:util-linux nsenter:util-linux setpriv:util-linux flock:util-linux'

missing() {
	for need in $needs; do
		command -v "${need%:*}" >/dev/null || echo "${need#*:}"
	done | sort -u | tr '\n' ' '
	[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] ||
	    echo debian-archive-keyring
}

install_missing() {
	packages=$(missing)
	[ -n "$packages" ] || return 0
	say "installing on this machine: $packages"
	apt-get -qq update </dev/null >&2
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
	    --no-install-recommends $packages </dev/null >&2 ||
	    die 69 "hint: apt-get update && apt-get install $packages"
}

# --- tree

# tree_path SUITE: where its tree is, or will be. The recipe is in the name, so
# a tree that is there is complete and current.
tree_path() {
	recipe=$(cat "$parts/tree.sh" "$parts/repo.sh" "$key.pub" | sha256sum)
	echo "$trees/$1.$(echo "$recipe" | cut -c1-16)"
}

# build SUITE: one builder at a time for each suite; into a folder beside it,
# renamed when complete. Old trees go when no lab stands on them any more.
# Runs in a background process of its own, and exits.
build() {
	suite=$1 tree=$(tree_path "$1") draft=$trees/.$1.building
	exec 9>"$trees/.$suite.lock"
	flock -n 9 || { say "$suite: waiting for another build"; flock 9; }
	[ ! -d "$tree" ] || exit 0
	rm -rf --one-file-system "$draft"
	from=$(mirror)
	[ -n "$from" ] || die 69 'hint: apt-get update, or SALLYPORT_MIRROR=URL'
	say "$suite: building from $from"
	begun=$(date +%s)
	# Killed, it leaves no process and no mount; the draft goes next time.
	# What counts is not its exit status but whether the tree is there.
	setpriv --pdeathsig KILL unshare --mount --pid --fork \
	    --kill-child=SIGKILL --mount-proc \
	    "$parts/tree.sh" "$suite" "$tree" "$draft" "$key.pub" "$from" \
	    </dev/null 2>&1 9>&- | sed -u "s/^/lab: $suite: /" >&2
	[ -d "$tree" ] || die 1 "$suite: no tree was built"
	for old in "$trees/$suite".*; do
		[ "$old" = "$tree" ] ||
		    flock -n "$old" rm -rf --one-file-system "$old" || :
	done
	ln -sfn "${tree##*/}" "$trees/$suite"
	say "$suite: built in $(($(date +%s) - begun)) s"
	exit 0
}

# tree SUITE…: all at once; two are faster together than one after the other.
tree() {
	install_missing
	mkdir -p "$trees"
	(
		flock 9
		[ -e "$key" ] ||
		    ssh-keygen -q -t ed25519 -N '' -C sallyport-lab -f "$key"
	) 9>"$cache/.lab-key.lock"
	builders=''
	trap 'kill -KILL $builders 2>/dev/null || :' EXIT
	trap 'exit 130' INT TERM HUP
	for suite; do
		[ -d "$(tree_path "$suite")" ] || {
			build "$suite" &
			builders="$builders $!"
		}
	done
	for builder in $builders; do
		wait "$builder" || exit 1
	done
	trap - EXIT INT TERM HUP
}

# trees_for SUDOS: those on which a lab stands, without or with sudo containers.
trees_for() {
	if [ "$1" = 0 ]; then tree bookworm; else tree bookworm trixie sid; fi
}
