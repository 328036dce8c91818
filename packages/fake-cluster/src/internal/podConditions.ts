/** The conditions of a pod, in the order and words of a kubelet. */
import type { PodCondition } from "@fairlead/kube"
import { type ContainerRecord, isReady, isStarted } from "./containerRecord.ts"
import type { PodRecord } from "./podRecord.ts"
import { timestamp } from "./timestamp.ts"

interface Verdict {
  readonly status: "True" | "False"
  readonly reason?: string
  readonly message?: string
}

const yes: Verdict = { status: "True" }

/** Makes the five conditions that a kubelet sets. */
export const conditionsOf = (
  record: PodRecord,
  phase: string,
  previous: ReadonlyArray<PodCondition>,
  now: number
): ReadonlyArray<PodCondition> => {
  const containers = containersReady(record, phase)
  const generation = record.pod.metadata.generation
  const make = (type: string, verdict: Verdict): PodCondition => {
    const before = previous.find((it) => it.type === type)
    return {
      type,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status: verdict.status,
      lastProbeTime: null as unknown as string,
      lastTransitionTime: before?.status === verdict.status && before.lastTransitionTime != null ? before.lastTransitionTime : timestamp(now),
      ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
      ...(verdict.message === undefined ? {} : { message: verdict.message })
    }
  }
  const isEnded = phase === "Succeeded" || phase === "Failed"
  return [
    make("PodReadyToStartContainers", record.sandbox._tag === "Open" && !isEnded ? yes : { status: "False" }),
    make("Initialized", initialized(record, phase)),
    make("Ready", containers.status === "True" ? readinessGates(record, previous) : containers),
    make("ContainersReady", containers),
    make("PodScheduled", yes),
    ...(record.ending?.reason === "Evicted" || record.ending?.reason === "Terminated"
      ? [make("DisruptionTarget", { status: "True", reason: "TerminationByKubelet", message: record.ending.message ?? "" })]
      : [])
  ]
}

const initialized = (record: PodRecord, phase: string): Verdict => {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" }
  if (record.isInitialized) return yes
  const incomplete = record.containers.filter((it) => (it.kind === "init" && !isComplete(it)) || (it.kind === "sidecar" && !isStarted(it)))
  return incomplete.length === 0 ? yes : {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: ${names(incomplete)}`
  }
}

const isComplete = (container: ContainerRecord): boolean => container.phase._tag === "Ended" && container.phase.run.exitCode === 0

const containersReady = (record: PodRecord, phase: string): Verdict => {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" }
  if (phase === "Failed") return { status: "False", reason: "PodFailed" }
  const unready = record.containers.filter((it) => it.kind !== "init" && !isReady(it))
  return unready.length === 0 ? yes : {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: ${names(unready)}`
  }
}

const readinessGates = (record: PodRecord, previous: ReadonlyArray<PodCondition>): Verdict => {
  const unmet = (record.pod.spec?.readinessGates ?? []).flatMap((gate) => {
    const condition = previous.find((it) => it.type === gate.conditionType)
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`]
    return condition.status === "True" ? [] : [`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`]
  })
  return unmet.length === 0 ? yes : { status: "False", reason: "ReadinessGatesNotReady", message: unmet.join(", ") }
}

/** Go prints a list of names with `[a b]`. */
const names = (containers: ReadonlyArray<ContainerRecord>): string => `[${containers.map((it) => it.spec.name).join(" ")}]`
