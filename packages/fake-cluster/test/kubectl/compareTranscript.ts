/** Makes what kubectl printed comparable, and compares it with the record. */
import { basename } from "node:path"
import type { Played, Stage } from "./playTranscript.ts"
import type { Outcome, Transcript, TranscriptStep } from "./transcript.ts"

type Rewrite = readonly [pattern: RegExp, by: string | ((...groups: Array<string>) => string)]

const listVersion = /("metadata":\{"resourceVersion":")\d+(")/g
const objectVersion = /(resourceVersion\\?"?: ?\\?"?|Resource Version: +)(\d+)/g
const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const buildFields = "buildDate|gitCommit|gitTreeState|gitVersion|goVersion|compiler|platform|emulation\\w+|minCompatibility\\w+|kustomizeVersion"

/** What differs from run to run, whatever the session. */
const rewrites: ReadonlyArray<Rewrite> = [
  [/\b20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, (_, fraction) => (fraction ? "<microtime>" : "<time>")],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20[2-9]\d \d\d:\d\d:\d\d [+-]\d{4}/g, "<time>"],
  [/\b20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4}( UTC)?/g, "<time>"],
  [listVersion, "$1<rv:list>$2"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>"],
  [/\b(LIVE|MERGED)-\d+/g, "$1-<n>"],
  [/(?<=[?&]hash=)[0-9A-F]+/g, "<hash>"],
  // 192.0.2.0/24 is what sessions write themselves.
  [/\b(?!192\.0\.2\.|127\.0\.0\.1)\d{1,3}(\.\d{1,3}){3}\b/g, "<ip>"],
  [new RegExp(`"(${buildFields})": ?"[^"]*"`, "g"), '"$1": "<build>"'],
  [/^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+:\d+\] /gm, "<klog> "]
]

const suffix = "[bcdfghjklmnpqrstvwxz2456789]{5}"

/** Rewrites the texts of one session. */
class Normaliser {
  readonly #uids = new Map<string, string>()
  readonly #ranks: ReadonlyMap<string, string>
  readonly #names: ReadonlyArray<readonly [text: string, by: string]>
  readonly #generated: RegExp

  constructor({ folder, outcomes, variables }: Played, { generated = [] }: Transcript, { kubectl, url }: Stage) {
    const all = outcomes.map(({ stderr = "", stdout = "" }) => `${stdout}${stderr}`.replace(listVersion, "")).join("\n")
    const versions = new Set(Array.from(all.matchAll(objectVersion), (match) => match[2]!).filter((version) => version !== "0" && version !== "1"))
    this.#ranks = new Map([...versions].sort((a, b) => Number(a) - Number(b)).map((version, i) => [version, `<rv:${i + 1}>`]))
    const { host } = new URL(url)
    this.#names = [[folder, "<folder>"], [url, "<server>"], [host, "<host>"], [basename(kubectl), "kubectl"]]
    this.variables = [[variables["ns2"]!, "<ns2>"], [variables["ns"]!, "<ns>"], [variables["id"]!, "<id>"]]
    this.#generated = new RegExp(`\\b(${["kube-api-access-", ...generated].join("|")})${suffix}\\b`, "g")
  }

  readonly variables: ReadonlyArray<readonly [text: string, by: string]>

  text(raw: string, inTable: boolean): string {
    let text = this.#names.reduce((at, [name, by]) => at.replaceAll(name, by), raw).replace(/(?<="serverAddress":")[^"]*/g, "<host>")
    text = this.variables.reduce((at, [name, by]) => at.replaceAll(name, by), text)
    text = text.replace(uuid, (uid) => {
      if (!this.#uids.has(uid)) this.#uids.set(uid, `<uid:${this.#uids.size + 1}>`)
      return this.#uids.get(uid)!
    })
    for (const [pattern, by] of rewrites) text = text.replace(pattern, by as string)
    text = text.replace(objectVersion, (_, before: string, version: string) => before + (this.#ranks.get(version) ?? version)).replace(this.#generated, "$1<suffix>")
    return withoutAges(text.split("\n").filter((line) => !/insecure.*TLS|TLS.*insecure|^<klog> .*reflector=/i.test(line)), inTable)
  }
}

/** Durations are ages only below a heading that says so. */
const withoutAges = (lines: ReadonlyArray<string>, startsInTable: boolean): string => {
  let inTable = startsInTable
  return lines.map((line) => {
    if (/(^|\s)(AGE|LAST SEEN|DURATION|Age)(\s|$)/.test(line)) inTable = true
    else if (line.trim() === "") inTable = false
    const rewritten = inTable
      ? line.replace(/(^|\s)(\d+[smhdy]){1,2}(?=\s|$)/g, "$1<age>")
        .replace(/\((x\d+ over )?(\d+[smhdy]){1,2}( ago)?\)/g, (_, times?: string, __?: string, ago?: string) => `(${times ?? ""}<age>${ago ?? ""})`)
      : line
    return rewritten.replace(/^(Age: +)(\d+[smhdy]){1,2}$/, "$1<age>").replace(/(?<=\S) {2,}/g, "  ")
  }).join("\n")
}

const firstDifference = (want: string, got: string): string => {
  const [wanted, given] = [want.split("\n"), got.split("\n")]
  const at = wanted.findIndex((line, i) => line !== given[i])
  const i = at < 0 ? wanted.length : at
  return `line ${i + 1}: want ${JSON.stringify(wanted[i])}, got ${JSON.stringify(given[i])}`
}

const compareStep = (step: TranscriptStep, got: Partial<Outcome>): ReadonlyArray<string> => {
  if (step.quiet === true || (step.save !== undefined && step.expect === undefined)) {
    return got.code === 0 ? [] : [`set-up failed: ${got.stderr}${got.stdout}`]
  }
  if (step.sleepMs !== undefined || step.background !== undefined) return []
  const found: Array<string> = []
  // A code says nothing where we stopped it.
  if (step.lines === undefined && step.expect?.code !== got.code) found.push(`code: want ${step.expect?.code}, got ${got.code}`)
  for (const key of ["stdout", "stderr"] as const) {
    const [want, given] = [step.expect?.[key] ?? "", got[key] ?? ""]
    if (want !== given) found.push(`${key}: ${firstDifference(want, given)}`)
  }
  return found
}

/** How a played session differs from its record; empty for a pass. */
export const compareTranscript = (transcript: Transcript, played: Played, stage: Stage): ReadonlyArray<string> => {
  const normaliser = new Normaliser(played, transcript, stage)
  return transcript.steps.flatMap((step, i) => {
    const outcome = played.outcomes[i] ?? {}
    const got = outcome.code === undefined ? {} : {
      code: outcome.code,
      stdout: normaliser.text(outcome.stdout ?? "", step.args?.includes("--no-headers") === true),
      stderr: normaliser.text(outcome.stderr ?? "", false)
    }
    return compareStep(step, got).map((what) => `step ${i + 1} ${(step.args ?? [step.finish ?? "sleep"]).join(" ")}: ${what}`)
  })
}
