/** The cells of a pod, as `kubectl get pods -o wide` shows them. */
import { type ContainerStatus, KubeTime, type Pod } from "@fairlead/kube"
import { ageOf } from "../Durations.ts"

/** What the containers of a pod add up to. */
interface Tally {
  ready: number
  restarts: number
  lastRestart: string | undefined
  reason: string
}

/** Name, ready, status, restarts, age, IP, node, nominated node, readiness gates. */
export const podCells = (pod: Pod, now: number): ReadonlyArray<unknown> => {
  const { spec, status, metadata } = pod
  const sidecars = new Set((spec?.initContainers ?? []).filter((it) => it.restartPolicy === "Always").map((it) => it.name))
  const tally = tallyOf(pod, sidecars)
  const total = (spec?.containers ?? []).length + sidecars.size
  const { restarts, lastRestart } = tally
  return [
    metadata.name,
    `${tally.ready}/${total}`,
    finalReason(pod, tally.reason),
    restarts !== 0 && lastRestart !== undefined ? `${restarts} (${ageOf(lastRestart, now)} ago)` : String(restarts),
    ageOf(metadata.creationTimestamp ?? undefined, now),
    status?.podIPs?.[0]?.ip ?? status?.podIP ?? "<none>",
    spec?.nodeName || "<none>",
    status?.nominatedNodeName || "<none>",
    readinessGates(pod)
  ]
}

const finalReason = ({ metadata, status }: Pod, reason: string): string => {
  if (metadata.deletionTimestamp === undefined) return reason
  if (status?.reason === "NodeLost") return "Unknown"
  return status?.phase === "Succeeded" || status?.phase === "Failed" ? reason : "Terminating"
}

const hasCondition = (pod: Pod, type: string): boolean => pod.status?.conditions?.some((it) => it.type === type && it.status === "True") ?? false

const tallyOf = (pod: Pod, sidecars: ReadonlySet<string>): Tally => {
  const { status } = pod
  const isGated = status?.conditions?.some((it) => it.type === "PodScheduled" && it.reason === "SchedulingGated") === true
  const tally: Tally = { ready: 0, restarts: 0, lastRestart: undefined, reason: isGated ? "SchedulingGated" : status?.reason || status?.phase || "" }
  const sidecarTally: Tally = { ...tally }
  const initializing = countInit(pod, sidecars, tally, sidecarTally)
  if (initializing && !hasCondition(pod, "Initialized")) return tally
  const main: Tally = { ...sidecarTally, ready: tally.ready, reason: tally.reason }
  countMain(pod, main)
  return main
}

const countRestarts = (tally: Tally, { restartCount, lastState }: ContainerStatus): void => {
  tally.restarts += restartCount
  const finished = lastState?.terminated?.finishedAt as string | undefined
  if (finished !== undefined && (tally.lastRestart === undefined || KubeTime.parse(finished) > KubeTime.parse(tally.lastRestart))) tally.lastRestart = finished
}

/** Counts init containers up to the one that is not done; true if there is one. */
const countInit = (pod: Pod, sidecars: ReadonlySet<string>, tally: Tally, sidecarTally: Tally): boolean => {
  const statuses = pod.status?.initContainerStatuses ?? []
  for (const [i, container] of statuses.entries()) {
    countRestarts(tally, container)
    const isSidecar = sidecars.has(container.name)
    if (isSidecar) countRestarts(sidecarTally, container)
    const { terminated, waiting } = container.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (isSidecar && container.started === true) {
      if (container.ready) tally.ready++
      continue
    }
    if (terminated !== undefined) tally.reason = `Init:${terminated.reason || exitText(terminated)}`
    else if (waiting?.reason && waiting.reason !== "PodInitializing") tally.reason = `Init:${waiting.reason}`
    else tally.reason = `Init:${i}/${(pod.spec?.initContainers ?? []).length}`
    return true
  }
  return false
}

const exitText = ({ signal, exitCode }: { readonly signal?: number; readonly exitCode: number }): string =>
  signal !== undefined && signal !== 0 ? `Signal:${signal}` : `ExitCode:${exitCode}`

const countMain = (pod: Pod, tally: Tally): void => {
  let running = false
  for (const container of (pod.status?.containerStatuses ?? []).toReversed()) {
    countRestarts(tally, container)
    const { waiting, terminated } = container.state ?? {}
    if (waiting?.reason) tally.reason = waiting.reason
    else if (terminated !== undefined) tally.reason = terminated.reason || exitText(terminated)
    else if (container.ready && container.state?.running !== undefined) {
      running = true
      tally.ready++
    }
  }
  if (tally.reason === "Completed" && running) tally.reason = hasCondition(pod, "Ready") ? "Running" : "NotReady"
}

const readinessGates = (pod: Pod): string => {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return "<none>"
  return `${gates.filter(({ conditionType }) => hasCondition(pod, conditionType)).length}/${gates.length}`
}
