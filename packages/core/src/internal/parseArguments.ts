/** Reads command-line flags of the form that Go programs take: `--name value`, `--name=value`, `-n value`. */
import { Result } from "effect"

/** How a command names its flags: long names, and short letters for some of them. */
export interface FlagTable {
  readonly names: ReadonlyArray<string>
  readonly letters: { readonly [letter: string]: string }
  /** Flags that may stand without a value. */
  readonly switches: ReadonlyArray<string>
  /** Starts of the names of flags that are passed over with their values. */
  readonly passedOver: ReadonlyArray<string>
}

/** Flags by long name, the last one of a name wins, and what is no flag. */
export interface ParsedArguments {
  readonly flags: ReadonlyMap<string, string>
  readonly rest: ReadonlyArray<string>
}

/** Reads arguments by a table; fails with a sentence for flags that are not in it and for flags without a value. */
export const parseArguments = (args: ReadonlyArray<string>, table: FlagTable): Result.Result<ParsedArguments, string> => {
  const flags = new Map<string, string>()
  const rest: Array<string> = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!
    const match = /^(--?)([^=]+)(?:=(.*))?$/s.exec(argument)
    if (match === null) {
      rest.push(argument)
      continue
    }
    const [, dashes, written = "", inline] = match
    const name = dashes === "-" ? table.letters[written] : written
    if (name === undefined || !isKnown(name, table)) return Result.fail(`unknown flag ${dashes}${written}; known are ${table.names.map((it) => `--${it}`).join(", ")}`)
    const value = inline ?? (table.switches.includes(name) ? "true" : args[++index])
    if (value === undefined) return Result.fail(`flag --${name} needs a value`)
    flags.set(name, value)
  }
  return Result.succeed({ flags, rest })
}

const isKnown = (name: string, table: FlagTable): boolean =>
  table.names.includes(name) || table.switches.includes(name) || table.passedOver.some((start) => name.startsWith(start))
