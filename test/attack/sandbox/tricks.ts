/** What has to come of each trick of the hostile programs, in the words of its language's errors. */

/** `outside`: what comes of it without a sandbox, where that shows that the trick is a trick. */
export type Row = {
  trick: string;
  inside: RegExp;
  outside?: RegExp;
  /** In docker, where it is other words for the same, or held by something else. */
  docker?: RegExp;
};

const GONE = /ENOENT|No such file|cannot access/;
const READ_ONLY = /EROFS|Read-only file system/;
/** By the kernel: process 1 is one that nobody may look into. */
const HIDDEN = /EACCES|Permission denied|cannot access/;
const NOT_PERMITTED = /EPERM|not permitted|must be superuser/;
const UNREACHABLE = /ENETUNREACH|unreachable/;

const EVERYWHERE: Row[] = [
  { trick: "shadow", inside: GONE },
  { trick: "home", inside: /ENOENT|No such file|'\[\]'/ },
  { trick: "canary by proc root", inside: GONE, docker: HIDDEN },
  { trick: "loopback of the host", inside: /ECONNREFUSED|refused/, outside: /connected/ },
  { trick: "internet", inside: UNREACHABLE },
  { trick: "write etc", inside: READ_ONLY },
  { trick: "write usr", inside: READ_ONLY },
  { trick: "write root", inside: READ_ONLY },
  { trick: "write program", inside: READ_ONLY },
  { trick: "write tmp", inside: /written|fine/ },
  { trick: "hard link", inside: /EXDEV|cross-device/ },
  { trick: "symlink", inside: GONE, docker: HIDDEN },
  { trick: "setuid bit", inside: NOT_PERMITTED, outside: /None|undefined|""/ },
];

const SOCKETS: Row[] = [
  { trick: "docker socket", inside: GONE, outside: /connected/ },
  { trick: "abstract socket", inside: /ECONNREFUSED/, outside: /connected/ },
  { trick: "internet 6", inside: UNREACHABLE },
  { trick: "dns", inside: /EAI_AGAIN|Temporary failure/ },
  { trick: "write dev", inside: READ_ONLY, docker: /EACCES/ },
  { trick: "setuid", inside: /EINVAL/, docker: NOT_PERMITTED },
];

const DENIED_CALLS =
  `ptrace, process_vm_readv, pidfd_getfd, mount, umount2, pivot_root, open_tree, move_mount,
fsopen, mount_setattr, unshare user, unshare mount, setns, clone user, bpf, keyctl, add_key, request_key,
io_uring_setup, userfaultfd, perf_event_open, kexec_load, init_module, finit_module, open_by_handle_at,
name_to_handle_at, memfd_create, shmget, msgget, syslog, personality, reboot, swapon, acct, settimeofday,
iopl, quotactl, seccomp, fanotify_init`.split(/,\s/);

export const TRICKS: Record<string, Row[]> = {
  bash: [
    ...EVERYWHERE,
    { trick: "canary by proc cwd", inside: GONE },
    { trick: "environ", inside: /^"none "$/, outside: /environ/ },
    { trick: "processes", inside: /^"0 "$/, outside: /^"1 "$/ },
    { trick: "kill init", inside: /survived|not permitted/ },
    { trick: "dns", inside: /^""$/ },
    { trick: "write sysctl", inside: /Permission denied|Read-only/ },
    { trick: "dots", inside: GONE },
    { trick: "descriptors", inside: /^"0 1 2 3 "$/ },
    { trick: "forge", inside: /cannot create/ },
    { trick: "unshare user", inside: NOT_PERMITTED, outside: /uid=0/ },
    { trick: "unshare mount", inside: NOT_PERMITTED },
    { trick: "mount", inside: NOT_PERMITTED },
    { trick: "nsenter", inside: NOT_PERMITTED, docker: /Permission denied/ },
    { trick: "setuid programs", inside: /does not exist|failure|must be run|Critical error/ },
    { trick: "mknod", inside: NOT_PERMITTED },
    { trick: "docker socket", inside: GONE, outside: /docker\.sock/ },
    { trick: "tty", inside: /No such device/ },
    {
      trick: "devices",
      inside: /^"core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero "$/,
      docker: /^"fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "$/,
    },
    { trick: "network", inside: /^"1 "$/, outside: /^"2 "$/ },
    { trick: "sys", inside: GONE, docker: /^"block bus class dev devices firmware/ },
    { trick: "hardware", inside: /^"0 "$/, outside: /^"[1-9]/ },
    { trick: "ulimit", inside: NOT_PERMITTED },
  ],
  python: [
    ...EVERYWHERE,
    ...SOCKETS,
    { trick: "environ", inside: /False/, outside: /True/ },
    { trick: "processes", inside: /True/ },
    { trick: "kill outside", inside: /'\[\]'/ },
    { trick: "families", inside: /^"\['1', '10', '2'\]"$/, outside: /16/ },
    { trick: "sctp", inside: NOT_PERMITTED },
    { trick: "write sysctl", inside: /EACCES|EROFS/ },
    { trick: "write sysrq", inside: /EACCES|EROFS|ENOENT/ },
    { trick: "dots", inside: GONE },
    { trick: "descriptors", inside: /'\[0, 1, 2\]'/ },
    { trick: "forge", inside: /'\[\]'|"\['\/proc\/1\/fd\/0'\]"/ },
    { trick: "setuid programs", inside: /'1'/ },
    { trick: "setuid bit by open", inside: NOT_PERMITTED, outside: /None/ },
    { trick: "mknod", inside: NOT_PERMITTED },
    { trick: "TIOCSTI", inside: NOT_PERMITTED, outside: /ENOTTY/ },
    { trick: "TIOCSTI, high half", inside: NOT_PERMITTED, outside: /ENOTTY/ },
    { trick: "TIOCLINUX", inside: NOT_PERMITTED, outside: /ENOTTY/ },
    { trick: "tty", inside: /ENXIO/ },
    { trick: "shared memory", inside: NOT_PERMITTED, outside: /mmap/ },
    // Shared memory there is its control group's, which holds all of it.
    { trick: "mapped zero", inside: /ENODEV/, outside: /mmap/, docker: /mmap/ },
    { trick: "escape by chroot", inside: NOT_PERMITTED },
    ...(process.arch === "x64"
      ? [
          ...DENIED_CALLS.map((name) => ({ trick: `call ${name}`, inside: /^'EPERM'$/ })),
          { trick: "call clone3", inside: /^'ENOSYS'$/ },
          { trick: "call unknown", inside: /^'ENOSYS'$/ },
          { trick: "x32", inside: /signal 31/ },
          // 11 where the kernel was built without them.
          { trick: "int 80", inside: /signal (31|11)/ },
        ]
      : []),
  ],
  node: [
    ...EVERYWHERE,
    ...SOCKETS,
    { trick: "environ", inside: /false/, outside: /true/ },
    { trick: "own environment", inside: /^"HOME,LANG,LC_ALL,PATH,PWD,USER"$/ },
    { trick: "processes", inside: /true/ },
    { trick: "kill outside", inside: /^"0 reached"$/ },
    { trick: "datagram", inside: UNREACHABLE },
    { trick: "descriptors", inside: /^""$/ },
    { trick: "setuid programs", inside: /true/ },
    { trick: "constructor chain", inside: /ENOENT|undefined/ },
    { trick: "inspector", inside: /no door|ESRCH/ },
  ],
};
