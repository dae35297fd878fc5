/** The ways in which a secret may stand in a file: as it is, in hex, in base64 wherever it begins. */

export function written(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Letters at both ends may hold bits of what stands beside it.
    return text.slice(Math.ceil((before * 8) / 6), -1);
  });
  return [secret, hex, hex.toUpperCase(), ...within];
}
