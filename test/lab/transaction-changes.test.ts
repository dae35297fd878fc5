/** Whether the rows of the transaction's tests would see it if the script were another. */
import { expect, it } from "vitest";
import { describeInLab, sudoHosts } from "./host.ts";
import { CHANGES } from "./transaction-changes.ts";
import { onStage, TRANSACTION } from "./transaction-host.ts";
import { judged, KEEP_STAGE } from "./transaction-row.ts";
import { ROWS } from "./transaction-rows.ts";

describeInLab("the tests of the install transaction see it where", () => {
  it.concurrent.each(CHANGES)("$what", { timeout: 120_000 }, async ({ text, other, row: name }) => {
    expect(TRANSACTION.split(text), "the text stands once in the script").toHaveLength(2);
    const row = ROWS.find((one) => one.name === name);
    if (row === undefined) throw new Error(`there is no row "${name}"`);
    // The shell's doing, the same on every build of sudo.
    const [host] = sudoHosts();
    if (host === undefined) throw new Error("no host");
    const changed = TRANSACTION.replace(text, () => other);
    // What is no script at all would be seen by any row.
    const script = `sh -n $script || exit\n${KEEP_STAGE}\n${judged(row, 0)}\n`;
    const said = (await onStage(host, script, 100_000, changed)).trim();
    expect(said).toMatch(/^0 /);
    expect(said).not.toBe(`0 ${row.gives}`);
  });
});
