/** Shows all settings with their values, defaults and origins. */
import { Schema } from "effect"
import type { Origin, ReadSettings } from "./SettingsRead.ts"
import { redactValue } from "./Secrets.ts"
import { Settings } from "./Settings.ts"
import { allSettings } from "./SettingsTree.ts"

/** One setting as it is shown. */
export interface SettingLine {
  readonly setting: string
  readonly value: unknown
  readonly default: unknown
  /** `default`, `FAIRLEAD_…` or `file:line`. */
  readonly origin: string
  readonly variable: string
}

const encode = Schema.encodeSync(Settings)
const defaults = encode(Schema.decodeSync(Settings)({}))

/** All settings in the order of the schema, without secrets. */
export const settingLines = ({ originOf, settings }: ReadSettings): ReadonlyArray<SettingLine> => {
  const encoded = encode(settings)
  return allSettings.map(({ path, variable }) => ({
    setting: path.join("."),
    value: readable(redactValue(valueAt(encoded, path), path)),
    default: readable(redactValue(valueAt(defaults, path), path)),
    origin: textOf(originOf(path)),
    variable
  }))
}

const textOf = (origin: Origin): string => {
  switch (origin._tag) {
    case "File":
      return `${origin.file}:${origin.line}`
    case "Environment":
      return origin.variable
    case "Default":
      return "default"
  }
}

const valueAt = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((it, key) => (typeof it === "object" && it !== null ? (it as Record<string, unknown>)[key] : undefined), value)

const units = [["hour", 3_600_000], ["minute", 60_000], ["second", 1000], ["milli", 1]] as const

/** Durations come out of the schema in milliseconds; they are shown in the largest unit that fits, in a form that can be read back. */
const readable = (value: unknown): unknown => {
  const millis = typeof value === "string" ? /^(\d+) millis$/.exec(value)?.[1] : undefined
  if (millis === undefined) return value
  const [name, size] = units.find(([, it]) => Number(millis) >= it && Number(millis) % it === 0) ?? ["second", 1000]
  const number = Number(millis) / size
  return `${number} ${name}${number === 1 ? "" : "s"}`
}

const cellMax = 48

const cell = (value: unknown): string => {
  const text = value === undefined ? "-" : typeof value === "string" && value !== "" ? value : JSON.stringify(value)
  return text.length <= cellMax ? text : `${text.slice(0, cellMax - 1)}…`
}

const header = ["SETTING", "VALUE", "DEFAULT", "ORIGIN"]

/** A table; long values are cut, the JSON form has them whole. */
export const toSettingsTable = (lines: ReadonlyArray<SettingLine>): string => {
  const rows = [header, ...lines.map((it) => [it.setting, cell(it.value), it.origin === "default" ? "" : cell(it.default), it.origin])]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((text, column) => text.padEnd(widths[column]!)).join("  ").trimEnd()).join("\n")
}
