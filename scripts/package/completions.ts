/** Completions for bash, zsh and fish, made from the commander program itself: there is no second list of words. */
import type { Command, Option } from "commander";
import { sallyport } from "../../agent/cli/main.ts";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
} from "../../protocol/operation.ts";

export type Completions = { bash: string; zsh: string; fish: string };

type Word = { word: string; about: string };
type Place = {
  /** The commands that lead there: "", "service", "audit tail". */
  path: string;
  /** What may stand there: commands, or the words of a first argument. */
  words: Word[];
  options: Word[];
};

/** What the first argument of a command may be; the helper parses the same lists. */
const FIRST_ARGUMENT: Record<string, readonly string[]> = {
  service: SERVICE_ACTIONS,
  package: [...new Set([...NAMED_PACKAGE_ACTIONS, ...SYSTEM_PACKAGE_ACTIONS])],
};

export function completions(): Completions {
  const program = sallyport();
  const places = placesOf(program, "");
  const files = optionsWith(program, "<file>");
  const users = optionsWith(program, "<name|uid>");
  return {
    bash: bash(places, files, users),
    zsh: zsh(places, files, users),
    fish: fish(places, files, users),
  };
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const words = commands.map((one) => ({
    word: one.name(),
    about: one.summary() || one.description(),
  }));
  const first = (FIRST_ARGUMENT[path] ?? []).map((word) => ({ word, about: "" }));
  const options = help
    .visibleOptions(command)
    .flatMap(({ short, long, description }) =>
      [long, short].flatMap((word) => (word == null ? [] : [{ word, about: description }])),
    );
  return [
    { path, words: [...words, ...first], options },
    ...command.commands.flatMap((one) => placesOf(one, `${path} ${one.name()}`.trim())),
  ];
}

/** All spellings of the options that take a value of this kind, anywhere in the program. */
function optionsWith(command: Command, value: string): string[] {
  const takes = ({ flags }: Option): boolean => flags.endsWith(value);
  const here = command.options.filter(takes).flatMap(({ long }) => (long == null ? [] : [long]));
  return [...new Set([...here, ...command.commands.flatMap((one) => optionsWith(one, value))])];
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const list = (words: readonly Word[]): string => quoted(words.map(({ word }) => word).join(" "));

/** Sets `place` to the commands so far and `arguments` to how many words came after; for bash and zsh. */
function walk(places: readonly Place[], before: string): string {
  const known = places.flatMap(({ path }) => (path === "" ? [] : [quoted(path)]));
  return `    for word in ${before}; do
        case "\${place:+$place }$word" in
        ${known.join(" | ")}) place="\${place:+$place }$word" arguments=0 ;;
        *) [[ $word == -* ]] || arguments=$((arguments + 1)) ;;
        esac
    done`;
}

/** A case for each place, with one line of shell for it. */
function cases(places: readonly Place[], line: (place: Place) => string): string {
  const rows = places.map((place) => `    ${quoted(place.path)}) ${line(place)} ;;`);
  return ["    case $place in", ...rows, "    esac"].join("\n");
}

function bash(places: readonly Place[], files: string[], users: string[]): string {
  return `# Made from the program's own commands.
_sallyport() {
    local current=\${COMP_WORDS[COMP_CWORD]} place='' arguments=0 word words='' flags=''
    case \${COMP_WORDS[COMP_CWORD - 1]} in
    ${files.join(" | ")})
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    ${users.join(" | ")})
        mapfile -t COMPREPLY < <(compgen -u -- "$current")
        return
        ;;
    esac
${walk(places, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
${cases(places, ({ words, options }) => `words=${list(words)} flags=${list(options)}`)}
    [[ $arguments -eq 0 ]] || words=''
    [[ $current != -* ]] || words=$flags
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _sallyport sallyport
`;
}

function zsh(places: readonly Place[], files: string[], users: string[]): string {
  const described = (words: readonly Word[]): string =>
    words.map(({ word, about }) => quoted(about === "" ? word : `${word}:${about}`)).join(" ");
  return `#compdef sallyport
# Made from the program's own commands.
local place='' word arguments=0
local -a offers flags
case \${words[CURRENT-1]} in
${files.join(" | ")}) _files; return ;;
${users.join(" | ")}) _users; return ;;
esac
${walk(places, '"${(@)words[2,CURRENT-1]}"')}
${cases(places, ({ words, options }) => `offers=(${described(words)}) flags=(${described(options)})`)}
if [[ \${words[CURRENT]} == -* ]]; then
    _describe option flags
elif [[ $arguments -eq 0 ]]; then
    _describe word offers
fi
`;
}

function fish(places: readonly Place[], files: string[], users: string[]): string {
  const literal = (text: string): string =>
    `'${text.replaceAll("\\", "\\\\").replaceAll("'", String.raw`\'`)}'`;
  const known = places.flatMap(({ path }) => (path === "" ? [] : [literal(path)]));
  const at = (path: string, more: string): string => literal(`__sallyport_at "${path}"${more}`);
  const value = (word: string): string => {
    if (files.includes(word)) return " -r -F";
    return users.includes(word) ? " -x -a '(__fish_complete_users)'" : "";
  };
  const flag = (word: string): string =>
    word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
  return `# Made from the program's own commands.

# Whether the words so far are the commands in the first argument, with more after them if there is a second one.
function __sallyport_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l place
    set -l arguments 0
    for word in $words
        if contains -- (string trim "$place $word") ${known.join(" ")}
            set -a place $word
            set arguments 0
        else if not string match -q -- '-*' $word
            set arguments (math $arguments + 1)
        end
    end
    test "$place" = "$argv[1]"
    and test $arguments -eq 0 -o (count $argv) -gt 1
end

complete -c sallyport -f
${places
  .flatMap(({ path, words, options }) => [
    ...words.map(
      ({ word, about }) =>
        `complete -c sallyport -n ${at(path, "")} -a ${word}${about === "" ? "" : ` -d ${literal(about)}`}`,
    ),
    ...options.map(
      ({ word, about }) =>
        `complete -c sallyport -n ${at(path, " more")} ${flag(word)}${value(word)} -d ${literal(about)}`,
    ),
  ])
  .join("\n")}
`;
}
