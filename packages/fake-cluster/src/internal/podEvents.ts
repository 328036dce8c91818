/** What a kubelet tells people about a pod, found by comparing what it knew before with what it knows now. */
import type { ContainerRecord } from "./containerRecord.ts"
import { failedKind } from "./probeRecord.ts"
import type { PodRecord } from "./podRecord.ts"

/** Something worth telling, in the words of a kubelet. */
export interface PodEvent {
  readonly type: "Normal" | "Warning"
  readonly reason: string
  readonly note: string
}

const normal = (reason: string, note: string): PodEvent => ({ type: "Normal", reason, note })
const warning = (reason: string, note: string): PodEvent => ({ type: "Warning", reason, note })

/** Events from one state of the same pod to a later one. */
export const podEvents = (before: PodRecord, after: PodRecord): ReadonlyArray<PodEvent> => {
  if (before === after) return []
  const events: Array<PodEvent> = []
  if (after.ending !== before.ending && after.ending?.reason === "Evicted") events.push(warning("Evicted", after.ending.message ?? ""))
  if (after.sandbox._tag === "Failed" && after.sandbox !== before.sandbox) events.push(warning("FailedMount", after.sandbox.message))
  after.containers.forEach((container, at) => {
    const previous = before.containers[at]
    if (previous !== undefined && previous !== container) events.push(...containerEvents(previous, container, podText(after)))
  })
  return events
}

const podText = ({ pod: { metadata } }: PodRecord): string => `${metadata.name}_${metadata.namespace}(${metadata.uid})`

const containerEvents = (before: ContainerRecord, after: ContainerRecord, pod: string): ReadonlyArray<PodEvent> => {
  const events: Array<PodEvent> = []
  const { name } = after.spec
  const image = after.spec.image ?? ""
  if (startOf(after) !== undefined && startOf(after) !== startOf(before)) {
    events.push(normal("Pulled", `Container image "${image}" already present on machine`), normal("Created", "Container created"), normal("Started", "Container started"))
  }
  if (after.killAt !== undefined && before.killAt === undefined) {
    const failed = failedKind(after.probes)
    events.push(normal("Killing", failed === undefined ? `Stopping container ${name}` : `Container ${name} failed ${failed} probe, will be restarted`))
  }
  if (after.phase._tag === "Ended" && after.phase.run.reason === "StartError" && after.phase !== before.phase) {
    events.push(warning("Failed", `Error: ${after.phase.run.message ?? ""}`))
  }
  if (after.phase._tag === "Waiting" && !isSameWait(before, after)) events.push(...waitEvents(after.phase.reason, after.phase.message ?? "", name, image, pod))
  return events
}

/** What tells one run from another: that it ran, and which restart it is. */
const startOf = ({ phase, restarts }: ContainerRecord): number | undefined =>
  phase._tag === "Running" || (phase._tag === "Ended" && phase.run.startedAt > 0) ? restarts : undefined

const isSameWait = (before: ContainerRecord, after: ContainerRecord): boolean =>
  before.phase._tag === "Waiting" && after.phase._tag === "Waiting" && before.phase.reason === after.phase.reason && before.failures === after.failures

const waitEvents = (reason: string, message: string, container: string, image: string, pod: string): ReadonlyArray<PodEvent> => {
  switch (reason) {
    case "ContainerCreating":
    case "PodInitializing":
      return []
    case "CrashLoopBackOff":
      return [warning("BackOff", `Back-off restarting failed container ${container} in pod ${pod}`)]
    case "ImagePullBackOff":
      return [normal("BackOff", `Back-off pulling image "${image}"`), warning("Failed", "Error: ImagePullBackOff")]
    case "ErrImagePull":
      return [warning("Failed", `Failed to pull image "${image}": ${message}`), warning("Failed", "Error: ErrImagePull")]
    default:
      return [warning("Failed", `Error: ${message}`)]
  }
}
