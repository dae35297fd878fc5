#!/bin/sh
# Builds the local apt repository of the lab's hosts: real, tiny packages with
# the names of the compiled-in policy, each behaving badly in one known way.
# The hosts have no way out, so these are all that apt can see.
#
# usage: repo.sh DIR
set -eu

repo=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/sallyport-lab-repo.XXXXXX")
trap 'rm -rf "$work"' EXIT

# package NAME VERSION [CONTROL-LINE]: a package with one program, which says
# what it is, so that a test can see which version is really installed.
package() {
	root=$work/$1_$2
	mkdir -p "$root/DEBIAN" "$root/usr/bin"
	{
		printf 'Package: %s\nVersion: %s\nArchitecture: all\n' "$1" "$2"
		printf 'Maintainer: Sallyport lab <lab@localhost>\n'
		printf 'Section: misc\nPriority: optional\n'
		[ $# -lt 3 ] || printf '%s\n' "$3"
		printf 'Description: lab stand-in for %s\n' "$1"
	} >"$root/DEBIAN/control"
	printf '#!/bin/sh\necho "%s %s"\n' "$1" "$2" >"$root/usr/bin/$1"
	chmod 755 "$root/usr/bin/$1"
}

# file PATH [MODE]: a file of the package begun last, from standard input.
file() {
	mkdir -p "$(dirname "$root/$1")"
	cat >"$root/$1"
	chmod "${2:-644}" "$root/$1"
}

# Two versions: what is installed and what would be installed can differ.
package htop 1.0
package htop 1.1

package libcurl-lab 1.0
package curl 1.0 'Depends: libcurl-lab (= 1.0)'

# Removing git must not silently take another package with it.
package git 1.0
package depends-on-git 1.0 'Depends: git'

# Installing ufw would remove htop.
package ufw 1.0 'Conflicts: htop'

package forbidden 1.0

# A transaction long enough to be interrupted in the middle.
package rsync 1.0
file DEBIAN/postinst 755 <<'END'
#!/bin/sh
for second in 1 2 3 4 5 6; do
	echo "rsync: configuring, step $second of 6"
	sleep 1
done
END

# A conffile that the next version changes: a question, if dpkg may ask one.
for version in 1.0 1.1; do
	package trash-cli $version
	echo "setting = from $version" | file etc/trash-cli.conf
	echo /etc/trash-cli.conf | file DEBIAN/conffiles
done

package fail2ban 1.0
file lib/systemd/system/fail2ban.service <<'END'
[Unit]
Description=lab stand-in for fail2ban

[Service]
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
END
file DEBIAN/postinst 755 <<'END'
#!/bin/sh
[ ! -d /run/systemd/system ] || systemctl daemon-reload
END

# Asks a question on standard input: fails where a person could be asked, waits
# where the input is open, and is content when it is /dev/null. (The output is
# always a terminal: apt puts one between itself and dpkg.)
package caddy 1.0
file DEBIAN/postinst 755 <<'END'
#!/bin/sh
if [ -t 0 ]; then
	echo 'caddy: standard input is a terminal' >&2
	exit 7
fi
echo 'caddy: which port shall it listen on?'
read -r answer || echo 'caddy: no answer, keeping the default'
END

package snapd 1.0
file DEBIAN/postinst 755 <<'END'
#!/bin/sh
echo 'snapd: this always fails' >&2
exit 3
END

# 5 MB of output, between a first and a last line that must survive it.
package docker.io 1.0
file DEBIAN/postinst 755 <<'END'
#!/bin/sh
echo 'docker.io: first line'
yes 'docker.io: one of many lines, sixty-four characters in all.....' | head -c 5000000
echo 'docker.io: last line'
END

mkdir -p "$repo"
for root in "$work"/*; do
	dpkg-deb --root-owner-group -Znone --build "$root" "$repo" >/dev/null
done

cd "$repo"
for deb in *.deb; do
	dpkg-deb --field "$deb"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" \
	    "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
done >Packages
