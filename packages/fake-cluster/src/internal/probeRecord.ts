/** The probes of one running container: when each is due, and what their answers come to. Pure. */
import type { Container } from "@fairlead/kube"

export type Probe = Exclude<Container["livenessProbe"], undefined>

/** What a probe decides: that a container has started, that it may be sent to, that it is to be restarted. */
export type ProbeKind = "startup" | "readiness" | "liveness"

/** One probe of one run. */
export interface ProbeState {
  readonly spec: Probe
  /** When it is due; milliseconds since the epoch. */
  readonly nextAt: number
  readonly isRunning: boolean
  /** Answers in a row that said the same. */
  readonly row: number
  readonly lastSucceeded: boolean | undefined
  /** The answer in force, once there were enough of the same; `undefined` before. */
  readonly holds: boolean | undefined
}

/** The probes of one run; it starts again with every restart. */
export interface ProbeRecord {
  readonly startup?: ProbeState
  readonly readiness?: ProbeState
  readonly liveness?: ProbeState
}

const kinds: ReadonlyArray<ProbeKind> = ["startup", "readiness", "liveness"]

/** Probes of a container that has just begun to run; `undefined` when it has none. */
export const make = ({ livenessProbe, readinessProbe, startupProbe }: Container, startedAt: number): ProbeRecord | undefined => {
  if (livenessProbe === undefined && readinessProbe === undefined && startupProbe === undefined) return undefined
  const state = (spec: Probe | undefined): ProbeState | undefined =>
    spec === undefined ? undefined : { spec, nextAt: startedAt + (spec.initialDelaySeconds ?? 0) * 1000, isRunning: false, row: 0, lastSucceeded: undefined, holds: undefined }
  const states = { startup: state(startupProbe), readiness: state(readinessProbe), liveness: state(livenessProbe) }
  return Object.fromEntries(Object.entries(states).filter(([, it]) => it !== undefined)) as ProbeRecord
}

/** True once the startup probe has succeeded, or when there is none. */
export const isStarted = (probes: ProbeRecord | undefined): boolean => probes?.startup === undefined || probes.startup.holds === true

/** True when the container may be sent to. */
export const isReady = (probes: ProbeRecord | undefined): boolean => isStarted(probes) && (probes?.readiness === undefined || probes.readiness.holds === true)

/** The probe that demands a restart. */
export const failedKind = (probes: ProbeRecord | undefined): ProbeKind | undefined =>
  probes?.startup?.holds === false ? "startup" : probes?.liveness?.holds === false ? "liveness" : undefined

/** Startup first, and alone until it has succeeded; then the others for as long as the container runs. */
const isEnabled = (probes: ProbeRecord, kind: ProbeKind): boolean =>
  kind === "startup" ? probes.startup?.holds === undefined : isStarted(probes)

/** The probes to be carried out now. */
export const due = (probes: ProbeRecord, now: number): ReadonlyArray<ProbeKind> =>
  kinds.filter((kind) => {
    const state = probes[kind]
    return state !== undefined && !state.isRunning && state.nextAt <= now && isEnabled(probes, kind)
  })

/** When the next one is due; `undefined` while all wait for something else. */
export const nextAt = (probes: ProbeRecord): number | undefined => {
  const times = kinds.flatMap((kind) => {
    const state = probes[kind]
    return state === undefined || state.isRunning || !isEnabled(probes, kind) ? [] : [state.nextAt]
  })
  return times.length === 0 ? undefined : Math.min(...times)
}

/** The probe is carried out now. */
export const begin = (probes: ProbeRecord, kind: ProbeKind, now: number): ProbeRecord => {
  const state = probes[kind]!
  return { ...probes, [kind]: { ...state, isRunning: true, nextAt: now + (state.spec.periodSeconds ?? 10) * 1000 } }
}

/** The probe was answered. A successful startup probe calls for the others at once. */
export const answer = (probes: ProbeRecord, kind: ProbeKind, succeeded: boolean, now: number): ProbeRecord => {
  const state = probes[kind]
  if (state === undefined) return probes
  const row = state.lastSucceeded === succeeded ? state.row + 1 : 1
  const needed = succeeded ? (state.spec.successThreshold ?? 1) : (state.spec.failureThreshold ?? 3)
  // A container is not ready before it has said so, however few failures there were.
  const holds = row >= needed ? succeeded : kind === "readiness" ? (state.holds ?? false) : state.holds
  const next: ProbeRecord = { ...probes, [kind]: { ...state, isRunning: false, row, lastSucceeded: succeeded, holds } }
  return kind === "startup" && holds === true && state.holds === undefined ? openOthers(next, now) : next
}

const openOthers = (probes: ProbeRecord, now: number): ProbeRecord => ({
  ...probes,
  ...(probes.readiness === undefined ? {} : { readiness: { ...probes.readiness, nextAt: Math.max(now, probes.readiness.nextAt) } }),
  ...(probes.liveness === undefined ? {} : { liveness: { ...probes.liveness, nextAt: Math.max(now, probes.liveness.nextAt) } })
})
