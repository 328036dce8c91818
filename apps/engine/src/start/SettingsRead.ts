/** Reads the settings from a file and from the environment, and knows where each of them came from. */
import { Result, Schema, SchemaIssue } from "effect"
import { type FileProblem, parseYaml, type YamlDocument } from "../tasks/YamlFile.ts"
import { didYouMean } from "./DidYouMean.ts"
import { clashesOf, Settings } from "./Settings.ts"
import { isSecret, redactText } from "./Secrets.ts"
import { allSettings, namesAt, parseText, variablePrefix } from "./SettingsTree.ts"

/** Where a value stands. */
export type Origin =
  | { readonly _tag: "File"; readonly file: string; readonly line: number }
  | { readonly _tag: "Environment"; readonly variable: string }
  | { readonly _tag: "Default" }

/** Good settings. */
export interface ReadSettings {
  readonly settings: Settings
  readonly originOf: (path: ReadonlyArray<string>) => Origin
}

/** What the settings are read from. */
export interface SettingsInput {
  readonly file?: { readonly file: string; readonly text: string } | undefined
  readonly environment: { readonly [name: string]: string | undefined }
}

/** The variable with the place of the file itself, which is no setting of the engine. */
export const variableOfFile = `${variablePrefix}CONFIG`
/** Nor is what `run` and `dev` ask for. */
const variableOfCache = `${variablePrefix}CACHE`

/** Reads all, the environment above the file; gives the settings or everything that is wrong with them. */
export const readSettings = ({ environment, file }: SettingsInput): Result.Result<ReadSettings, ReadonlyArray<FileProblem>> => {
  const { document, problems: ofFile } = readFile(file)
  const { values, problems: ofEnvironment } = readEnvironment(environment)
  const given = structuredClone(isMap(document?.value) ? document.value : {})
  for (const { path, value } of values) put(given, path, value)
  const variables = new Map(values.map((it) => [it.path.join("."), it.variable]))
  const originOf = (path: ReadonlyArray<PropertyKey>): Origin => {
    const variable = path.map((_, index) => variables.get(path.slice(0, index + 1).join("."))).find((it) => it !== undefined)
    if (variable !== undefined) return { _tag: "Environment", variable }
    return document !== undefined && hasPath(document.value, path) ? { _tag: "File", file: document.file, line: document.lineOf(path) } : { _tag: "Default" }
  }
  const at = (path: ReadonlyArray<PropertyKey>, message: string): FileProblem => {
    const origin = originOf(path)
    const field = path.map(String).join(".")
    if (origin._tag === "Environment") return { file: origin.variable, line: 0, field: field.slice(0, 200), message }
    return { file: file?.file ?? "settings", line: document?.lineOf(path) ?? 0, field, message }
  }
  const decoded = Schema.decodeUnknownResult(Settings)(given as unknown, { errors: "all", onExcessProperty: "error" })
  const ofValues = Result.isFailure(decoded)
    ? formatIssue(decoded.failure.issue).issues.map((issue) => {
      const path = (issue.path ?? []).map((it) => (typeof it === "object" ? it.key : it))
      return at(path, sentenceOf(issue.message, path, valueAt(given, path)))
    })
    : clashesOf(decoded.success).map((clash) => at(clash.path, clash.message))
  const problems = [...ofFile, ...ofEnvironment, ...ofValues]
  return problems.length === 0 && Result.isSuccess(decoded) ? Result.succeed({ settings: decoded.success, originOf }) : Result.fail(problems)
}

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const readFile = (file: SettingsInput["file"]): { readonly document?: YamlDocument; readonly problems: ReadonlyArray<FileProblem> } => {
  if (file === undefined) return { problems: [] }
  const { documents, problems } = parseYaml(file.file, file.text)
  const [document, second] = documents
  if (document === undefined) return { problems }
  if (second !== undefined) {
    return { document, problems: [...problems, { file: file.file, line: second.lineOf([]), field: "", message: "is a second document; all settings go into one" }] }
  }
  if (!isMap(document.value)) return { problems: [...problems, { file: file.file, line: 1, field: "", message: "holds no map of settings" }] }
  return { document, problems }
}

interface GivenValue {
  readonly path: ReadonlyArray<string>
  readonly variable: string
  readonly value: unknown
}

const readEnvironment = (environment: SettingsInput["environment"]): { readonly values: ReadonlyArray<GivenValue>; readonly problems: ReadonlyArray<FileProblem> } => {
  const byVariable = new Map(allSettings.map((it) => [it.variable, it]))
  const values: Array<GivenValue> = []
  const problems: Array<FileProblem> = []
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable]
    if (!variable.startsWith(variablePrefix) || variable === variableOfFile || variable === variableOfCache || text === undefined) continue
    const setting = byVariable.get(variable)
    const report = (message: string): void => void problems.push({ file: variable, line: 0, field: setting?.path.join(".") ?? "", message })
    if (setting === undefined) {
      report(`is not the variable of a setting${suggest(variable, [...byVariable.keys(), variableOfFile])}`)
      continue
    }
    const parsed = parseText(setting, text)
    if ("problem" in parsed) report(parsed.problem)
    else values.push({ path: setting.path, variable, value: parsed.value })
  }
  return { values, problems }
}

const suggest = (name: string, known: ReadonlyArray<string>): string => {
  const meant = didYouMean(name, known)
  if (meant !== undefined) return `; did you mean ${meant}?`
  return known.length === 0 || known.length > 12 ? "; \"fairlead config\" lists them all" : `; there are: ${known.join(", ")}`
}

/** The schema's words, with the value seen unless it is a secret. */
const sentenceOf = (message: string, path: ReadonlyArray<PropertyKey>, seen: unknown): string => {
  if (message === "Expected no excess property") return `is not a setting${suggest(String(path.at(-1)), namesAt(path.slice(0, -1)))}`
  if (message === "Missing key") return "is missing; it must be given"
  const sentence = `${message.charAt(0).toLowerCase()}${message.slice(1)}`
  if (isSecret(path)) return `${sentence}; what stands there is a secret and not shown`
  const text = redactText(JSON.stringify(seen) ?? "nothing")
  return sentence.includes(text) ? sentence : `${sentence}, but got ${text.length <= 60 ? text : `${text.slice(0, 57)}…`}`
}

type Fields = { [key: string]: unknown }

const isMap = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

const put = (target: Fields, path: ReadonlyArray<string>, value: unknown): void => {
  const [key, ...rest] = path
  if (rest.length === 0) target[key!] = value
  else {
    const inner = isMap(target[key!]) ? (target[key!] as Fields) : {}
    target[key!] = inner
    put(inner, rest, value)
  }
}

const hasPath = (value: unknown, path: ReadonlyArray<PropertyKey>): boolean =>
  path.length === 0 || (isMap(value) && Object.hasOwn(value, path[0]!) && hasPath(value[String(path[0])], path.slice(1)))

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((it, key) => (typeof it === "object" && it !== null ? (it as Record<PropertyKey, unknown>)[key] : undefined), value)
