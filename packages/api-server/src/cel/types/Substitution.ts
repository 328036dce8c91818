/** Finds out what type parameters stand for. */
import { dynType, nullType, Type } from "./Type.ts"

/** What type parameters are known to stand for. */
export class Substitution {
  private known: Map<string, Type>

  constructor(known: ReadonlyMap<string, Type> = new Map()) {
    this.known = new Map(known)
  }

  set(parameter: string, type: Type): void {
    this.known.set(parameter, type)
  }

  /** Whether a value of the second type may stand where the first is wanted, learning about parameters if so. */
  assignable(left: Type, right: Type): boolean {
    return this.attempt(() => this.fits(left, right))
  }

  /** The same for several types at once. */
  allAssignable(left: ReadonlyArray<Type>, right: ReadonlyArray<Type>): boolean {
    return this.attempt(() => this.allFit(left, right))
  }

  /** The type with what is known put in; parameters nothing is known of become `dyn` if wanted. */
  apply(type: Type, unknownAsDyn = false): Type {
    const found = type.kind === "parameter" ? this.known.get(type.name) : undefined
    if (found !== undefined) return this.apply(found, unknownAsDyn)
    if (type.kind === "parameter") return unknownAsDyn ? dynType : type
    if (type.parameters.length === 0) return type
    return new Type(type.kind, type.name, type.parameters.map((parameter) => this.apply(parameter, unknownAsDyn)), type.fields)
  }

  private attempt(check: () => boolean): boolean {
    const before = this.known
    this.known = new Map(before)
    const fits = check()
    if (!fits) this.known = before
    return fits
  }

  private allFit(left: ReadonlyArray<Type>, right: ReadonlyArray<Type>): boolean {
    return left.length === right.length && left.every((type, index) => this.fits(type, right[index]!))
  }

  private fits(left: Type, right: Type): boolean {
    if (right.kind === "parameter") {
      const { fits, known } = this.stands(left, right)
      if (fits || known) return fits
    }
    if (left.kind === "parameter") return this.stands(right, left).fits
    if (takesAll(left) || takesAll(right)) return true
    if (left.kind === "null") return isNullable(right)
    if (right.kind === "null") return isNullable(left)
    switch (left.kind) {
      case "type":
        return right.kind === "type"
      case "opaque":
      case "list":
      case "map":
        return left.kind === right.kind && left.name === right.name && this.allFit(left.parameters, right.parameters)
      default:
        return left.equals(right)
    }
  }

  /** Whether a parameter may stand for a type. */
  private stands(type: Type, parameter: Type): { readonly fits: boolean; readonly known: boolean } {
    if (type.equals(parameter)) return { fits: true, known: true }
    const before = this.known.get(parameter.name)
    if (before !== undefined) {
      if (type.equals(before)) return { fits: true, known: true }
      if (!this.fits(type, before)) return { fits: false, known: true }
      const general = moreGeneral(type, before)
      if (!this.mentions(general, parameter)) this.known.set(parameter.name, general)
      return { fits: true, known: true }
    }
    if (this.mentions(type, parameter)) return { fits: false, known: false }
    this.known.set(parameter.name, type)
    return { fits: true, known: false }
  }

  private mentions(type: Type, parameter: Type): boolean {
    if (type.equals(parameter)) return true
    if (type.kind === "parameter") {
      const known = this.known.get(type.name)
      return known !== undefined && this.mentions(known, parameter)
    }
    return type.parameters.some((part) => this.mentions(part, parameter))
  }
}

const takesAll = (type: Type): boolean => type.isDyn || type.kind === "error"

const nullables: ReadonlySet<string> = new Set(["opaque", "struct", "any", "duration", "timestamp"])

const isNullable = (type: Type): boolean => nullables.has(type.kind) || type.equals(nullType)

/** The one of two types that the other fits into. */
export const moreGeneral = (left: Type, right: Type): Type => (isAsGeneral(left, right) ? left : right)

const isAsGeneral = (left: Type, right: Type): boolean => {
  if (left.isDyn || left.kind === "parameter") return true
  if (right.isDyn || right.kind === "parameter" || left.kind !== right.kind) return false
  switch (left.kind) {
    case "opaque":
    case "list":
    case "map":
      return (
        left.name === right.name &&
        left.parameters.length === right.parameters.length &&
        left.parameters.every((parameter, index) => isAsGeneral(parameter, right.parameters[index]!))
      )
    case "type":
      return true
    default:
      return left.equals(right)
  }
}
