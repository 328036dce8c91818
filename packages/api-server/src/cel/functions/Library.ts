/** All functions of expressions. */
import type { Type } from "../types/Type.ts"
import { boolType, bytesType, doubleType, durationType, dynType, intType, listOf, mapOf, nullType, optionalOf, parseType, stringType, timestampType, typeOfType, uintType } from "../types/Type.ts"
import { authorization } from "./Authorization.ts"
import { conversions } from "./Conversions.ts"
import type { Declared } from "./Declare.ts"
import { lists } from "./Lists.ts"
import { namedFormats } from "./NamedFormats.ts"
import { networks } from "./Networks.ts"
import { operators } from "./Operators.ts"
import { optionals } from "./Optionals.ts"
import { quantities } from "./Quantities.ts"
import { texts } from "./Texts.ts"
import { times } from "./Times.ts"

const all: ReadonlyArray<Declared> = [...operators, ...conversions, ...times, ...texts, ...lists, ...optionals, ...networks, ...quantities, ...namedFormats, ...authorization]

/** Ways to call functions, by their names. */
export const library: ReadonlyMap<string, ReadonlyArray<Declared>> = Map.groupBy(all, ({ name }) => name)

/** Types that expressions may name. */
export const namedTypes: ReadonlyMap<string, Type> = new Map([
  ...[boolType, bytesType, doubleType, intType, stringType, uintType, nullType, durationType, timestampType].map((type) => [type.name, type] as const),
  ["list", listOf(parseType("A"))],
  ["map", mapOf(parseType("A"), parseType("B"))],
  ["type", typeOfType(dynType)],
  ["optional_type", optionalOf(dynType)],
  ["net.IP", parseType("net.IP")],
  ["net.CIDR", parseType("net.CIDR")]
])

/** Functions that turn values into values of other types. */
export const conversionNames: ReadonlySet<string> = new Set(["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"])

const regexFunctions: ReadonlySet<string> = new Set(["matches", "find", "findAll"])

/** Which argument of a function is a regular expression; -1 for none. */
export const regexArgument = (name: string): number => (regexFunctions.has(name) ? 1 : -1)
