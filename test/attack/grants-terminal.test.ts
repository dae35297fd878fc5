/** The terminal where a person is asked: nobody else answers there. */
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { arrange, describeInLab, exec, ownHost, setUp, type Host } from "../lab/host.ts";
import { SALLYPORT, stands, wait, WISH } from "./grants.ts";
import { atTerminal } from "./person.ts";
import { inPlace, OWN_DISKS } from "./place.ts";

/** Types with TIOCSTI what a person would: into the terminal of that name, and into standard input. */
const TYPE = String.raw`
my ($name) = @ARGV;
my ($typed, @no) = (0);
for my $mode ("+<", "<", ">") {
  open(my $terminal, $mode, $name) or push(@no, $!), next;
  for (split //, "y\n") { ioctl($terminal, 0x5412, my $byte = $_) ? $typed++ : push @no, $! }
}
for (split //, "y\n") { ioctl(STDIN, 0x5412, my $byte = $_) ? $typed++ : push @no, $! }
my %seen = map { $_ => 1 } @no;
print "$typed ", join(", ", sort keys %seen), "\n";
`;
const AS_AGENT = ["setpriv", "--reuid=agent", "--regid=agent", "--init-groups", "--"];

describeInLab("the terminal where a person is asked", () => {
  let host: Host;
  const asking = async (
    visit: (at: { place: Host; id: string; name: string }) => Promise<void>,
  ): Promise<void> =>
    await inPlace(host, OWN_DISKS, async (place) => {
      const id = await wait(place, WISH.join(" "));
      const { raw, until, type, ended } = await atTerminal(place, "approve", id);
      await until((text) => text.includes("[y/N]"));
      const name = /\/dev\/pts\/\d+/.exec(raw())?.[0] ?? "";
      await visit({ place, id, name });
      type("n\r");
      await ended();
    });
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test("an agent cannot type into it, by its name or by a descriptor that it was left", async () => {
    await asking(async ({ place, id, name }) => {
      const named = await exec(place, "agent", ["perl", "-e", TYPE, name]);
      expect(named.stdout).toBe("0 Inappropriate ioctl for device, Permission denied\n");
      // Opened by root for it, as a session that it took over would have been.
      const left = ["sh", "-c", `exec "$@" <>${name}`, "sh", ...AS_AGENT, "perl", "-e", TYPE, name];
      const kept = await exec(place, "root", left);
      expect(kept.stdout).toBe("0 Operation not permitted, Permission denied\n");
      await pause(1000);
      expect(await stands(place, id)).toBe("pending");
    });
  });

  test("whoever says yes after lock-down has come has granted nothing", async () => {
    await inPlace(host, OWN_DISKS, async (place) => {
      const id = await wait(place, WISH.join(" "));
      const { until, type, ended } = await atTerminal(place, "approve", id);
      await until((text) => text.includes("[y/N]"));
      await arrange(place, SALLYPORT, "lockdown", "on");
      type("y\r");
      expect(await until((text) => text.includes("lockdown off"))).toContain("is locked down");
      expect(await ended()).toBe(77);
      await arrange(place, SALLYPORT, "lockdown", "off");
      expect(await stands(place, id)).toBe("pending");
    });
  });

  test("the same bytes from who may type there are an answer, so that it is the terminal that keeps agents out", async () => {
    await asking(async ({ place, id, name }) => {
      expect(await arrange(place, "perl", "-e", TYPE, name)).toMatch(/^[1-9]/);
      await expect.poll(() => stands(place, id)).toBe("granted");
    });
  });
});
