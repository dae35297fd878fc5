# For tests of sudoers/transaction.sh inside a host of the lab, as root, in a mount namespace of their own:
# nothing has to be undone. The script itself comes on standard input. Two builds of stand-ins for both programs, two rules.
set -u
umask 022
agent=1001
helper=/usr/local/libexec/sallyport/sallyport-helper
line=/usr/local/libexec/sallyport/sallyport
link=/usr/local/sbin/sallyport
rule=/etc/sudoers.d/zz-sallyport-uid$agent
script=/run/transaction.sh

stage() {
  mkdir -p /usr/local/libexec
  for place in /run /etc/sudoers.d /usr/local/libexec /usr/local/sbin; do mount -t tmpfs -o mode=755 stage "$place" || exit 1; done
  cp -p /etc/sudoers /run/sudoers
  mount --bind /run/sudoers /etc/sudoers || exit 1
  cp "$1" "$script"
  upload a
  upload b
  echo '# the second edition' >>/run/b/rule
}

# upload BUILD: the folder /run/BUILD, as setup-sudo or an SSH upload makes it.
upload() {
  mkdir -m 700 "/run/$1"
  cat >"/run/$1/helper" <<END
#!/bin/sh
echo '{"v":1,"success":true,"exitCode":0,"data":{"kind":"version","version":"0","buildId":"$1"},"error":null}'
END
  printf '#!/bin/sh\n# %s\ntest "$*" = --version\n' "$1" >"/run/$1/line"
  cat >"/run/$1/rule" <<END
Defaults!$helper env_reset
Defaults!$helper !env_keep
Defaults!$helper !env_check
Defaults!$helper secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
#$agent ALL=(root) CWD=/ NOPASSWD: NOSETENV: $helper
END
}

digest() { sha256sum <"$1" | cut -c 1-64; }
# put FOLDER [BUILD_ID]; put_bare, as over SSH, leaves the command line alone.
put() { put_bare "$1" "${2-$1}" "$(digest "/run/$1/line")"; }
put_bare() { sh "$script" install $agent "/run/$1" "$(digest "/run/$1/helper")" "$(digest "/run/$1/rule")" $helper "${2-$1}" ${3+"$3"}; }
ask_status() { ask_status_bare "$1" "$(digest "/run/$1/line")"; }
ask_status_bare() { sh "$script" status $agent "$(digest "/run/$1/helper")" "$(digest "/run/$1/rule")" $helper "$1" ${2+"$2"}; }
take() { sh "$script" uninstall $agent $helper; }

# Names, owners, modes, times and bytes of all that a transaction may touch; not the times of directories.
touched='/etc/sudoers /etc/sudoers.d /usr/local/libexec /usr/local/sbin'
snapshot() {
  find $touched \( -type d -printf '%p %m %U:%G d\n' -o -printf '%p %m %U:%G %y %n %s %T@ %l\n' \) | sort
  find $touched -type f | sort | xargs sha256sum
}
# Names of ours that are neither rule nor helper.
leftovers() { ls -A /etc/sudoers.d | grep '^zz-sallyport-.*[.]' || :; ls -A /usr/local/libexec/sallyport 2>/dev/null | grep '^[.]' || :; }
