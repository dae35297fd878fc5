/** Names and values of somebody's on their way into generated code: data stays data, whatever is in it. */

const JAVASCRIPT_WORDS =
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield";
const PYTHON_WORDS =
  "False None True and as assert async await break class continue def del elif else except exec finally for from global if import in is lambda match nonlocal not or pass print raise return try type while with yield";
const RESERVED: ReadonlySet<string> = new Set(`${JAVASCRIPT_WORDS} ${PYTHON_WORDS}`.split(" "));
const MOST_CHARACTERS = 64;

/** A name for a variable in JavaScript, Python and sh alike: ASCII, no word of a language, at most 64 characters. */
export function sanitizeIdentifier(name: string): string {
  const plain = name.normalize("NFKC").replace(/[^A-Za-z0-9_]/g, "_");
  const begun = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
  const short = begun.slice(0, MOST_CHARACTERS - 1);
  return RESERVED.has(short) || short.startsWith("__")
    ? `v_${short}`.slice(0, MOST_CHARACTERS)
    : short;
}

/** An expression of JavaScript that is this text: no line end, no end of a script element, no template. */
export function javascriptText(text: string): string {
  return JSON.stringify(text).replace(
    /[<\u007f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An expression that is this value of JSON. Not an object literal: in one, `__proto__` is no key. */
export function javascriptValue(value: unknown): string {
  return `JSON.parse(${javascriptText(jsonOf(value))})`;
}

/** An expression of Python that is this text. Half a surrogate pair stays half of one. */
export function pythonText(text: string): string {
  const escaped = Array.from(text, (one) => {
    const code = one.codePointAt(0) ?? 0;
    if (code > 0xff_ff) return `\\U${code.toString(16).padStart(8, "0")}`;
    return /[ !#-[\]-~]/.test(one) ? one : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return `"${escaped.join("")}"`;
}

/** An expression that is this value of JSON; needs `import json`. */
export function pythonValue(value: unknown): string {
  return `json.loads(${pythonText(jsonOf(value))})`;
}

/** One word of sh(1) that is this text. Throws where there is NUL in it: no word can have one. */
export function shellText(text: string): string {
  if (text.includes("\0")) throw new Error("a word of sh(1) has no NUL");
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function jsonOf(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new Error("this is no value of JSON");
  return text;
}
