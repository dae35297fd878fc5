/**
 * Closes doors of the runtime that no build option closes, or none that is worth its price.
 *
 * Before any script runs, Node looks through all of argv, argv[0] included, for --env-file,
 * --experimental-config-file and their like, and opens what they name; in a single executable too, and
 * whatever `execArgvExtension` says. A caller of the helper chooses its argv: root would open any file or
 * device, hang on a FIFO, and print keys of JSON files that only root may read. The two functions that look
 * return a value that is all zeros when they find nothing. Here they are made to return just that.
 *
 * Text becomes code in `eval` and `new Function`. --disallow-code-generation-from-strings forbids it, and as
 * an option of V8's makes Node compile anew what it brings compiled: 10 ms of each request. Node asks one
 * function whether text may become code; here it always says no.
 *
 * They are found by their names in the pinned runtime's symbol table; if anything is not as expected, there
 * is no build. test/attack/arguments.test.ts and test/scripts/seal.test.ts prove the effect.
 */

const VECTOR = "St6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE";
const LOCAL = ["2v85LocalINS0_7ContextEEE", "NS1_INS0_5ValueEEE"];
/** push %rbp; pxor %xmm0,%xmm0; mov %rsp,%rbp */
const SCAN = "55660fefc04889e5";
/** x86-64, System V ABI: zero the 24 bytes that rdi points to, return rdi. */
const FOUND_NOTHING = "31c048890748894708488947104889f8c3";

type Patch = { symbol: string; begins: string; becomes: string };
const PATCHES: readonly Patch[] = [
  {
    symbol: `_ZN4node6Dotenv15GetDataFromArgsERK${VECTOR}`, // std::vector<env_file_data>
    begins: SCAN,
    becomes: FOUND_NOTHING,
  },
  {
    symbol: `_ZN4node12ConfigReader15GetDataFromArgsEP${VECTOR}`, // std::optional<std::string_view>
    begins: SCAN,
    becomes: FOUND_NOTHING,
  },
  {
    // v8::ModifyCodeGenerationFromStringsResult, {false, empty} in rax and rdx
    symbol: `_ZN4node31ModifyCodeGenerationFromStringsEN${LOCAL.join("")}b`,
    begins: "554889e541554154", // push %rbp; mov %rsp,%rbp; push %r13; push %r12
    becomes: "31c031d2c3", // xor %eax,%eax; xor %edx,%edx; ret
  },
];

/** A copy of the runtime (an ELF64 file, little-endian) with these doors closed. */
export function seal(runtime: Buffer): Buffer {
  if (process.arch !== "x64")
    throw new Error(`the runtime cannot be sealed on ${process.arch} yet`);
  const sealed = Buffer.from(runtime);
  for (const { symbol, begins, becomes } of PATCHES) {
    const at = fileOffset(runtime, symbol);
    const expected = Buffer.from(begins, "hex");
    if (!runtime.subarray(at, at + expected.length).equals(expected))
      throw new Error(`${symbol} does not begin as it should`);
    Buffer.from(becomes, "hex").copy(sealed, at);
  }
  return sealed;
}

type Section = { type: number; address: number; offset: number; size: number; link: number };

/** Where the function called `symbol` begins in the file (elf(5): Shdr, Sym). */
function fileOffset(elf: Buffer, symbol: string): number {
  const u64 = (at: number): number => Number(elf.readBigUInt64LE(at));
  const [table, entry, count] = [u64(0x28), elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  const sections = Array.from({ length: count }, (_, index): Section => {
    const at = table + index * entry;
    return {
      type: elf.readUInt32LE(at + 4),
      address: u64(at + 16),
      offset: u64(at + 24),
      size: u64(at + 32),
      link: elf.readUInt32LE(at + 40),
    };
  });
  const symbols = sections.find(({ type }) => type === 2 /* SHT_SYMTAB */);
  const strings = symbols && sections[symbols.link];
  if (symbols === undefined || strings === undefined) throw new Error("the runtime has no symbols");
  const name = Buffer.from(`${symbol}\0`);
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    const begin = strings.offset + elf.readUInt32LE(at);
    if (!elf.subarray(begin, begin + name.length).equals(name)) continue;
    const section = sections[elf.readUInt16LE(at + 6)];
    if (section !== undefined) return section.offset + u64(at + 8) - section.address;
  }
  throw new Error(`the runtime has no function ${symbol}`);
}
