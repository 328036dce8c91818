/** Names the pod and the containers whose logs are a task's, for those who fetch logs from the cluster themselves. */
import type { Idl } from "@fairlead/core"
import type { ContainerStatus, Pod } from "@fairlead/kube"
import { timeOf } from "./PodTimes.ts"

type Timestamp = NonNullable<Idl.ContainerContext_ProcessContext["containerStartTime"]>

const timestamp = (text: string | undefined): Timestamp | undefined => {
  const millis = timeOf(text)
  if (millis === undefined) return undefined
  const seconds = Math.floor(millis / 1000)
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(seconds), nanos: (millis - 1000 * seconds) * 1_000_000 }
}

const containerContext = ({ name, state }: ContainerStatus): Idl.ContainerContext => ({
  $typeName: "flyteidl2.core.ContainerContext",
  containerName: name,
  process: {
    $typeName: "flyteidl2.core.ContainerContext.ProcessContext",
    containerStartTime: timestamp(state?.running?.startedAt ?? state?.terminated?.startedAt),
    containerEndTime: timestamp(state?.terminated?.finishedAt)
  }
})

/** Which container people mean by "the logs", if they do not say. */
const primaryOf = (pod: Pod, primaryName: string | undefined): string => {
  const containers = pod.spec?.containers ?? []
  return pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"] || primaryName ||
    (containers.find((it) => it.name === pod.metadata.name) ?? containers[0])?.name || ""
}

/** Describes a pod by the containers that it has had so far. */
export const logContextOf = (pod: Pod, primaryName: string | undefined): Idl.LogContext => ({
  $typeName: "flyteidl2.core.LogContext",
  primaryPodName: pod.metadata.name ?? "",
  pods: [{
    $typeName: "flyteidl2.core.PodLogContext",
    namespace: pod.metadata.namespace ?? "",
    podName: pod.metadata.name ?? "",
    primaryContainerName: primaryOf(pod, primaryName),
    containers: (pod.status?.containerStatuses ?? []).map(containerContext),
    initContainers: (pod.status?.initContainerStatuses ?? []).map(containerContext)
  }]
})
