/** How a wish comes to wait, and how a person decides it, in a place of a test's own. */
import { expect } from "vitest";
import { arrange, exec, ownHost, type Host } from "../lab/host.ts";
import { askOnce, expectRefusal, inPlace, OWN_DISKS } from "./place.ts";

export const SALLYPORT = "/opt/sallyport/sallyport";
export const STORE = "/var/lib/sallyport/grants";
/** Guarded by the policy that is compiled in; it does nothing where there is nothing to remove. */
export const WISH = ["package", "autoremove"];
export const STEP = JSON.stringify({ kind: "step", argv: ["/bin/sh", "-c", "id"], cwd: "/srv" });

/** Nothing waits there yet, whatever has been left on the host. */
export async function placed(visit: (place: Host) => Promise<void>): Promise<void> {
  await inPlace(ownHost(), `${OWN_DISKS}rm -rf ${STORE}\n`, visit);
}

/** The id under which what `agent` asks for waits. */
export async function wait(place: Host, subject: string, claim = ""): Promise<string> {
  const { reply } = await askOnce(place, "grant", "request", subject, claim);
  expect(reply.error).toBeNull();
  const { data } = reply;
  if (data?.kind !== "grant") throw new Error("no grant");
  expect(data.grants).toMatchObject([{ subject, claim, stands: "pending", uses: 1 }]);
  return data.grants[0]?.id ?? "";
}

/** As `ops`, who has a password and no rule. */
export async function decide(place: Host, ...words: string[]) {
  const input = "lab-ops-password\n";
  return await exec(place, "ops", ["sudo", "-k", "-S", SALLYPORT, ...words], { input });
}

export async function approve(place: Host, id: string, ...options: string[]): Promise<void> {
  const { status, stdout, stderr } = await decide(place, "approve", "--yes", ...options, id);
  expect([status, stdout], stderr).toEqual([0, "granted\n"]);
}

export async function stands(place: Host, id: string): Promise<unknown> {
  const { data } = (await askOnce(place, "grant", "check")).reply;
  return data?.kind === "grant" ? data.grants.find((one) => one.id === id)?.stands : data;
}

export async function expectNotGranted(place: Host): Promise<void> {
  expectRefusal(await askOnce(place, ...WISH), "grant_required", /^a person must grant: /);
}

export async function setUpFor(place: Host, user: string): Promise<void> {
  await arrange(place, SALLYPORT, "setup-sudo", "--user", user);
}
