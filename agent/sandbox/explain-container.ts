/** Why docker or podman ran nothing, and what a person can do. */
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { quote } from "../escape.ts";
import type { Wording } from "./explain.ts";
import type { ContainerRefusal } from "./refusal.ts";

/** None of them puts this user into group docker: whoever is in it is root. */
const OWN_DAEMON = {
  docker: "dockerd-rootless-setuptool.sh install",
  podman: "systemctl --user enable --now podman.socket",
};
const START = { docker: "sudo systemctl start docker", podman: OWN_DAEMON.podman };
const INSTALL = {
  docker: "sudo apt-get install docker.io",
  podman: "sudo apt-get install podman && systemctl --user enable --now podman.socket",
};

export function containerWording(refusal: ContainerRefusal): Wording {
  const { backend, socket } = refusal;
  const { unavailable, unsafe } = EXIT_STATUS;
  const load = `npm run sandbox-image -- --load ${socket}`;
  switch (refusal.kind) {
    case "no_socket":
      return {
        cause: `there is no socket of ${backend}'s at ${quote(socket)}`,
        hint: INSTALL[backend],
        status: unavailable,
      };
    case "foreign_socket":
      return {
        cause: `${quote(socket)} is neither root's nor this user's socket: nothing is given to whoever listens there`,
        hint: `ls -l ${socket}`,
        status: unsafe,
      };
    case "socket_denied":
      return {
        cause: `this user may not use ${quote(socket)}; one who may use root's is as good as root`,
        hint: OWN_DAEMON[backend],
        status: unavailable,
      };
    case "no_daemon":
      return {
        cause: `${backend} does not answer at ${quote(socket)} (${refusal.said})`,
        hint: START[backend],
        status: unavailable,
      };
    case "no_image":
      return {
        cause:
          refusal.image === null
            ? `the settings name no image for ${backend}`
            : `${backend} does not have the image ${refusal.image}`,
        hint: load,
        status: unavailable,
      };
    case "container_failed":
      return {
        cause: `${backend} did not start a container: ${refusal.said}`,
        hint: backend === "docker" ? "docker info" : "podman info",
        status: unavailable,
      };
  }
}
