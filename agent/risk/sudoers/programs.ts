/** Programs that make their caller root when they run as root, and how. Source: GTFOBins, sudoers(5). */

type Kind = { names: string; text: string; fixed: "root" | "narrow" };

/** `fixed`: what it is with arguments that the caller cannot choose. */
const KINDS: Record<string, Kind> = {
  shell: {
    names: "sh bash dash ash zsh ksh mksh rksh rbash fish csh tcsh pwsh busybox toybox",
    text: "a shell: whatever is typed runs as root",
    fixed: "narrow",
  },
  elevates: {
    names:
      "sudo su doas pkexec run0 runuser setpriv capsh chroot unshare nsenter systemd-run systemd-nspawn",
    text: "starts any program as root",
    fixed: "narrow",
  },
  editor: {
    names:
      "vi vim nvim view rvim rview vimdiff ex ed red nano rnano pico emacs micro joe jed mcedit mc kak helix code gedit",
    text: "an editor: it writes any file and starts a shell (:!sh)",
    fixed: "root",
  },
  pager: {
    names: "less more most man info lesspipe pg bat journalctl systemd-analyze git",
    text: "shows text in a pager, and a pager starts a shell (!sh)",
    fixed: "root",
  },
  interpreter: {
    names:
      "python python2 python3 perl ruby node nodejs php lua tclsh wish expect awk gawk mawk nawk R Rscript julia irb ghci scala groovy jshell java jrunscript gdb lldb erl elixir guile osascript deno bun sqlite3 psql mysql mariadb mongo mongosh redis-cli irb pry",
    text: "an interpreter: any code runs as root",
    fixed: "narrow",
  },
  starts: {
    names:
      "env find xargs parallel nice ionice timeout time nohup stdbuf setsid setarch taskset chrt flock watch script screen tmux strace ltrace logsave run-parts start-stop-daemon expect make cmake rake gem bundle npm npx yarn pip pip3 pipx cargo go docker-compose ansible ansible-playbook puppet chef-client salt-call tar bsdtar zip unzip 7z rsync scp sftp ssh socat nc ncat netcat openvpn tcpdump nmap wget curl ftp lftp aria2c split csplit sed sort rpm dpkg at crontab batch logrotate ld.so ldconfig dmsetup multitime pexec hping3 mail mailx mutt",
    text: "starts another program of the caller's choice, by its arguments",
    fixed: "narrow",
  },
  writes: {
    names:
      "cp mv ln install dd tee sponge truncate touch mkdir rm rmdir chmod chown chgrp chattr setfacl setcap patch mktemp shred cpio ar gzip gunzip bzip2 xz zstd visudo sudoedit passwd chpasswd useradd usermod groupmod gpasswd adduser chsh vipw vigr openssl iconv uniq xxd base64 sysctl",
    text: "changes any file or account of root's, by its arguments",
    fixed: "narrow",
  },
  reads: {
    names:
      "cat tac head tail nl od xxd hexdump strings base64 base32 cut paste sort uniq grep egrep fgrep zgrep rg diff cmp comm join rev wc file look fold fmt column pr",
    text: "reads any file of root's, keys and password hashes among them",
    fixed: "narrow",
  },
  packages: {
    names:
      "apt apt-get aptitude dpkg dnf yum microdnf zypper rpm pacman apk snap flatpak pkg emerge pip gem npm brew",
    text: "installs packages, whose scripts run as root, or starts a shell by an option",
    fixed: "narrow",
  },
  services: {
    names:
      "systemctl service rc-service invoke-rc.d initctl loginctl machinectl busctl systemd-run supervisorctl monit",
    text: "starts and changes services, also one of the caller's own",
    fixed: "narrow",
  },
  containers: {
    names: "docker podman nerdctl lxc lxd incus kubectl ctr crictl virsh buildah runc",
    text: "starts a container with this machine's disk in it",
    fixed: "narrow",
  },
  system: {
    names:
      "mount umount fdisk mkfs insmod modprobe kexec dmesg ip iptables nft tc route sysctl reboot shutdown halt poweroff init telinit losetup cryptsetup lvm debugfs fsck swapon exportfs hostnamectl timedatectl update-alternatives grub-install update-grub",
    text: "changes disks, kernel or network of this machine, by its arguments",
    fixed: "narrow",
  },
};

export type Danger = { kind: string; text: string; fixed: "root" | "narrow" };

const BY_NAME: ReadonlyMap<string, Danger> = new Map(
  Object.entries(KINDS)
    .toReversed()
    .flatMap(([kind, { names, text, fixed }]) =>
      names.split(" ").map((name): [string, Danger] => [name, { kind, text, fixed }]),
    ),
);

/** `path`: as sudoers has it. Null: nothing is known against it. */
export function dangerOf(path: string): Danger | null {
  const base = path.slice(path.lastIndexOf("/") + 1);
  return BY_NAME.get(base) ?? BY_NAME.get(base.replace(/[-.\d]+$/, "")) ?? null;
}
