/** A file that cannot be the audit log: nothing is done where what is done could not be recorded. */
import { beforeAll, expect, test } from "vitest";
import { AUDIT, describeInLab, ownHost, setUp, type Host } from "../lab/host.ts";
import { askOnce, expectRefusal, inPlace, OWN_DISKS, tracedAll } from "./place.ts";

const RESTART = ["service", "restart", "nginx"];
const DENIED = ["service", "stop", "cron"];

/** An own, empty log of some other kind than a file that only root can change. */
const UNFIT: Record<string, string> = {
  "is a symlink to root's file": `: >/var/other; ln -s /var/other ${AUDIT}`,
  "is a dangling symlink": `ln -s /var/other ${AUDIT}`,
  "is a FIFO that nobody reads": `mkfifo ${AUDIT}`,
  "is a FIFO that somebody reads": `mkfifo ${AUDIT}; sleep 5 <>${AUDIT} >/dev/null 2>&1 &`,
  "is a directory": `mkdir ${AUDIT}`,
  "is a device": `mknod ${AUDIT} c 1 3`,
  "has a second name": `: >${AUDIT}; ln ${AUDIT} /var/log/sallyport/second`,
  "belongs to the agent": `: >${AUDIT}; chown agent ${AUDIT}`,
  "can be written by its group": `: >${AUDIT}; chmod 660 ${AUDIT}`,
  "can be written by the agent, by ACL": `: >${AUDIT}; setfacl -m u:agent:rw ${AUDIT}`,
  "is in a directory of the agent's": "chown agent /var/log/sallyport",
  "is in a directory that all can write": "chmod 1777 /var/log/sallyport",
  "is in a linked directory":
    "mv /var/log/sallyport /var/log/s; ln -s /var/log/s /var/log/sallyport",
  "is where a file is in the directory's place": "rmdir /var/log/sallyport; : >/var/log/sallyport",
  "is on a read-only disk": "mount -t tmpfs -o ro,mode=750 none /var/log/sallyport",
  "is on a full disk":
    "mount -t tmpfs -o size=1100k,mode=750 none /var/log/sallyport; head -c 200000 /dev/zero >/var/log/sallyport/x",
  "is on a disk that is almost full, with less than the reserve":
    "mount -t tmpfs -o size=1100k,mode=750 none /var/log/sallyport; head -c 100000 /dev/zero >/var/log/sallyport/x",
  "is immutable text of another program": `head -c 70000 /dev/zero | tr '\\0' x >${AUDIT}; echo >>${AUDIT}`,
  "ends in a line that is no record": `echo '{"seq":1}' >${AUDIT}`,
  "ends in a record with a number that is none": `echo '{"seq":1e300,"hash":"${"0".repeat(64)}"}' >${AUDIT}`,
};

describeInLab("the file of the audit log", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent.each(Object.entries(UNFIT))(
    "V06: nothing is done where it %s",
    async (_, lines) => {
      const log = "mkdir -p -m 750 /var/log/sallyport";
      await inPlace(host, `${OWN_DISKS}${log}\n${lines}\n`, async (place) => {
        const [traced] = await tracedAll(place, [RESTART]);
        expect(traced).toMatchObject({
          status: 71,
          started: [],
          reply: { error: { code: "internal" } },
        });
        expectRefusal(await askOnce(place, ...DENIED), "internal", /audit log/);
        expect(traced?.stdout, "the caller learns no path").not.toContain("/var");
      });
    },
  );
});
