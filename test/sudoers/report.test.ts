import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAUSES, parseReport, STATES } from "../../sudoers/report.ts";

const script = readFileSync(new URL("../../sudoers/transaction.sh", import.meta.url), "utf8");

describe("an answer of the transaction", () => {
  it.each([
    ["nothing", ""],
    ["steps only, as of a script that was killed", "step lock\nstep swap-rule\n"],
    ["a state nobody knows", "state perfect\n"],
    ["a banner", "Welcome to Debian!\nstate\n"],
    ["a status without its effect", "rule current\nhelper current\n"],
    ["a status without its helper", "rule current\neffect proven\n"],
    ["a status without its rule", "helper current\neffect proven\n"],
    ["a status with a rule that is none", "rule fine\nhelper current\neffect proven\n"],
    ["a state that was begun and not said", "state installed\nstate\n"],
  ])("that is %s is no answer", (_, text) => {
    expect(parseReport(text)).toEqual({ kind: "no_answer", text });
  });

  it("is read past a banner (I08), and its last state counts", () => {
    const text = "state of the art hosting\nstep lock\nnote one\nnote two\nstate installed\n";
    const notes = ["one", "two"];
    expect(parseReport(text)).toEqual({
      kind: "change",
      state: "installed",
      cause: null,
      reason: "",
      notes,
    });
  });

  it("has words without a value, which are empty", () => {
    const text = "note\nreason\nstate removed\n";
    expect(parseReport(text)).toMatchObject({ state: "removed", reason: "", notes: [""] });
  });

  it("carries the cause and the reason of a refusal", () => {
    const text = "state rolled-back\ncause refused\nreason sudo: a password is required\n";
    const reason = "sudo: a password is required";
    expect(parseReport(text)).toEqual({
      kind: "change",
      state: "rolled-back",
      cause: "refused",
      reason,
      notes: [],
    });
  });

  it.each([null, "unlinked"] as const)(
    "to status has its findings; the command line: %s",
    (line) => {
      const more = line === null ? "" : `line ${line}\n`;
      const text = `step surroundings\nrule current\nhelper different\n${more}effect refused\nreason no\n`;
      expect(parseReport(text)).toEqual({
        kind: "status",
        rule: "current",
        helper: "different",
        line,
        effect: "refused",
        reason: "no",
      });
    },
  );
});

describe("the words of the script and of its reader", () => {
  it("are the same for states", () => {
    const said = [...script.matchAll(/\bstate=([a-z-]+)|\bcommit ([a-z]+)|\bdone=([a-z]+)/g)];
    const states = said.map(([, ...words]) => words.find((word) => word !== undefined));
    // `shown`: status has no state.
    expect(new Set(states)).toEqual(new Set([...STATES, "shown"]));
  });

  it("are the same for causes", () => {
    const said = [...script.matchAll(/\bstop \d+ ([a-z-]+)|\bcause=([a-z][a-z-]*)/g)];
    expect(new Set(said.map(([, stopped, set]) => stopped ?? set))).toEqual(new Set(CAUSES));
  });
});
