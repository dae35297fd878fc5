/** Disks, file systems and partitions. */
import type { Rule } from "../rule.ts";

const LOOK_FIRST = "lsblk shows which disk is which";

export const DISKS: readonly Rule[] = [
  {
    id: "disks.copy-over",
    when: [
      "dd|dcfldd|ddrescue|dc3dd|pv @/^of=|^if=\\/dev\\/(?:zero|u?random|null)/",
      "ddrescue|dd_rescue",
    ],
    level: "CRITICAL",
    axes: ["destructive"],
    text: "overwrites a file or a whole disk, byte by byte",
    safer: LOOK_FIRST,
    writes: true,
    match: ["dd if=/dev/zero of=/dev/sda", "dd if=a of=b"],
    noMatch: ["dd if=a bs=1 count=1"],
  },
  {
    id: "disks.format",
    when: [
      "mkfs|mke2fs|mkswap|mkdosfs|mkntfs|newfs|format|wipefs|blkdiscard|badblocks|cryptsetup|luksformat|hdparm|sdparm|nvme|sg_format|fsfreeze",
    ],
    unless: [
      "nvme list|smart-log|id-ctrl",
      "wipefs #0",
      "hdparm -i|-I|-g",
      "cryptsetup status|luksDump|isLuks",
      "badblocks -n",
    ],
    level: "CRITICAL",
    axes: ["destructive", "privileged"],
    text: "makes a disk or its parts anew: what is on it is lost",
    safer: LOOK_FIRST,
    match: [
      "mkfs.ext4 /dev/sdb1",
      "mkfs -t ext4 /dev/sdb",
      "wipefs -a /dev/sdb",
      "mkswap /dev/sdb2",
    ],
    noMatch: ["lsblk", "nvme list"],
  },
  {
    id: "disks.partition",
    when: [
      "fdisk|sfdisk|gdisk|sgdisk|cgdisk|cfdisk|parted|partprobe|partx|kpartx|growpart|resizepart|gparted",
    ],
    unless: [
      "fdisk|sfdisk|gdisk|parted -l|--list",
      "sgdisk -p|--print",
      "sfdisk -d|--dump|-J",
      "parted print",
    ],
    level: "CRITICAL",
    axes: ["destructive", "privileged"],
    text: "changes how a disk is divided: what is on it may be lost",
    safer: LOOK_FIRST,
    match: ["fdisk /dev/sda", "parted /dev/sda mklabel gpt", "sgdisk -Z /dev/sda"],
    noMatch: ["fdisk -l", "parted -l"],
  },
  {
    id: "disks.volumes",
    when: [
      "lvremove|vgremove|pvremove|lvreduce|lvresize|lvcreate|lvextend|vgcreate|vgextend|vgreduce|vgexport|pvcreate|pvmove|pvresize|lvconvert|lvrename|lvchange|vgchange|thin_delta",
      "zfs destroy|rollback|create|set|rename|receive|recv|promote|inherit|mount|unmount|share|clone|upgrade|snapshot",
      "zpool destroy|create|add|remove|detach|attach|offline|replace|labelclear|export|import|clear|split|upgrade|scrub|trim",
      "btrfs subvolume delete|create|snapshot|set-default",
      "btrfs filesystem resize|defragment|label",
      "btrfs balance|check|rescue|replace|quota",
      "btrfs device add|delete|remove|scan|ready",
      "mdadm --create|--stop|--fail|--remove|--zero-superblock|--grow|--add|--assemble|-C|-S|-f|-r|-G|-a|-A",
      "resize2fs|xfs_growfs|tune2fs|e2label|xfs_admin|fatlabel|ntfsresize|e2fsck|fsck|xfs_repair|debugfs|xfs_db|dmsetup|losetup|multipath|bcache|stratis|vdo",
    ],
    unless: [
      "tune2fs -l",
      "dmsetup ls|info|status|table",
      "losetup -a|-l|--list",
      "fsck -n|-N",
      "btrfs device stats|usage",
    ],
    level: "CRITICAL",
    axes: ["destructive", "privileged"],
    text: "changes volumes or file systems, which takes root and can lose what is on them",
    safer: "take a snapshot or a backup first",
    match: ["lvremove vg/lv", "zfs destroy pool/x", "zpool create p sda", "fsck /dev/sda1"],
    noMatch: ["zfs list", "zpool status", "lvs"],
  },
  {
    id: "disks.mount",
    when: [
      "mount @/./",
      "mount -a|--all|--bind|-o",
      "umount|swapoff|mount_nfs|fusermount|fusermount3|sshfs|udisksctl|pmount|eject|bindfs|nfsmount|exportfs",
    ],
    unless: ["exportfs #0"],
    level: "CRITICAL",
    axes: ["privileged"],
    text: "attaches or removes a file system, which takes root",
    match: ["mount /dev/sdb1 /mnt", "umount /mnt", "mount -o remount,rw /"],
    noMatch: ["mount", "findmnt"],
  },
  {
    id: "disks.swap",
    when: [
      "swapon @/./",
      "swapon -a|--all",
      "zramctl|swaplabel",
      "quotaon|quotaoff|setquota|edquota|quotacheck",
    ],
    level: "CRITICAL",
    axes: ["privileged"],
    text: "changes swap or quotas, which takes root",
    match: ["swapon /swapfile", "swapon -a"],
    noMatch: ["swapon --show"],
  },
];
