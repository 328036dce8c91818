/** The types of expressions. */

export type TypeKind =
  | "any" | "bool" | "bytes" | "double" | "duration" | "dyn" | "error" | "int" | "list" | "map" | "null" | "opaque" | "parameter" | "string" | "struct"
  | "timestamp" | "type" | "uint"

const none: ReadonlyArray<Type> = []

/** A type; types with equal contents are equal. */
export class Type {
  readonly kind: TypeKind
  readonly name: string
  readonly parameters: ReadonlyArray<Type>
  /** Fields of objects whose fields are known. */
  readonly fields: ReadonlyMap<string, Type> | undefined

  constructor(kind: TypeKind, name: string, parameters: ReadonlyArray<Type> = none, fields?: ReadonlyMap<string, Type>) {
    this.kind = kind
    this.name = name
    this.parameters = parameters
    this.fields = fields
  }

  get isDyn(): boolean {
    return this.kind === "dyn" || this.kind === "any"
  }

  get isOptional(): boolean {
    return this.kind === "opaque" && this.name === "optional_type"
  }

  equals(other: Type): boolean {
    return (
      this === other ||
      (this.kind === other.kind &&
        this.name === other.name &&
        this.parameters.length === other.parameters.length &&
        this.parameters.every((parameter, index) => parameter.equals(other.parameters[index]!)))
    )
  }

  /** How messages spell the type. */
  toString(): string {
    switch (this.kind) {
      case "duration":
      case "timestamp":
      case "null":
        return this.kind
      case "error":
        return "!error!"
      default:
        return this.parameters.length === 0 ? this.name : `${this.name}(${this.parameters.join(", ")})`
    }
  }
}

/** The types that have no parts. */
export const boolType = new Type("bool", "bool")
export const bytesType = new Type("bytes", "bytes")
export const doubleType = new Type("double", "double")
export const durationType = new Type("duration", "google.protobuf.Duration")
export const dynType = new Type("dyn", "dyn")
export const errorType = new Type("error", "error")
export const intType = new Type("int", "int")
export const nullType = new Type("null", "null_type")
export const stringType = new Type("string", "string")
export const timestampType = new Type("timestamp", "google.protobuf.Timestamp")
export const uintType = new Type("uint", "uint")

/** The type of lists of items of one type. */
export const listOf = (item: Type): Type => new Type("list", "list", [item])

/** The type of maps with keys and values of one type each. */
export const mapOf = (key: Type, value: Type): Type => new Type("map", "map", [key, value])

/** The type of a type. */
export const typeOfType = (type: Type): Type => new Type("type", "type", [type])

/** The type of a value that may be missing. */
export const optionalOf = (type: Type): Type => new Type("opaque", "optional_type", [type])

/** A type that is found out by looking at how it is used. */
export const typeParameter = (name: string): Type => new Type("parameter", name)

/** A type of objects that only functions can look into. */
export const objectType = (name: string, fields?: ReadonlyMap<string, Type>): Type => new Type("struct", name, none, fields)

class AnyFields extends Map<string, Type> {
  override get(): Type {
    return dynType
  }
}

/** A type of objects of whose fields nothing is known. */
export const openObjectType = (name: string): Type => objectType(name, new AnyFields())

const named: ReadonlyMap<string, Type> = new Map([
  ...[boolType, bytesType, doubleType, dynType, intType, stringType, uintType].map((type) => [type.name, type] as const),
  ["duration", durationType],
  ["timestamp", timestampType],
  ["net.IP", new Type("opaque", "net.IP")],
  ["net.CIDR", new Type("opaque", "net.CIDR")]
])

/** Reads a type as messages spell it; single capitals are parameters and names with dots are objects. */
export const parseType = (text: string): Type => {
  const open = text.indexOf("(")
  if (open < 0) return named.get(text) ?? (/^[A-Z]$/.test(text) ? typeParameter(text) : objectType(text))
  const name = text.slice(0, open)
  const parameters = splitTypes(text.slice(open + 1, -1)).map(parseType)
  if (name === "list" || name === "map" || name === "type") return new Type(name, name, parameters)
  return new Type("opaque", name, parameters)
}

/** Takes apart a list of types. */
export const splitTypes = (text: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let depth = 0
  let start = 0
  for (let index = 0; index <= text.length; index++) {
    const character = text[index]
    if (character === "(") depth++
    else if (character === ")") depth--
    else if (index === text.length || (character === "," && depth === 0)) {
      const part = text.slice(start, index).trim()
      if (part !== "") parts.push(part)
      start = index + 1
    }
  }
  return parts
}
