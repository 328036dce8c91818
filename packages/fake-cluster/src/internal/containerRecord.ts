/** What the kubelet knows of one container, and how events and time change it. Records are values: a change makes a new one. */
import type { Container } from "@fairlead/kube"
import type { ContainerEvent } from "../PodRuntime.ts"
import * as Probes from "./probeRecord.ts"

/** `init` runs to its end before the next one; `sidecar` is an init container that stays; `main` is an ordinary container. */
export type ContainerKind = "init" | "sidecar" | "main"

/** A run of the container that is over. Times are milliseconds since the epoch. */
export interface EndedRun {
  readonly exitCode: number
  readonly reason: string
  readonly message: string | undefined
  readonly startedAt: number
  readonly finishedAt: number
  readonly containerId: string | undefined
}

/** Where the container stands. `Starting` shows as waiting; it differs only in that the runtime is at work. */
export type ContainerPhase =
  | { readonly _tag: "Waiting" | "Starting"; readonly reason: string; readonly message: string | undefined }
  | { readonly _tag: "Running"; readonly startedAt: number; readonly containerId: string }
  | { readonly _tag: "Ended"; readonly run: EndedRun }

/** When a failed container may be started again. */
export interface BackOff {
  readonly delay: number
  /** When the delay was set; an entry that is old enough is forgotten. */
  readonly since: number
}

/** One container of a pod. */
export interface ContainerRecord {
  readonly spec: Container
  readonly kind: ContainerKind
  readonly phase: ContainerPhase
  readonly last: EndedRun | undefined
  readonly restarts: number
  readonly imageId: string
  readonly hasStarted: boolean
  /** Of crashes: how long to wait after the next one. */
  readonly crashes: BackOff | undefined
  /** Of failed starts: how long to wait from `since` on. */
  readonly failures: BackOff | undefined
  /** Set once the runtime was told to stop it: when it will be killed. */
  readonly killAt: number | undefined
  /** While it runs, if it has any. */
  readonly probes: Probes.ProbeRecord | undefined
}

const second = 1000
const backOffFirst = 10 * second
const backOffMost = 300 * second
const syncPeriod = 10 * second
/** How long `ErrImagePull` shows before the kubelet looks again and says `ImagePullBackOff`. */
const pullErrorShown = second

const imageErrors: ReadonlySet<string> = new Set(["ErrImagePull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"])

/** A container that has not been touched. */
export const waiting = (spec: Container, kind: ContainerKind, reason: string): ContainerRecord => ({
  spec,
  kind,
  phase: { _tag: "Waiting", reason, message: undefined },
  last: undefined,
  restarts: 0,
  imageId: "",
  hasStarted: false,
  crashes: undefined,
  failures: undefined,
  killAt: undefined,
  probes: undefined
})

/** True when it runs and, if it has a startup probe, that has succeeded. */
export const isStarted = (record: ContainerRecord): boolean => record.phase._tag === "Running" && Probes.isStarted(record.probes)

/** True for a sidecar for which the containers behind it still wait. */
export const isPending = (record: ContainerRecord): boolean => (record.spec.startupProbe === undefined ? !record.hasStarted : !isStarted(record))

/** True when it runs and all its probes say that it may be sent to. */
export const isReady = (record: ContainerRecord): boolean => record.phase._tag === "Running" && Probes.isReady(record.probes)

/** True while the runtime holds something of the container. */
export const isLive = (record: ContainerRecord): boolean => record.phase._tag === "Running" || record.phase._tag === "Starting"

/** True when it has run to a good end. */
export const hasSucceeded = ({ phase }: ContainerRecord): boolean => phase._tag === "Ended" && phase.run.exitCode === 0

/** The run that ended last, whether or not the container waits for the next. */
export const endedRun = (record: ContainerRecord): EndedRun | undefined =>
  record.phase._tag === "Ended" ? record.phase.run : record.phase._tag === "Waiting" ? record.last : undefined

/** The runtime is asked to start the container now. */
export const begin = (record: ContainerRecord, now: number): ContainerRecord => {
  const ended = record.phase._tag === "Ended" ? record.phase.run : undefined
  const again = ended !== undefined || isCrashLoop(record)
  const retried = record.phase._tag === "Waiting" && record.failures !== undefined
  return {
    ...record,
    phase: retried
      ? { _tag: "Starting", reason: record.phase.reason, message: record.phase.message }
      : { _tag: "Starting", reason: record.kind === "main" ? "ContainerCreating" : "PodInitializing", message: undefined },
    last: ended ?? record.last,
    restarts: again ? record.restarts + 1 : record.restarts,
    crashes: again ? nextDelay(expire(record.crashes, now), now) : record.crashes,
    killAt: undefined
  }
}

const isCrashLoop = (record: ContainerRecord): boolean =>
  record.phase._tag === "Waiting" && record.phase.reason === "CrashLoopBackOff"

const nextDelay = (previous: BackOff | undefined, now: number): BackOff => ({
  delay: previous === undefined ? backOffFirst : Math.min(previous.delay * 2, backOffMost),
  since: now
})

const expire = (backOff: BackOff | undefined, now: number): BackOff | undefined =>
  backOff !== undefined && now - backOff.since > 2 * backOffMost ? undefined : backOff

/** What the runtime reported. An event that does not fit the phase changes nothing. */
export const report = (record: ContainerRecord, event: ContainerEvent, now: number): ContainerRecord => {
  if (!isLive(record)) return record
  switch (event._tag) {
    case "Started":
      return {
        ...record,
        phase: { _tag: "Running", startedAt: now, containerId: event.containerId },
        imageId: event.imageId ?? record.spec.image ?? "",
        hasStarted: true,
        failures: undefined,
        probes: Probes.make(record.spec, now)
      }
    case "Waiting":
      return failStart(record, event.reason, event.message, now)
    case "Exited":
      return { ...record, phase: { _tag: "Ended", run: endedBy(record, event, now) }, failures: undefined, killAt: undefined, probes: undefined }
  }
}

const endedBy = (record: ContainerRecord, event: ContainerEvent & { readonly _tag: "Exited" }, now: number): EndedRun => ({
  exitCode: event.exitCode,
  reason: event.reason ?? (event.exitCode === 0 ? "Completed" : "Error"),
  message: event.message === "" ? undefined : event.message,
  startedAt: event.neverStarted === true || record.phase._tag !== "Running" ? 0 : record.phase.startedAt,
  finishedAt: now,
  containerId: record.phase._tag === "Running" ? record.phase.containerId : undefined
})

/** The container could not be started; it waits for the next try. */
export const failStart = (record: ContainerRecord, reason: string, message: string, now: number): ContainerRecord => ({
  ...record,
  phase: { _tag: "Waiting", reason, message },
  failures: imageErrors.has(reason) ? nextDelay(record.failures, now) : { delay: syncPeriod, since: now },
  killAt: undefined
})

/** When a waiting container may be started; `undefined` means now. */
export const startableAt = (record: ContainerRecord): number | undefined => {
  if (isCrashLoop(record)) return record.last!.finishedAt + record.crashes!.delay
  return record.failures === undefined ? undefined : record.failures.since + record.failures.delay
}

/** Shows the waiting reasons that a kubelet shows between two tries. Answers the record itself when nothing changes. */
export const settle = (record: ContainerRecord, now: number): ContainerRecord => {
  const { phase } = record
  if (phase._tag !== "Waiting" || record.failures === undefined || !imageErrors.has(phase.reason)) return record
  if (now < record.failures.since + pullErrorShown) return record
  return {
    ...record,
    phase: {
      _tag: "Waiting",
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${record.spec.image ?? ""}": ${phase.reason}: ${phase.message ?? ""}`
    }
  }
}

/** When `settle` will have something to do. */
export const settlesAt = (record: ContainerRecord): number | undefined =>
  record.phase._tag === "Waiting" && record.failures !== undefined && imageErrors.has(record.phase.reason)
    ? record.failures.since + pullErrorShown
    : undefined

/** A crashed container that must wait before its restart. `undefined` when it may be restarted at once. */
export const backOff = (record: ContainerRecord, now: number, pod: string): ContainerRecord | undefined => {
  if (record.phase._tag !== "Ended") return undefined
  const { run } = record.phase
  const crashes = expire(record.crashes, run.finishedAt)
  if (crashes === undefined || now >= run.finishedAt + crashes.delay) return undefined
  return {
    ...record,
    last: run,
    phase: {
      _tag: "Waiting",
      reason: "CrashLoopBackOff",
      message: `back-off ${goDuration(crashes.delay)} restarting failed container=${record.spec.name} pod=${pod}`
    }
  }
}

/** Whole seconds as Go prints durations: `10s`, `1m20s`, `5m0s`. */
const goDuration = (millis: number): string => {
  const seconds = Math.round(millis / second)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
