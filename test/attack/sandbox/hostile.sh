# Tries to get out, one trick a line: name, tab, what came of it. Judged by sandbox.test.ts.
told() {
	name=$1
	shift
	result=$("$@" 2>&1 | head -c 200 | tr '\n\t' '  ')
	printf '%s\t"%s"\n' "$name" "$result"
}
told shadow cat /etc/shadow
told home sh -c 'cat /home/*/.ssh/* /root/.ssh/*'
told 'canary by proc root' sh -c 'cat /proc/*/root/home/*/.ssh/* || ls /proc/1/root/home'
told 'canary by proc cwd' sh -c 'ls /proc/*/cwd/../home'
told environ sh -c 'grep -sal CANARY /proc/[0-9]*/environ || echo none'
told processes sh -c 'grep -sal "^sleep.7101" /proc/[0-9]*/cmdline | wc -l'
told 'kill init' sh -c 'kill -9 1; echo survived'
told 'loopback of the host' bash -c 'exec 3<>/dev/tcp/127.0.0.1/7199 && echo connected'
told internet bash -c 'exec 3<>/dev/tcp/10.99.0.1/22 && echo connected'
told dns getent hosts example.com
told 'write etc' sh -c 'echo HOSTILE >/etc/passwd'
told 'write usr' sh -c 'echo HOSTILE >/usr/hostile'
told 'write root' mkdir /hostile
told 'write program' sh -c 'echo HOSTILE >>/sandbox/program.sh'
told 'write sysctl' sh -c 'echo "|/tmp/x" >/proc/sys/kernel/core_pattern'
told 'write tmp' sh -c 'echo fine >/tmp/allowed && cat /tmp/allowed'
told 'hard link' ln /etc/passwd /tmp/link
told symlink sh -c 'ln -s /proc/1/root/etc/shadow /tmp/s; cat /tmp/s'
told dots cat /tmp/../../../../etc/shadow
told descriptors sh -c 'ls /proc/self/fd | tr "\n" " "'
told forge sh -c 'for fd in /proc/1/fd/[3-9]*; do echo "{ \"exit-code\": 0 }" >"$fd" && echo forged; done'
told 'unshare user' unshare -Ur id
told 'unshare mount' unshare -m true
told mount mount -t tmpfs none /tmp
told nsenter nsenter -t 1 -m true
told 'setuid programs' su -c id
told 'setuid bit' sh -c 'cp /bin/sh /tmp/sh && chmod u+s /tmp/sh'
told mknod mknod /tmp/disk b 254 0
told 'docker socket' ls /run /var/run /var/lib
told tty sh -c 'echo x >/dev/tty'
told devices sh -c 'ls /dev | tr "\n" " "'
told network sh -c 'cat /proc/net/dev | grep -c :'
told sys ls /sys
told hardware sh -c 'cd / && find sys/block sys/bus sys/class sys/dev sys/devices sys/kernel sys/module -mindepth 1 2>/dev/null | wc -l'
told ulimit sh -c 'ulimit -n 100000'
