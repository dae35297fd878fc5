// Tries to get out, one trick a line: name, tab, what came of it. Judged by sandbox.test.ts.
const fs = require("node:fs");
const net = require("node:net");
const dgram = require("node:dgram");
const dns = require("node:dns").promises;
const { spawnSync } = require("node:child_process");

const told = async (name, trick) => {
  let result;
  try {
    result = await trick();
  } catch (error) {
    result = error.code ?? error.message;
  }
  console.log(`${name}\t${JSON.stringify(String(result).slice(0, 300))}`);
};
const connect = (address) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(address, () => {
      socket.destroy();
      resolve("connected");
    });
    socket.setTimeout(2000, () => reject(new Error("ETIMEDOUT"))).on("error", reject);
  });
const pids = () => fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
const write = (path) => {
  fs.writeFileSync(path, "HOSTILE");
  return "written";
};

(async () => {
  await told("shadow", () => fs.readFileSync("/etc/shadow"));
  await told("home", () => fs.readdirSync("/home"));
  await told("canary by proc root", () => fs.readdirSync("/proc/1/root/home"));
  await told("environ", () =>
    pids().some((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, "latin1").includes("CANARY");
      } catch {
        return false;
      }
    }),
  );
  await told("own environment", () => Object.keys(process.env).sort());
  await told("processes", () => pids().length < 8);
  await told("kill outside", () => {
    const reached = [];
    for (let pid = 50; pid < 60000; pid += 1) {
      try {
        process.kill(pid, 0);
        reached.push(pid);
      } catch {}
    }
    return `${reached.length} reached`;
  });
  await told("docker socket", () => connect({ path: "/run/docker.sock" }));
  await told("abstract socket", () => connect({ path: "\0sallyport-canary" }));
  await told("loopback of the host", () => connect({ host: "127.0.0.1", port: 7199 }));
  await told("internet", () => connect({ host: "10.99.0.1", port: 22 }));
  await told("internet 6", () => connect({ host: "2001:db8::1", port: 80 }));
  await told("dns", () => dns.lookup("example.com"));
  await told(
    "datagram",
    () =>
      new Promise((resolve, reject) => {
        const socket = dgram.createSocket("udp4");
        socket.send("x", 53, "10.99.0.1", (error) => {
          socket.close();
          if (error) reject(error);
          else resolve("sent");
        });
      }),
  );
  await told("write etc", () => write("/etc/passwd"));
  await told("write usr", () => write("/usr/hostile"));
  await told("write root", () => write("/hostile"));
  await told("write dev", () => write("/dev/hostile"));
  await told("write program", () => write(__filename));
  await told("write tmp", () => write("/tmp/allowed"));
  await told("hard link", () => fs.linkSync("/etc/passwd", "/tmp/link"));
  await told("symlink", () => {
    fs.symlinkSync("/proc/1/root/etc/shadow", "/tmp/s");
    return fs.readFileSync("/tmp/s");
  });
  await told("descriptors", () => {
    // Above 2 node has its own; none of them may be anybody else's.
    const found = fs.readdirSync("/proc/self/fd").filter((fd) => Number(fd) > 2);
    return found
      .map((fd) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, "");
        } catch {
          return "";
        }
      })
      .filter(
        (target) =>
          !/^(anon_inode|pipe|\/proc|\/dev\/null|socket:|\/sandbox\/program|$)/.test(target),
      );
  });
  await told("setuid programs", () => spawnSync("su", ["-c", "id"]).status !== 0);
  await told("setuid bit", () => fs.chmodSync("/tmp/allowed", 0o4755));
  await told("setuid", () => process.setuid(0));
  await told("constructor chain", () =>
    [].constructor
      .constructor("return process")()
      .getBuiltinModule?.("fs")
      .readFileSync("/etc/shadow"),
  );
  await told("inspector", () => {
    process.kill(1, "SIGUSR1");
    return "no door is opened by it";
  });
})();
