/** Letters of other alphabets that look like those a program's name is written with. */

const SAME: Readonly<Record<string, string>> = {
  а: "a",
  в: "b",
  с: "c",
  е: "e",
  н: "h",
  і: "i",
  ј: "j",
  к: "k",
  ӏ: "l",
  м: "m",
  о: "o",
  р: "p",
  г: "r",
  ѕ: "s",
  т: "t",
  у: "y",
  х: "x",
  ԁ: "d",
  ԛ: "q",
  ԝ: "w",
  ѵ: "v",
  п: "n",
  α: "a",
  ο: "o",
  ρ: "p",
  ν: "v",
  τ: "t",
  υ: "u",
  χ: "x",
  ι: "i",
  κ: "k",
  ε: "e",
  η: "n",
  ı: "i",
  ɡ: "g",
  ո: "n",
  ս: "u",
  օ: "o",
  հ: "h",
  ｒ: "r",
  ｍ: "m",
  ʀ: "r",
  ᴍ: "m",
  ꜱ: "s",
};

/** The name in plain letters, where it is not written in them; null where it is, or is like no other. */
export function looksLike(name: string): string | null {
  if (!/[\u0080-\uFFFE]/.test(name)) return null;
  const plain = Array.from(name.normalize("NFKC").replace(/[\p{M}\p{Cf}]/gu, ""))
    .map((letter) => SAME[letter] ?? letter)
    .join("");
  return plain !== name && /^[\u0021-\u007E]+$/.test(plain) ? plain : null;
}
