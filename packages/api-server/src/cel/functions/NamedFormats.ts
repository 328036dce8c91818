/** Formats of texts in expressions. */
import { dns1035Errors, dnsLabelErrors, labelValueErrors, qualifiedNameErrors, subdomainErrors } from "../../internal/nameRules.ts"
import { formatTest } from "../../crd/Formats.ts"
import { parseRequestUri } from "../net/GoUrl.ts"
import { parseType } from "../types/Type.ts"
import { ItemList, Opaque, Optional, type Value } from "../values/Value.ts"
import { type Declared, declare } from "./Declare.ts"

const formatType = parseType("kubernetes.NamedFormat")

/** A format that texts can be checked for. */
export class FormatValue extends Opaque {
  readonly type = formatType
  readonly name: string
  /** Stands for how much work a check is. */
  readonly patternSize: number
  readonly problems: (text: string) => ReadonlyArray<string>

  constructor(name: string, patternSize: number, problems: (text: string) => ReadonlyArray<string>) {
    super()
    this.name = name
    this.patternSize = patternSize
    this.problems = problems
  }

  equals(other: Value): boolean {
    return other instanceof FormatValue && other.name === this.name
  }
}

/** Prefixes may end in a dash, which then does not count. */
const asPrefix = (problems: (text: string) => ReadonlyArray<string>) => (text: string): ReadonlyArray<string> =>
  problems(text.length > 1 && text.endsWith("-") ? `${text.slice(0, -2)}a` : text)

const none: ReadonlyArray<string> = []

const tested = (format: string, message: string) => (text: string): ReadonlyArray<string> => (formatTest(format)?.(text) === true ? none : [message])

const uriProblems = (text: string): ReadonlyArray<string> => {
  const parsed = parseRequestUri(text)
  return typeof parsed === "string" ? [parsed] : none
}

const formats: Readonly<Record<string, FormatValue>> = {
  dns1123Label: new FormatValue("DNS1123Label", 30, dnsLabelErrors),
  dns1123Subdomain: new FormatValue("DNS1123Subdomain", 60, subdomainErrors),
  dns1035Label: new FormatValue("DNS1035Label", 30, dns1035Errors),
  qualifiedName: new FormatValue("QualifiedName", 60, qualifiedNameErrors),
  dns1123LabelPrefix: new FormatValue("DNS1123LabelPrefix", 30, asPrefix(dnsLabelErrors)),
  dns1123SubdomainPrefix: new FormatValue("DNS1123SubdomainPrefix", 60, asPrefix(subdomainErrors)),
  dns1035LabelPrefix: new FormatValue("DNS1035LabelPrefix", 30, asPrefix(dns1035Errors)),
  labelValue: new FormatValue("LabelValue", 40, labelValueErrors),
  uri: new FormatValue("URI", 1103, uriProblems),
  uuid: new FormatValue("uuid", 70, tested("uuid", "does not match the UUID format")),
  byte: new FormatValue("byte", 84, tested("byte", "invalid base64")),
  date: new FormatValue("date", 71, tested("date", "invalid date")),
  datetime: new FormatValue("datetime", 71, tested("datetime", "invalid datetime"))
}

const validate = (format: FormatValue, text: string): Value => {
  const problems = format.problems(text)
  return problems.length === 0 ? Optional.none : new Optional(new ItemList(problems))
}

const named = (name: string): Value => (Object.hasOwn(formats, name) ? new Optional(formats[name]!) : Optional.none)

/** Functions on formats of texts. */
export const namedFormats: ReadonlyArray<Declared> = [
  declare("validate.(kubernetes.NamedFormat, string) -> optional_type(list(string))", validate),
  declare("format.named(string) -> optional_type(kubernetes.NamedFormat)", named),
  ...Object.entries(formats).map(([name, format]) => declare(`format.${name}() -> kubernetes.NamedFormat`, () => format))
]
