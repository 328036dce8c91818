/** Airflow's configuration as its file has it: sections of texts. */
import { Data, Result } from "effect"

/** Section → option → text, as in `airflow.cfg`. What is missing has its default. */
export type AirflowSettings = { readonly [section: string]: { readonly [option: string]: string } | undefined }

/** The configuration cannot be used. Keeps Airflow's name. */
export class AirflowConfigException extends Data.TaggedError("AirflowConfigException")<{ readonly description: string }> {
  override get message(): string {
    return this.description
  }
}

const trueWords = new Set(["t", "true", "1"])
const falseWords = new Set(["f", "false", "0"])

/** Reads one section; what cannot be read throws an `AirflowConfigException` that names the option and its value. */
export class SettingsSection {
  readonly #section: string
  readonly #values: { readonly [option: string]: string }

  constructor(settings: AirflowSettings, section: string) {
    this.#section = section
    this.#values = settings[section] ?? {}
  }

  /** All options, in their order. */
  get all(): { readonly [option: string]: string } {
    return this.#values
  }

  /** True when the option stands in the file, with whatever value. */
  has(option: string): boolean {
    return Object.hasOwn(this.#values, option)
  }

  text(option: string, fallback = ""): string {
    return this.has(option) ? this.#values[option]! : fallback
  }

  /** `undefined` where the text is blank. */
  optional(option: string): string | undefined {
    const text = this.text(option).trim()
    return text === "" ? undefined : text
  }

  boolean(option: string, fallback: boolean): boolean {
    const text = this.text(option).trim().toLowerCase()
    if (text === "") return fallback
    if (trueWords.has(text)) return true
    if (falseWords.has(text)) return false
    throw this.#problem(option, "a boolean (True or False)")
  }

  whole(option: string, fallback: number): number {
    return this.optionalWhole(option) ?? fallback
  }

  optionalWhole(option: string): number | undefined {
    const text = this.optional(option)
    if (text === undefined) return undefined
    if (!/^[+-]?\d+$/.test(text)) throw this.#problem(option, "a whole number")
    return Number(text)
  }

  /** `undefined` where the text is blank. */
  json(option: string): unknown {
    const text = this.optional(option)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text)
    } catch {
      throw this.#problem(option, "JSON")
    }
  }

  /** A JSON object; empty where the text is blank. */
  object(option: string): { readonly [name: string]: unknown } {
    const value = this.json(option) ?? {}
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#problem(option, "a JSON object")
    return value as { readonly [name: string]: unknown }
  }

  /** Comma-separated, trimmed, without blanks. */
  list(option: string, fallback: ReadonlyArray<string> = []): ReadonlyArray<string> {
    return this.has(option) ? this.text(option).split(",").map((it) => it.trim()).filter((it) => it !== "") : fallback
  }

  #problem(option: string, wanted: string): AirflowConfigException {
    return new AirflowConfigException({ description: `[${this.#section}] ${option} is "${this.text(option)}": it must be ${wanted}` })
  }
}

/** Reads an `airflow.cfg`: sections in brackets, `option = value`, comments behind `#` or `;`, longer values on indented lines. */
export const readAirflowConfig = (text: string): Result.Result<AirflowSettings, AirflowConfigException> => {
  const settings: { [section: string]: { [option: string]: string } } = {}
  let section: { [option: string]: string } | undefined
  let option: string | undefined
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim()
    if (trimmed === "" || /^[#;]/.test(trimmed)) continue
    const heading = /^\[([^\]]+)\]$/.exec(line.trimEnd())
    const assignment = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line.trimEnd())
    if (heading !== null) {
      section = settings[heading[1]!.trim()] ??= {}
      option = undefined
    } else if (/^\s/.test(line) && section !== undefined && option !== undefined) {
      section[option] = section[option] === "" ? trimmed : `${section[option]}\n${trimmed}`
    } else if (assignment !== null && section !== undefined) {
      option = assignment[1]!.toLowerCase()
      section[option] = assignment[2]!
    } else {
      return Result.fail(new AirflowConfigException({ description: `line ${at + 1} of the configuration is neither [section] nor option = value: ${trimmed.slice(0, 60)}` }))
    }
  }
  return Result.succeed(settings)
}

/** Lays the variables `AIRFLOW__SECTION__OPTION` over the settings, as Airflow does. */
export const withAirflowEnvironment = (settings: AirflowSettings, environment: { readonly [name: string]: string | undefined }): AirflowSettings => {
  const merged: { [section: string]: { readonly [option: string]: string } | undefined } = { ...settings }
  for (const name of Object.keys(environment).sort()) {
    const match = /^AIRFLOW__([A-Z0-9_]+?)__([A-Z0-9_]+)$/.exec(name)
    const value = environment[name]
    if (match === null || value === undefined) continue
    const section = match[1]!.toLowerCase()
    merged[section] = { ...merged[section], [match[2]!.toLowerCase()]: value }
  }
  return merged
}
