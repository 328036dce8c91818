/** Collects what is wrong with an object, field by field. */
import { jsonEqual, type StatusCause } from "@fairlead/kube"
import { duplicateValue, forbiddenValue, invalidValue, printValue, requiredValue, tooLongValue, unsupportedValue } from "../../FieldCause.ts"
import { dns1035Errors, dnsLabelErrors, labelValueErrors, qualifiedNameErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { isObject, type Fields } from "../Sharing.ts"

/** Gives the texts of what is wrong with a name; empty when nothing is. */
export type Problems = (value: string) => ReadonlyArray<string>

/** The causes found so far. Fields are given as paths: `spec.containers[0].name`. */
export class Check {
  readonly causes: Array<StatusCause>

  constructor(causes: Array<StatusCause>) {
    this.causes = causes
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.causes.push(invalidValue(field, value, detail))
  }

  /** An invalid value that the message does not show. */
  omitted(field: string, detail: string): void {
    this.causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${detail}`, field })
  }

  required(field: string, detail = ""): void {
    this.causes.push(requiredValue(field, detail))
  }

  forbidden(field: string, detail: string): void {
    this.causes.push(forbiddenValue(field, detail))
  }

  duplicate(field: string, value: unknown): void {
    this.causes.push(duplicateValue(field, value))
  }

  tooLong(field: string, bytesMax: number): void {
    this.causes.push(tooLongValue(field, bytesMax))
  }

  notFound(field: string, value: unknown, detail = ""): void {
    this.causes.push({ reason: "FieldValueNotFound", message: `Not found: ${printValue(value)}${detail === "" ? "" : `: ${detail}`}`, field })
  }

  tooMany(field: string, count: number, max: number): void {
    this.causes.push({ reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${max} items`, field })
  }

  unsupported(field: string, value: unknown, supported: ReadonlyArray<string>): void {
    this.causes.push(unsupportedValue(field, value ?? "", supported))
  }

  /** One of the supported values, in the order in which they are to be listed. */
  oneOf(field: string, value: unknown, supported: ReadonlyArray<string>): void {
    if (typeof value !== "string" || !supported.includes(value)) this.unsupported(field, value, supported)
  }

  /** Like `oneOf`, but a value that is missing or empty is reported as such. */
  oneOfRequired(field: string, value: unknown, supported: ReadonlyArray<string>): void {
    if (value === undefined || value === null || value === "") this.required(field)
    else this.oneOf(field, value, supported)
  }

  /** A field that must stay as it was. */
  immutable(field: string, value: unknown, old: unknown): void {
    if (!jsonEqual(value, old)) this.invalid(field, value, "field is immutable")
  }

  /** Each text about the value is an invalid value of its own. */
  texts(field: string, value: unknown, texts: ReadonlyArray<string>): void {
    for (const text of texts) this.invalid(field, value, text)
  }

  name(field: string, value: string, problems: Problems): void {
    this.texts(field, value, problems(value))
  }

  dnsLabel(field: string, value: string): void {
    this.texts(field, value, dnsLabelErrors(value))
  }

  subdomain(field: string, value: string): void {
    this.texts(field, value, subdomainErrors(value))
  }

  dns1035(field: string, value: string): void {
    this.texts(field, value, dns1035Errors(value))
  }

  qualifiedName(field: string, value: string): void {
    this.texts(field, value, qualifiedNameErrors(value))
  }

  notNegative(field: string, value: unknown): void {
    if (typeof value === "number" && value < 0) this.invalid(field, value, "must be greater than or equal to 0")
  }

  positive(field: string, value: unknown): void {
    if (typeof value === "number" && value <= 0) this.invalid(field, value, "must be greater than 0")
  }

  labels(field: string, labels: unknown): void {
    if (!isObject(labels)) return
    for (const key in labels) {
      this.texts(field, key, qualifiedNameErrors(key))
      this.texts(field, labels[key], labelValueErrors(String(labels[key])))
    }
  }

  annotations(field: string, annotations: unknown): void {
    if (!isObject(annotations)) return
    let size = 0
    for (const key in annotations) {
      this.texts(field, key, qualifiedNameErrors(key.toLowerCase()))
      size += key.length + String(annotations[key]).length
    }
    if (size > 256 * 1024) this.tooLong(field, 256 * 1024)
  }

  labelSelector(field: string, selector: unknown): void {
    if (!isObject(selector)) return
    this.labels(`${field}.matchLabels`, selector["matchLabels"])
    items(selector["matchExpressions"]).forEach((one, i) => this.#labelRequirement(`${field}.matchExpressions[${i}]`, one))
  }

  #labelRequirement(field: string, requirement: Fields): void {
    const { operator, key, values } = requirement as { readonly operator?: string; readonly key?: string; readonly values?: ReadonlyArray<string> }
    if (operator === "In" || operator === "NotIn") {
      if ((values ?? []).length === 0) this.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if ((values ?? []).length > 0) this.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    } else this.invalid(`${field}.operator`, operator ?? "", "not a valid selector operator")
    this.qualifiedName(`${field}.key`, key ?? "")
    values?.forEach((value, i) => this.texts(`${field}.values[${i}]`, value, labelValueErrors(value)))
  }
}

/** The objects of a list field; none where there is no list. */
export const items = (value: unknown): ReadonlyArray<Fields> => (Array.isArray(value) ? (value as ReadonlyArray<Fields>) : none)

const none: ReadonlyArray<never> = []

/** The texts of a list field. */
export const texts = (value: unknown): ReadonlyArray<string> => (Array.isArray(value) ? (value as ReadonlyArray<string>) : none)

/** The object of a field; `undefined` where there is none. */
export const part = (value: Fields | undefined, name: string): Fields | undefined => {
  const found = value?.[name]
  return isObject(found) ? found : undefined
}

/** What an object asks for; nothing where it does not say. */
export const specOf = (object: Fields | undefined): Fields => part(object, "spec") ?? {}

/** The text of a field; empty where there is none. */
export const text = (value: Fields | undefined, name: string): string => {
  const found = value?.[name]
  return typeof found === "string" ? found : ""
}

/** The number of a field; 0 where there is none. */
export const count = (value: Fields | undefined, name: string): number => {
  const found = value?.[name]
  return typeof found === "number" ? found : 0
}

/** A map with its keys in order, as messages show it. */
export const sorted = (map: unknown): unknown =>
  isObject(map) ? Object.fromEntries(Object.keys(map).sort().map((key) => [key, map[key]])) : map

/** A label selector as messages show it. */
export const shownSelector = (selector: unknown): unknown =>
  isObject(selector) && isObject(selector["matchLabels"]) ? { ...selector, matchLabels: sorted(selector["matchLabels"]) } : selector

/** Whether a selector of labels takes these labels; one without demands takes all. */
export const selects = (selector: Fields, labels: Fields): boolean => {
  const wanted = part(selector, "matchLabels") ?? {}
  for (const key in wanted) if (labels[key] !== wanted[key]) return false
  return items(selector["matchExpressions"]).every((one) => {
    const [value, values] = [labels[text(one, "key")], texts(one["values"])]
    const listed = typeof value === "string" && values.includes(value)
    const operator = text(one, "operator")
    if (operator === "In") return listed
    if (operator === "NotIn") return !listed
    return (value !== undefined) === (operator === "Exists")
  })
}
