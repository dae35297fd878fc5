/** What programs do that no rule calls dangerous and no table calls harmless: CAUTION, with a reason. */
import type { Finding } from "./findings.ts";
import type { Axis } from "./level.ts";

type Effect = { rule: string; text: string; axes?: readonly Axis[]; programs: string };

const EFFECTS: readonly Effect[] = [
  {
    rule: "files.change",
    text: "makes, moves or changes files",
    programs:
      "cp mv mkdir touch ln install rename mmv patch split csplit mktemp mkfifo mknod chmod chown chgrp setfacl chattr tee sponge zip gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd 7z 7za rar unrar cpio ar unzip tar bsdtar dos2unix unix2dos sed gsed ed ex vi vim nvim nano emacs pico micro kak joe code truncate fallocate convert magick mogrify ffmpeg sox pandoc pdftk qpdf gs file sort uniq xxd base64 column tree dd vimdiff",
  },
  {
    rule: "network.contact",
    text: "contacts another machine",
    axes: ["network"],
    programs:
      "curl wget aria2c http https xh httpie lynx links w3m elinks fetch ftp sftp tftp lftp ncftp scp rsync rclone ssh-copy-id ssh-keyscan telnet nc ncat netcat socat nmap masscan zmap ping ping6 fping traceroute tracepath mtr dig host nslookup delv whois arping hping3 iperf iperf3 openssl gpg mail mailx sendmail mutt swaks smbclient rpcclient ldapsearch snmpwalk snmpget mosquitto_pub mosquitto_sub websocat grpcurl wscat youtube-dl yt-dlp gh glab hub aws gcloud az doctl hcloud heroku flyctl fly vercel netlify firebase supabase wrangler linode-cli ibmcloud oci aliyun s3cmd gsutil mc b2 restic borg kubectl helm oc vault consul nomad etcdctl op doppler tailscale ngrok cloudflared zerotier-cli speedtest",
  },
  {
    rule: "packages.build",
    text: "builds or runs what a project says, which may be anything",
    programs:
      "make gmake cmake ninja meson bazel buck gradle mvn ant sbt npm pnpm yarn bun deno npx node tsx ts-node tsc vite webpack rollup esbuild jest vitest mocha eslint prettier python pip pipx poetry uv conda tox nox pytest black ruff mypy ruby gem bundle rake rails rspec php composer artisan perl cpan cpanm lua luarocks go gofmt cargo rustc rustup rustfmt gcc g++ cc c++ clang clang++ ld as java javac scala kotlinc ghc cabal stack opam dune elixir mix erl rebar3 dotnet msbuild swift swiftc xcodebuild flutter dart R Rscript julia octave gdb lldb strip objcopy patchelf ansible ansible-playbook ansible-galaxy chef puppet salt terraform tofu terragrunt pulumi packer vagrant",
  },
  {
    rule: "git.change",
    text: "changes a repository or contacts another one",
    programs: "git hg svn jj bzr cvs fossil darcs git-lfs",
  },
  {
    rule: "containers.change",
    text: "starts, changes or fetches containers",
    programs:
      "docker podman nerdctl buildah skopeo docker-compose podman-compose crictl ctr lxc incus lxd minikube kind k3d vagrant multipass virsh qemu-img qemu-system-x86_64 virt-install argocd flux kustomize istioctl k9s skaffold tilt",
  },
  {
    rule: "processes.signal",
    text: "ends or changes processes",
    programs: "kill pkill killall skill renice disown bg fg suspend",
  },
  {
    rule: "databases.client",
    text: "talks to a database, which may change what is in it",
    programs:
      "psql mysql mariadb sqlite3 mongo mongosh redis-cli valkey-cli cqlsh clickhouse-client influx duckdb sqlcmd sqlplus pg_dump pg_dumpall mysqldump mongodump createdb createuser pgbench mysqladmin kafka-console-producer kafka-console-consumer rabbitmqctl rabbitmqadmin nats",
  },
  {
    rule: "shell.state",
    text: "changes how this shell behaves",
    programs:
      "alias unalias set shopt ulimit umask export declare typeset enable bind complete compgen compopt fc history trap unset source hash readonly local read mapfile readarray printf let logout exit",
  },
  {
    rule: "desktop.session",
    text: "acts on the desktop or on another terminal",
    programs:
      "xdg-open open start notify-send xclip xsel pbcopy pbpaste wl-copy wl-paste tmux screen byobu zellij write wall mesg say osascript xdotool ydotool import scrot gsettings dconf",
  },
];

const BY_PROGRAM: ReadonlyMap<string, Finding> = new Map(
  EFFECTS.flatMap(({ programs, rule, text, axes }) =>
    programs
      .split(" ")
      .map((program): [string, Finding] => [
        program,
        { rule, level: "CAUTION", text, axes: axes ?? [] },
      ]),
  ),
);

export function effectOf(program: string): Finding | null {
  return BY_PROGRAM.get(program) ?? null;
}
