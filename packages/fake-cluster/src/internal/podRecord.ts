/** What the kubelet knows of one pod, and what it does next: a pure state machine over records. */
import type { Container, Pod } from "@fairlead/kube"
import type { ContainerEvent } from "../PodRuntime.ts"
import * as Containers from "./containerRecord.ts"
import type { ContainerRecord } from "./containerRecord.ts"
import * as Probes from "./probeRecord.ts"

/** Whether the place for the containers is there. */
export type SandboxPhase =
  | { readonly _tag: "Absent" }
  | { readonly _tag: "Failed"; readonly message: string; readonly retryAt: number; readonly delay: number }
  | { readonly _tag: "Open"; readonly ip: string }

/** All containers of the pod have to end: from when on, how long they may take, and what the status says of it. */
export interface PodEnding {
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly since: number
  readonly graceSeconds: number
}

/** One pod on a node. */
export interface PodRecord {
  readonly pod: Pod
  /** Init containers and sidecars in the order of the spec, then the main containers. */
  readonly containers: ReadonlyArray<ContainerRecord>
  readonly startTime: number
  readonly sandbox: SandboxPhase
  readonly ending: PodEnding | undefined
  /** True once some main container has run. */
  readonly isInitialized: boolean
}

/** What the kubelet has to ask of the runtime. */
export type Step =
  | { readonly _tag: "Open" }
  | { readonly _tag: "Start"; readonly container: string }
  | { readonly _tag: "Stop"; readonly container: string; readonly graceSeconds: number }
  | { readonly _tag: "Probe"; readonly container: string; readonly kind: Probes.ProbeKind }

/** The record after looking at the clock, the steps to take now, and when to look again without an event. */
export interface Advance {
  readonly record: PodRecord
  readonly steps: ReadonlyArray<Step>
  readonly wakeAt: number | undefined
}

const mountRetryFirst = 500
const mountRetryMost = 122_000

/** A pod that has just come to the node. */
export const make = (pod: Pod, now: number): PodRecord => {
  const initReason = "PodInitializing"
  const hasInit = (pod.spec?.initContainers?.length ?? 0) > 0
  return {
    pod,
    containers: [
      ...(pod.spec?.initContainers ?? []).map((it) => Containers.waiting(it, isSidecar(it) ? "sidecar" : "init", initReason)),
      ...(pod.spec?.containers ?? []).map((it) => Containers.waiting(it, "main", hasInit ? initReason : "ContainerCreating"))
    ],
    startTime: now,
    sandbox: { _tag: "Absent" },
    ending: undefined,
    isInitialized: false
  }
}

/** A native sidecar: an init container that is kept running. */
export const isSidecar = (container: Container): boolean => container.restartPolicy === "Always"

/** The container of that name; it must be one of the pod's. */
export const containerOf = (record: PodRecord, name: string): ContainerRecord => {
  for (const it of record.containers) if (it.spec.name === name) return it
  throw new Error(`the pod has no container ${name}, only [${record.containers.map((it) => it.spec.name).join(", ")}]`)
}

const replace = ({ containers, ending, isInitialized, pod, sandbox, startTime }: PodRecord, container: ContainerRecord): PodRecord => ({
  pod,
  containers: containers.length === 1 ? [container] : containers.map((it) => (it.spec.name === container.spec.name ? container : it)),
  startTime,
  sandbox,
  ending,
  isInitialized: isInitialized || (container.kind === "main" && container.hasStarted)
})

/** The runtime is asked to start the container now. */
export const begin = (record: PodRecord, name: string, now: number): PodRecord =>
  replace(record, Containers.begin(containerOf(record, name), now))

/** The runtime reported something about a container. */
export const report = (record: PodRecord, name: string, event: ContainerEvent, now: number): PodRecord =>
  replace(record, Containers.report(containerOf(record, name), event, now))

/** The container could not be started. */
export const failStart = (record: PodRecord, name: string, reason: string, message: string, now: number): PodRecord =>
  replace(record, Containers.failStart(containerOf(record, name), reason, message, now))

/** The runtime is asked about the container now. */
export const beginProbe = (record: PodRecord, name: string, kind: Probes.ProbeKind, now: number): PodRecord => {
  const container = containerOf(record, name)
  return container.probes === undefined ? record : replace(record, { ...container, probes: Probes.begin(container.probes, kind, now) })
}

/** A probe of the given run was answered; an answer that comes after the run's end changes nothing. */
export const probed = (record: PodRecord, name: string, restart: number, kind: Probes.ProbeKind, succeeded: boolean, now: number): PodRecord => {
  const container = containerOf(record, name)
  return container.probes === undefined || container.restarts !== restart
    ? record
    : replace(record, { ...container, probes: Probes.answer(container.probes, kind, succeeded, now) })
}

/** The place for the containers is there. */
export const opened = (record: PodRecord, ip: string): PodRecord => ({ ...record, sandbox: { _tag: "Open", ip } })

/** The place could not be made; it is tried again, ever less often. */
export const failOpen = (record: PodRecord, message: string, now: number): PodRecord => {
  const delay = record.sandbox._tag === "Failed" ? Math.min(record.sandbox.delay * 2, mountRetryMost) : mountRetryFirst
  return { ...record, sandbox: { _tag: "Failed", message, delay, retryAt: now + delay } }
}

/** The runtime was told to stop the container. */
export const stopped = (record: PodRecord, name: string, graceSeconds: number, now: number): PodRecord =>
  replace(record, { ...containerOf(record, name), killAt: now + graceSeconds * 1000 })

/** All containers have to end, unless they have. Of several calls the first gives the reason and the soonest end the grace period. */
export const end = (record: PodRecord, ending: PodEnding): PodRecord => {
  const { ending: before } = record
  if (before === undefined) return isOver(record) ? record : { ...record, ending }
  return killTime(before) <= killTime(ending) ? record : { ...record, ending: { ...ending, reason: before.reason, message: before.message } }
}

const killTime = (ending: PodEnding): number => ending.since + ending.graceSeconds * 1000

/** True when nothing runs and nothing will run again. */
export const isOver = (record: PodRecord): boolean =>
  !record.containers.some(Containers.isLive) && (record.ending !== undefined || isDone(record))

/** True when the main containers have ended for good, or an init container failed for good. Sidecars may still run. */
const isDone = (record: PodRecord): boolean => {
  const policy = record.pod.spec?.restartPolicy ?? "Always"
  if (policy === "Never" && record.containers.some((it) => it.kind === "init" && hasFailed(it))) return true
  return record.containers.every((it) => it.kind !== "main" || (it.phase._tag === "Ended" && !restarts(it, policy)))
}

const hasFailed = (container: ContainerRecord): boolean => container.phase._tag === "Ended" && container.phase.run.exitCode !== 0

/** Whether an ended container is to be started again. */
const restarts = (container: ContainerRecord, policy: string): boolean => {
  if (container.kind === "sidecar") return true
  if (policy === "Never") return false
  return hasFailed(container) || (policy === "Always" && container.kind === "main")
}

/** Lets time pass up to `now` and says what to do. Steps must be carried out, in order, before the next call. */
export const advance = (before: PodRecord, now: number): Advance => {
  const record = settle(expire(before, now), now)
  if (record.ending !== undefined) return { record, steps: endingSteps(record, record.ending, now), wakeAt: undefined }
  if (isDone(record)) {
    const grace = record.pod.spec?.terminationGracePeriodSeconds ?? 30
    return { record, steps: sidecarStops(record, now, () => grace), wakeAt: deadlineOf(record) }
  }
  if (record.sandbox._tag === "Absent" || (record.sandbox._tag === "Failed" && now >= record.sandbox.retryAt)) {
    return { record, steps: [{ _tag: "Open" }], wakeAt: undefined }
  }
  if (record.sandbox._tag === "Failed") return { record, steps: [], wakeAt: earliest([record.sandbox.retryAt, deadlineOf(record)]) }
  return starts(record, now)
}

/** Starts the deadline's ending when it has passed. */
const expire = (record: PodRecord, now: number): PodRecord => {
  const deadline = deadlineOf(record)
  if (deadline === undefined || now < deadline || isOver(record)) return record
  return end(record, {
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
    since: now,
    graceSeconds: record.pod.spec?.terminationGracePeriodSeconds ?? 30
  })
}

const deadlineOf = (record: PodRecord): number | undefined => {
  const seconds = record.pod.spec?.activeDeadlineSeconds
  return seconds === undefined || record.ending !== undefined ? undefined : record.startTime + seconds * 1000
}

/** Applies what containers show after some time, and back-off after crashes. */
const settle = (record: PodRecord, now: number): PodRecord => {
  if (record.ending !== undefined) return record
  const policy = record.pod.spec?.restartPolicy ?? "Always"
  let changed: Array<ContainerRecord> | undefined
  for (let i = 0; i < record.containers.length; i++) {
    const container = record.containers[i]!
    const next = container.phase._tag === "Ended" && restarts(container, policy) && !isDone(record)
      ? (Containers.backOff(container, now, fullName(record.pod)) ?? container)
      : Containers.settle(container, now)
    // Most looks change nothing, and then make nothing.
    if (next !== container) (changed ??= record.containers.slice())[i] = next
  }
  return changed === undefined ? record : { ...record, containers: changed }
}

const fullName = ({ metadata: { name, namespace, uid } }: Pod): string => `${name}_${namespace}(${uid})`

/** Main containers end first, sidecars after them, the last one first. */
const endingSteps = (record: PodRecord, ending: PodEnding, now: number): ReadonlyArray<Step> => {
  const left = Math.max(0, Math.ceil((killTime(ending) - now) / 1000))
  const first = record.containers.filter((it) => it.kind !== "sidecar" && Containers.isLive(it))
  if (first.length > 0) return first.flatMap((it) => stopStep(it, left, now))
  return sidecarStops(record, now, () => (ending.graceSeconds === 0 ? 0 : Math.max(minimumGrace, left)))
}

/** What a container gets that could only be told to stop late. */
const minimumGrace = 2

const sidecarStops = (record: PodRecord, now: number, grace: () => number): ReadonlyArray<Step> => {
  const last = record.containers.findLast((it) => it.kind === "sidecar" && Containers.isLive(it))
  return last === undefined ? [] : stopStep(last, grace(), now)
}

const stopStep = (container: ContainerRecord, graceSeconds: number, now: number): ReadonlyArray<Step> =>
  container.killAt !== undefined && container.killAt <= now + graceSeconds * 1000
    ? []
    : [{ _tag: "Stop", container: container.spec.name, graceSeconds }]

/** Init containers one after the other, then all main containers; sidecars whenever they are down. */
const starts = (record: PodRecord, now: number): Advance => {
  const policy = record.pod.spec?.restartPolicy ?? "Always"
  const steps: Array<Step> = []
  const times: Array<number | undefined> = [deadlineOf(record)]
  for (const container of record.containers) {
    const { phase } = container
    const isEnded = phase._tag === "Ended"
    if (container.probes !== undefined && phase._tag === "Running") {
      probeSteps(record, container, now, steps)
      times.push(container.killAt === undefined ? Probes.nextAt(container.probes) : undefined)
    }
    if (phase._tag === "Waiting" || (isEnded && restarts(container, policy))) {
      const at = phase._tag === "Waiting" ? Containers.startableAt(container) : undefined
      if (at === undefined || at <= now) steps.push({ _tag: "Start", container: container.spec.name })
      else times.push(at, Containers.settlesAt(container))
    }
    if (!record.isInitialized && holdsBack(container)) break
  }
  return { record, steps, wakeAt: earliest(times) }
}

/** Probes that are due; a container that has failed one too often is stopped, and its restart policy decides what follows. */
const probeSteps = (record: PodRecord, container: ContainerRecord, now: number, steps: Array<Step>): void => {
  const probes = container.probes!
  if (container.killAt !== undefined) return
  const failed = Probes.failedKind(probes)
  if (failed !== undefined) {
    const graceSeconds = probes[failed]!.spec.terminationGracePeriodSeconds ?? record.pod.spec?.terminationGracePeriodSeconds ?? 30
    steps.push({ _tag: "Stop", container: container.spec.name, graceSeconds })
    return
  }
  for (const kind of Probes.due(probes, now)) steps.push({ _tag: "Probe", container: container.spec.name, kind })
}

/** True while the containers behind this one may not start for the first time. */
const holdsBack = (container: ContainerRecord): boolean => {
  if (container.kind === "main") return false
  if (container.kind === "sidecar") return Containers.isPending(container)
  return !(container.phase._tag === "Ended" && container.phase.run.exitCode === 0)
}

const earliest = (times: ReadonlyArray<number | undefined>): number | undefined => {
  let first: number | undefined
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time
  return first
}
