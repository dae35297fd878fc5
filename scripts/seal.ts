/**
 * Closes a door that no build option closes. Before any script runs, Node looks through all of argv,
 * argv[0] included, for --env-file, --experimental-config-file and their like, and opens what they
 * name; in a single executable too, and whatever `execArgvExtension` says. A caller of the helper
 * chooses its argv: root would open any file or device, hang on a FIFO, and print keys of JSON files
 * that only root may read.
 *
 * The two functions that look return a value that is all zeros when they find nothing. Here they are
 * made to return just that. They are found by their names in the pinned runtime's symbol table; if
 * that is not as expected, there is no build. test/attack/arguments.test.ts proves the effect.
 */

const VECTOR = "St6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE";
const SCANS = [
  `_ZN4node6Dotenv15GetDataFromArgsERK${VECTOR}`, // std::vector<env_file_data>
  `_ZN4node12ConfigReader15GetDataFromArgsEP${VECTOR}`, // std::optional<std::string_view>
];

/** x86-64, System V ABI: zero the 24 bytes that rdi points to, return rdi. */
const FOUND_NOTHING = Buffer.from("31c048890748894708488947104889f8c3", "hex");
/** push %rbp; pxor %xmm0,%xmm0; mov %rsp,%rbp */
const EXPECTED_START = Buffer.from("55660fefc04889e5", "hex");

/** A copy of the runtime (an ELF64 file, little-endian) in which neither function finds anything. */
export function seal(runtime: Buffer): Buffer {
  if (process.arch !== "x64")
    throw new Error(`the runtime cannot be sealed on ${process.arch} yet`);
  const sealed = Buffer.from(runtime);
  for (const name of SCANS) {
    const at = fileOffset(runtime, name);
    const start = runtime.subarray(at, at + EXPECTED_START.length);
    if (!start.equals(EXPECTED_START)) throw new Error(`${name} does not begin as it should`);
    FOUND_NOTHING.copy(sealed, at);
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
