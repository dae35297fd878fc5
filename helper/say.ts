// Decides when a caller has been told; one that does not take what is said is given up.
// If it were wrong, a caller that never reads would hold up root's work, and its deadlines.

process.stdout.on("error", () => {}); // the one who waits for the line learns it

/** Whether the caller took this as a line of JSON within ten seconds. */
export async function say(line: object): Promise<boolean> {
  return await new Promise((tell) => {
    const late = setTimeout(() => tell(false), 10_000);
    process.stdout.write(`${JSON.stringify(line)}\n`, (error) => {
      clearTimeout(late);
      tell(error === null || error === undefined);
    });
  });
}
