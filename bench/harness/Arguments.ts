/** The command line of the benchmarks. */

/** What was asked for. */
export type Asked =
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string }
  | { readonly kind: "run"; readonly words: ReadonlyArray<string>; readonly list: boolean; readonly minutes: number }

/** The text of `--help`. */
export const usage = `Usage: npm run bench -- [WORD…] [--list] [--minutes N]

Runs every benchmark below packages/*/bench, apps/*/bench and bench/product, each in a process of its own.

  WORD…        only benchmarks whose path contains one of the words
  --list       print the paths and run nothing
  --minutes N  stop a benchmark after N minutes (10)
  --help       this text

Progress goes to stderr and one JSON document to stdout.
Exit codes: 0 every bar is met, 1 a bar is missed or a benchmark broke, 2 the command line is wrong.
`

/** Reads the arguments after the program's name. */
export const parseArguments = (given: ReadonlyArray<string>): Asked => {
  const words: Array<string> = []
  let list = false
  let minutes = 10
  for (let index = 0; index < given.length; index++) {
    const word = given[index]!
    if (word === "--help" || word === "-h") return { kind: "help" }
    if (word === "--list") list = true
    else if (word === "--minutes") {
      minutes = Number(given[++index])
      if (!(minutes > 0)) return { kind: "wrong", message: `--minutes wants a number above 0, got ${given[index] ?? "nothing"}` }
    } else if (word === "--") continue
    else if (word.startsWith("-")) return { kind: "wrong", message: `There is no option ${word}.` }
    else words.push(word)
  }
  return { kind: "run", words, list, minutes }
}
