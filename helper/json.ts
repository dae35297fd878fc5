// Decides which text from outside is an object that means one thing.
// If it were wrong, two readers of the same bytes could each see another request or policy in them.

/** The object in `text`; throws where there is none, or where JSON.parse would drop a key. */
export function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("not an object");
  // JSON.parse takes the last of two equal keys; a denial must not be lost like that.
  const bare = (json: string): string => json.replace(/\s/g, "");
  if (bare(JSON.stringify(value)) !== bare(text)) throw new Error("a key stands twice");
  return value as Record<string, unknown>;
}
