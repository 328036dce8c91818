/** Which level of security a namespace asks for, and what a pod does against it. */
import type { StatusCause } from "@fairlead/kube"
import { invalidValue } from "../../FieldCause.ts"
import { baselineChecks } from "./BaselineChecks.ts"
import type { PodView } from "./PodView.ts"
import { restrictedChecks } from "./RestrictedChecks.ts"
import type { SecurityCheck } from "./SecurityCheck.ts"

/** Levels from lax to strict. */
const levels = ["privileged", "baseline", "restricted"] as const

/** One of the Pod Security Standards. */
export type Level = (typeof levels)[number]

/** A level in one version of the standards. */
export interface LevelVersion {
  readonly level: Level
  /** `latest` or `v1.x`. */
  readonly version: string
}

/** What a namespace asks for. */
export interface SecurityPolicy {
  readonly enforce: LevelVersion
  readonly warn: LevelVersion
  readonly causes: ReadonlyArray<StatusCause>
}

/** Something that is wrong with a pod. */
export interface Finding {
  readonly reason: string
  readonly details: string
}

type Labels = { readonly [key: string]: string } | undefined

const prefix = "pod-security.kubernetes.io/"
const lax: LevelVersion = { level: "privileged", version: "latest" }
const none: SecurityPolicy = { enforce: lax, warn: lax, causes: [] }

const versionPattern = /^v1\.(0|[1-9]\d*)$/

/** Reads the labels of a namespace; what cannot be read counts as strict where it is enforced. */
export const securityPolicyOf = (labels: Labels): SecurityPolicy => {
  if (labels === undefined || !mentions(labels)) return none
  const causes: Array<StatusCause> = []
  const read = <A>(name: string, absent: A, wrong: A, problem: string, parse: (text: string) => A | undefined): A => {
    const text = labels[prefix + name]
    if (text === undefined) return absent
    const value = parse(text)
    if (value === undefined) causes.push(invalidValue(`metadata.labels[${prefix}${name}]`, text, problem))
    return value ?? wrong
  }
  const level = (name: string, wrong: Level): Level => read(name, "privileged", wrong, `must be one of ${levels.join(", ")}`, parseLevel)
  const version = (name: string): string => read(name, "latest", "latest", 'must be "latest" or "v1.x"', parseVersion)
  const enforce = { level: level("enforce", "restricted"), version: version("enforce-version") }
  level("audit", "privileged")
  version("audit-version")
  const warn = { level: level("warn", "privileged"), version: version("warn-version") }
  const warnsAsEnforced = labels[`${prefix}warn`] === undefined && parseLevel(labels[`${prefix}enforce`] ?? "") !== undefined && isStricter(enforce.level, warn.level)
  return {
    enforce,
    warn: warnsAsEnforced ? { level: enforce.level, version: labels[`${prefix}warn-version`] === undefined ? enforce.version : warn.version } : warn,
    causes
  }
}

const mentions = (labels: NonNullable<Labels>): boolean => {
  for (const key in labels) if (key.startsWith(prefix)) return true
  return false
}

const parseLevel = (text: string): Level | undefined => levels.find((level) => level === text)

const parseVersion = (text: string): string | undefined => (text === "latest" || versionPattern.test(text) ? text : undefined)

/** Whether one level asks for more than the other. */
export const isStricter = (level: Level, other: Level): boolean => levels.indexOf(level) > levels.indexOf(other)

/** `restricted:latest`. */
export const printLevel = ({ level, version }: LevelVersion): string => `${level}:${version}`

/** The newest version that the checks know. */
const minorNewest = 36

const minorOf = (version: string): number => (version === "latest" ? minorNewest : Math.min(minorNewest, Number(version.slice("v1.".length))))

/** Everything that a pod does against a level. */
export const findingsOf = ({ level, version }: LevelVersion, pod: PodView): ReadonlyArray<Finding> => {
  if (level === "privileged") return []
  const minor = minorOf(version)
  return checksOf(level, minor).flatMap((check) => {
    const details = check.since > minor ? undefined : check.find(pod, minor)
    if (details === undefined) return []
    return [{ reason: typeof check.reason === "string" ? check.reason : check.reason(pod), details }]
  })
}

const checksOf = (level: Level, minor: number): ReadonlyArray<SecurityCheck> =>
  level === "baseline" ? baselineChecks : [...baselineChecks.filter(({ stricterSince }) => stricterSince === undefined || stricterSince > minor), ...restrictedChecks]

/** All findings in one line. */
export const printFindings = (findings: ReadonlyArray<Finding>): string => findings.map(({ reason, details }) => `${reason} (${details})`).join(", ")
