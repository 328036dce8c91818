/** Makes what a run produced comparable with what was recorded, and finds the differences. */
import type { ConformanceCase } from "./conformanceCase.ts"
import type { Played } from "./playCase.ts"

type Fields = Record<string, unknown>

const uidPattern = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const timePattern = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g
const suffix = "[bcdfghjklmnpqrstvwxz2456789]{5}"
const tokenVolume = new RegExp(`kube-api-access-${suffix}`, "g")
const generatedName = new RegExp(`^(.*)${suffix}$`)

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)
const isList = (value: Fields): boolean => Array.isArray(value["items"]) || Array.isArray(value["rows"])
const isNumber = (text: string): boolean => /^\d+$/.test(text)

/** Replaces everything that differs from run to run by stable words. */
class Normaliser {
  private readonly uids = new Map<string, string>()
  private readonly versionRanks: Map<string, string>
  private readonly names: ReadonlyArray<readonly [string, string]>

  constructor({ variables, results }: Played) {
    this.names = [[variables["ns2"]!, "<ns2>"], [variables["ns"]!, "<ns>"], [variables["id"]!, "<id>"]]
    const versions = new Set<string>()
    collectVersions(results, versions)
    const inOrder = [...versions].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
    this.versionRanks = new Map(inOrder.map((version, i) => [version, `<rv:${i + 1}>`]))
  }

  value(value: unknown, key?: string, parent?: Fields): unknown {
    if (typeof value === "string") return this.string(value, key, parent)
    if (Array.isArray(value)) return value.map((item) => (key === "clusterIPs" ? "<ip>" : this.value(item)))
    if (!isFields(value)) return value
    const out: Fields = {}
    for (const name of Object.keys(value).sort()) {
      if (name === "metadata" && isList(value)) out[name] = this.value(listMetadata(value[name] as Fields))
      else out[this.text(name)] = this.value(value[name], name, value)
    }
    return out
  }

  private string(value: string, key: string | undefined, parent: Fields | undefined): string {
    if (key === "resourceVersion") {
      const rank = this.versionRanks.get(value)
      if (rank !== undefined && !(parent !== undefined && "continue" in parent)) return rank
      if (isNumber(value) && value !== "0") return "<rv>"
    }
    if (key === "continue" && value !== "") return "<continue>"
    if ((key === "clusterIP" || key === "podIP" || key === "hostIP") && /^\d+\.\d+/.test(value)) return "<ip>"
    if (key === "name" && Boolean(parent?.["generateName"])) {
      const generated = generatedName.exec(value)
      if (generated !== null) return this.text(`${generated[1]}<suffix>`)
    }
    return this.text(value)
  }

  private text(value: string): string {
    let out = value
    for (const [name, word] of this.names) out = out.replaceAll(name, word)
    return out
      .replace(uidPattern, (uid) => {
        const word = this.uids.get(uid) ?? `<uid:${this.uids.size + 1}>`
        this.uids.set(uid, word)
        return word
      })
      .replace(timePattern, (_, fraction) => (fraction === undefined ? "<time>" : "<microtime>"))
      .replace(tokenVolume, "kube-api-access-<suffix>")
  }
}

const collectVersions = (value: unknown, versions: Set<string>): void => {
  if (Array.isArray(value)) for (const item of value) collectVersions(item, versions)
  if (!isFields(value)) return
  const version = (value["metadata"] as Fields | undefined)?.["resourceVersion"]
  if (typeof version === "string" && isNumber(version) && !isList(value)) versions.add(version)
  for (const key in value) collectVersions(value[key], versions)
}

const listMetadata = (metadata: Fields): Fields => {
  const version = metadata["resourceVersion"]
  return version !== undefined && version !== "" && version !== "0" ? { ...metadata, resourceVersion: "<rv:list>" } : { ...metadata }
}

/** Removes what a case says does not matter: `*` is any key, `**` any depth. */
const drop = (value: unknown, path: ReadonlyArray<string>): void => {
  if (typeof value !== "object" || value === null) return
  const target = value as Fields
  const [key = "", ...rest] = path
  if (key === "**") {
    drop(value, rest)
    for (const child of Object.values(target)) drop(child, path)
    return
  }
  for (const name of key === "*" ? Object.keys(target) : [key]) {
    if (rest.length > 0) drop(target[name], rest)
    else if (Array.isArray(value)) value[Number(name)] = null
    else delete target[name]
  }
}

/** Where two values differ; with `subset`, the wanted one may leave out keys. */
const differences = (want: unknown, got: unknown, subset: boolean, path: string): ReadonlyArray<string> => {
  if (Array.isArray(want) && Array.isArray(got)) {
    const length = subset ? want.length : Math.max(want.length, got.length)
    return Array.from({ length }, (_, i) => differences(want[i], got[i], subset, `${path}[${i}]`)).flat()
  }
  if (isFields(want) && isFields(got)) {
    const keys = subset ? Object.keys(want) : [...new Set([...Object.keys(want), ...Object.keys(got)])]
    return keys.flatMap((key) => differences(want[key], got[key], subset, path === "" ? key : `${path}.${key}`))
  }
  if (JSON.stringify(want) === JSON.stringify(got)) return []
  return [`${path === "" ? "value" : path}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`]
}

/** What is different from the record, step by step; empty for a pass. */
export const compareCase = (testCase: ConformanceCase, played: Played): ReadonlyArray<string> => {
  const normaliser = new Normaliser(played)
  const results = played.results.map((result) => normaliser.value(result) as Fields)
  for (const path of testCase.ignore ?? []) for (const result of results) drop(result, path.split("."))
  return testCase.steps.flatMap((step, i) => {
    const got = results[i]
    if (got?.["quiet"] === true) return got["failed"] === undefined ? [] : [`step ${i + 1}: set-up failed: ${JSON.stringify(got["failed"])}`]
    if (step.expect === undefined) return []
    const what = step.request === undefined ? (step.watch ?? step.events ?? "") : `${step.request.method} ${step.request.path}`
    return differences(step.expect, got, step.subset === true, "").map((text) => `step ${i + 1} ${what}: ${text}`)
  })
}
