/** Locks of files in a host that another process of root's holds. */
import { arrange, start, type Host } from "../lab/host.ts";

/** Says so, and ends with its input. */
const LOCKS = `
use Fcntl;
for my $file (@ARGV) {
  sysopen(my $lock, $file, O_RDWR | O_CREAT, 0640) or die "$file: $!";
  push @held, $lock;
  # From SQLite's pending byte on, and so any lock of the whole file too.
  my $all = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
  fcntl($lock, F_SETLK, $all) or die "$file: $!";
}
$| = 1;
print "held\\n";
<STDIN>;
`;

export async function withLocks<T>(
  place: Host,
  files: string[],
  visit: () => Promise<T>,
): Promise<T> {
  await arrange(place, "mkdir", "-p", "-m", "700", "/run/sallyport");
  const holder = start(place, "root", ["/usr/bin/perl", "-e", LOCKS, ...files]);
  const ended = new Promise((end) => holder.once("close", end));
  const held = new Promise((hold) => holder.stdout?.once("data", () => hold("held")));
  try {
    if ((await Promise.race([held, ended])) !== "held") throw new Error("no lock");
    return await visit();
  } finally {
    holder.stdin?.end();
    await ended;
  }
}
