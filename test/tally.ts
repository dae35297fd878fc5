/** The last line of a test run, after vitest's own summary: what passed, failed and was skipped. */
import type { Reporter, TestModule } from "vitest/node";

export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string): number =>
      tests.filter((test) => test.result().state === state).length;
    // A file that could not be loaded, or an error outside any test, is a failure too.
    const broken = modules.filter(
      (module) => module.state() === "failed" && module.errors().length > 0,
    );
    const failed = count("failed") + broken.length + unhandled.length;
    // Vitest prints its summary in the same phase; this must be the last word. What ended the run
    // before any test could fail (no lab under CI) has failed all the same.
    process.once("exit", (status) => {
      const failures = status === 0 ? failed : Math.max(1, failed);
      process.stdout.write(
        `${count("passed")} passed, ${failures} failed, ${count("skipped")} skipped\n`,
      );
    });
  }
}
