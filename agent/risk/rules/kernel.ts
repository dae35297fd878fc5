/** The kernel: modules, settings, boot, what runs below all else. */
import type { Rule } from "../rule.ts";

export const KERNEL: readonly Rule[] = [
  {
    id: "kernel.setting",
    when: [
      "sysctl -w|--write|-p|--load|--system",
      "sysctl @/=/",
      "tuned-adm|cpupower|x86_energy_perf_policy|turbostat|sysfsutils|systool|zramctl",
    ],
    unless: ["tuned-adm active|list", "cpupower frequency-info|idle-info|monitor"],
    level: "CRITICAL",
    axes: ["privileged"],
    text: "changes a setting of the running kernel, which takes root",
    match: ["sysctl -w a.b=1", "sysctl kernel.x=1", "sysctl -p"],
    noMatch: ["sysctl -a", "sysctl net.ipv4.ip_forward"],
  },
  {
    id: "kernel.module",
    when: [
      "insmod|rmmod|modprobe|kmod|depmod|dkms|bpftool|bpftrace|stap|livepatch|kpatch|perf|trace-cmd|ftrace|crash|kexec|efibootmgr|bootctl|fwupdmgr|flashrom|grub-editenv|grubby|mokutil|kernelstub|nvram|setpci|wrmsr|rdmsr|msr-tools|mcelog|chvt|loadkeys|setfont|setterm|openvt",
    ],
    unless: [
      "kmod list",
      "bpftool prog|map|link|net list|show",
      "efibootmgr #0",
      "bootctl status|list",
      "fwupdmgr get-devices|get-updates",
      "modprobe -n|--dry-run",
      "dkms status",
      "grub-editenv list",
      "mokutil --sb-state",
    ],
    level: "CRITICAL",
    axes: ["privileged"],
    text: "loads code into the kernel, looks into it or changes what is booted",
    match: ["insmod x.ko", "modprobe x", "rmmod x", "bpftrace -e x"],
    noMatch: ["lsmod", "modinfo x"],
  },
  {
    id: "kernel.crash",
    when: [
      "* @/^\\/proc\\/sysrq-trigger$/",
      "stress|stress-ng|fork-bomb|memtester|sysbench|fio|ab|wrk|siege|hey|vegeta|locust|k6|slowloris",
    ],
    unless: ["cat|ls|stat @/sysrq/"],
    level: "CRITICAL",
    axes: ["destructive"],
    text: "stops or overloads this machine or another one",
    match: ["stress -c 8", "tee /proc/sysrq-trigger"],
    noMatch: ["uptime"],
  },
];
