/** Pods as `kubectl get pods -o wide` shows them. */
import type { ContainerStatus, Pod } from "@fairlead/kube"
import { isSidecar } from "./podRecord.ts"

const headings = ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE"]

/** One line for each pod, in the order of their names, under a line of headings. */
export const podTable = (pods: ReadonlyArray<Pod>, now: number): string => {
  const sorted = pods.map((pod) => ({ pod, key: `${pod.metadata.namespace}/${pod.metadata.name}` })).sort((a, b) => (a.key < b.key ? -1 : 1))
  const rows = [headings, ...sorted.map(({ pod }) => rowOf(pod, now))]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("   ").trimEnd()).join("\n")
}

const rowOf = (pod: Pod, now: number): ReadonlyArray<string> => {
  const statuses = pod.status?.containerStatuses ?? []
  const restarts = statuses.reduce((sum, it) => sum + it.restartCount, 0)
  const created = pod.metadata.creationTimestamp
  return [
    pod.metadata.namespace ?? "",
    pod.metadata.name ?? "",
    `${statuses.filter((it) => it.ready).length}/${pod.spec?.containers.length ?? 0}`,
    statusWord(pod),
    String(restarts),
    created == null ? "<unknown>" : age(now - Date.parse(created)),
    pod.spec?.nodeName ?? "<none>"
  ]
}

const statusWord = (pod: Pod): string => {
  const { metadata, spec, status } = pod
  const init = status?.initContainerStatuses ?? []
  const regular = (spec?.initContainers ?? []).filter((it) => !isSidecar(it))
  const pending = regular.findIndex((it) => init.find((one) => one.name === it.name)?.state?.terminated?.exitCode !== 0)
  let word = status?.reason ?? status?.phase ?? "Pending"
  if (pending >= 0 && status?.phase !== "Succeeded" && init.length > 0) {
    const one = init.find((it) => it.name === regular[pending]!.name)
    const reason = one?.state?.terminated?.reason ?? one?.state?.waiting?.reason
    word = reason === undefined || reason === "PodInitializing" ? `Init:${pending}/${regular.length}` : `Init:${reason}`
  } else {
    word = (status?.containerStatuses ?? []).map(stateWord).find((it) => it !== undefined) ?? word
  }
  return metadata.deletionTimestamp === undefined ? word : "Terminating"
}

const stateWord = ({ state }: ContainerStatus): string | undefined => state?.waiting?.reason ?? state?.terminated?.reason

/** `5s`, `2m10s`, `12m`, `3h5m`, `26h`, `3d`. */
const age = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
