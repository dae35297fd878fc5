# Tries to get out, one trick a line: name, tab, what came of it. Judged by sandbox.test.ts.
import ctypes, errno, glob, mmap, os, signal, socket, struct, subprocess, sys

libc = ctypes.CDLL(None, use_errno=True)


def told(name, trick):
    try:
        result = trick()
    except BaseException as error:
        result = f"{type(error).__name__} {errno.errorcode.get(getattr(error, 'errno', None), error)}"
    print(f"{name}\t{str(result)[:300]!r}", flush=True)


def call(number, *words):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(word) for word in words])
    return result if result != -1 else errno.errorcode[ctypes.get_errno()]


def read(path):
    with open(path) as file:
        return file.read()


def write(path):
    with open(path, "w") as file:
        file.write("HOSTILE")
    return "written"


def in_child(trick):
    pid = os.fork()
    if pid == 0:
        try:
            trick()
        finally:
            os._exit(0)
    status = os.waitpid(pid, 0)[1]
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "survived"


def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as s:
        s.settimeout(2)
        s.connect(address)
        return "connected"


def families():
    opened = []
    for family in range(1, 46):
        for kind in (1, 2, 3, 5):
            try:
                socket.socket(family, kind).close()
                opened.append(family)
            except OSError as error:
                if error.errno == errno.EAFNOSUPPORT:
                    opened.append(f"{family} was let through to the kernel")
    return sorted({str(family) for family in opened})


def tiocsti(request):
    for fd in (0, 1, 2):
        result = libc.ioctl(fd, ctypes.c_ulong(request), ctypes.byref(ctypes.c_char(b"x")))
        if result == 0:
            return "typed"
    return errno.errorcode[ctypes.get_errno()]


def code(machine_code):
    area = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    area.write(machine_code)
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(area)))


def processes():
    return sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit())


def environments():
    found = [read(path) for path in glob.glob("/proc/[0-9]*/environ") if os.access(path, os.R_OK)]
    return "CANARY" in "".join(found)


def descriptors():
    return sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))


def forge():
    said = []
    for path in glob.glob("/proc/[0-9]*/fd/*"):
        if int(path.split("/")[2]) == os.getpid():
            continue
        try:
            with open(path, "w") as file:
                file.write('{ "exit-code": 0 }\ngo\nready\n')
            said.append(path)
        except OSError:
            pass
    return said


told("shadow", lambda: read("/etc/shadow"))
told("home", lambda: [read(path) for path in glob.glob("/home/*/.ssh/*") + glob.glob("/root/*")])
told("canary by proc root", lambda: read("/proc/1/root" + sys.argv[1] if len(sys.argv) > 1 else "/proc/1/root/home"))
told("environ", environments)
told("processes", lambda: max(processes()) < 40)
told("kill outside", lambda: [pid for pid in range(50, 400000) if libc.kill(pid, 0) == 0])
told("docker socket", lambda: connect(socket.AF_UNIX, "/run/docker.sock"))
told("abstract socket", lambda: connect(socket.AF_UNIX, "\0sallyport-canary"))
told("loopback of the host", lambda: connect(socket.AF_INET, ("127.0.0.1", 7199)))
told("internet", lambda: connect(socket.AF_INET, ("10.99.0.1", 22)))
told("internet 6", lambda: connect(socket.AF_INET6, ("2001:db8::1", 80)))
told("dns", lambda: socket.getaddrinfo("example.com", 80))
told("families", families)
told("sctp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close())
told("write etc", lambda: write("/etc/passwd"))
told("write usr", lambda: write("/usr/bin/hostile"))
told("write root", lambda: write("/hostile"))
told("write dev", lambda: write("/dev/hostile"))
told("write program", lambda: write(__file__))
told("write sysctl", lambda: write("/proc/sys/kernel/core_pattern"))
told("write sysrq", lambda: write("/proc/sysrq-trigger"))
told("write tmp", lambda: write("/tmp/allowed"))
told("hard link", lambda: os.link("/etc/passwd", "/tmp/link"))
told("dots", lambda: read("/tmp/../../../../../etc/shadow"))
told("symlink", lambda: (os.symlink("/proc/1/root/etc/shadow", "/tmp/s"), read("/tmp/s")))
told("descriptors", descriptors)
told("forge", forge)
told("memory of 1", lambda: open("/proc/1/mem", "r+b").seek(0))
told("setuid programs", lambda: subprocess.run(["/bin/su", "-c", "id"], stdin=subprocess.DEVNULL, capture_output=True).returncode)
told("setuid bit", lambda: os.chmod("/tmp/allowed", 0o4755))
told("setuid bit by open", lambda: os.close(os.open("/tmp/new", os.O_CREAT | os.O_WRONLY, 0o4755)))
told("setuid", lambda: os.setuid(0))
told("mknod", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(254, 0)))
told("TIOCSTI", lambda: tiocsti(0x5412))
told("TIOCSTI, high half", lambda: tiocsti(0x1_0000_5412))
told("TIOCLINUX", lambda: tiocsti(0x541C))
told("tty", lambda: open("/dev/tty"))
told("shared memory", lambda: mmap.mmap(-1, 4096))
told("mapped zero", lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 4096))
told("escape by chroot", lambda: os.chroot("/tmp"))
if os.uname().machine == "x86_64":
    for name, number, *words in [
        ("ptrace", 101, 16, 1, 0, 0), ("process_vm_readv", 310, 1, 0, 0, 0, 0, 0), ("pidfd_getfd", 438, 0, 0, 0),
        ("mount", 165, 0, 0, 0, 0, 0), ("umount2", 166, 0, 2), ("pivot_root", 155, 0, 0), ("open_tree", 428, -100, 0, 1),
        ("move_mount", 429, 0, 0, 0, 0, 0), ("fsopen", 430, 0, 0), ("mount_setattr", 442, 0, 0, 0, 0, 0),
        ("unshare user", 272, 0x10000000), ("unshare mount", 272, 0x20000), ("setns", 308, 0, 0),
        ("clone user", 56, 0x10000000 | 17, 0, 0, 0, 0), ("clone3", 435, 0, 0), ("bpf", 321, 0, 0, 0),
        ("keyctl", 250, 0, -3, 0), ("add_key", 248, 0, 0, 0, 0, 0), ("request_key", 249, 0, 0, 0, 0),
        ("io_uring_setup", 425, 8, 0), ("userfaultfd", 323, 0), ("perf_event_open", 298, 0, 0, -1, -1, 0),
        ("kexec_load", 246, 0, 0, 0, 0), ("init_module", 175, 0, 0, 0), ("finit_module", 313, 0, 0, 0),
        ("open_by_handle_at", 304, 0, 0, 0), ("name_to_handle_at", 303, 0, 0, 0, 0, 0), ("memfd_create", 319, 0, 0),
        ("shmget", 29, 0, 4096, 0o1600), ("msgget", 68, 0, 0o1600), ("syslog", 103, 3, 0, 0), ("personality", 135, 0x0040000),
        ("reboot", 169, 0, 0, 0, 0), ("swapon", 167, 0, 0), ("acct", 163, 0), ("settimeofday", 164, 0, 0), ("iopl", 172, 3),
        ("quotactl", 179, 0, 0, 0, 0), ("seccomp", 317, 1, 0, 0), ("fanotify_init", 300, 0, 0), ("unknown", 999, 0),
    ]:
        told(f"call {name}", lambda: call(number, *words))
    told("x32", lambda: in_child(lambda: call(0x40000000 + 39)))
    told("int 80", lambda: in_child(code(bytes.fromhex("b814000000cd80c3"))))
