/** Hostile programs in containers of Debian's docker: the same as in bubblewrap come to nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInLab, ownHost } from "../lab/host.ts";
import { startDocker, type Docker } from "../../scripts/docker-host.ts";
import { enter, runInSandbox, type Place } from "./sandbox/place.ts";
import { hostilePrograms } from "./sandbox/programs.ts";

describeInLab("in a container on a host", () => {
  let docker: Docker;
  let place: Place;
  beforeAll(async () => {
    place = await enter(ownHost(), "docker");
    docker = await startDocker(place.host);
  });
  afterAll(async () => {
    await place.leave();
    await docker.stop();
  });

  hostilePrograms("docker", () => place);

  test("of a run nothing is left", async () => {
    expect(await runInSandbox(place, "bash", "echo >/tmp/x")).toMatchObject({ success: true });
    expect(await docker.api.ask("GET", "/containers/json?all=1")).toEqual([]);
    expect(docker.groups()).toEqual([]);
  });
});
