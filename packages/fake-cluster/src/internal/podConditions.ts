/** The conditions of a pod, in the order and words of a kubelet. */
import { KubeTime, type PodCondition } from "@fairlead/kube"
import { type ContainerRecord, hasSucceeded, isReady, isStarted } from "./containerRecord.ts"
import type { PodRecord } from "./podRecord.ts"
import { conditionIn } from "./podFacts.ts"

interface Verdict {
  readonly status: "True" | "False"
  readonly reason?: string
  readonly message?: string
}

const yes: Verdict = { status: "True" }
const no: Verdict = { status: "False" }

/** Makes the five conditions that a kubelet sets. */
export const conditionsOf = (
  record: PodRecord,
  phase: string,
  previous: ReadonlyArray<PodCondition>,
  now: number
): ReadonlyArray<PodCondition> => {
  const containers = containersReady(record, phase)
  const isEnded = phase === "Succeeded" || phase === "Failed"
  const { ending, pod, sandbox } = record
  const { generation } = pod.metadata
  const conditions = [
    make("PodReadyToStartContainers", sandbox._tag === "Open" && !isEnded ? yes : no, generation, previous, now),
    make("Initialized", initialized(record, phase), generation, previous, now),
    make("Ready", containers.status === "True" ? readinessGates(record, previous) : containers, generation, previous, now),
    make("ContainersReady", containers, generation, previous, now),
    make("PodScheduled", yes, generation, previous, now)
  ]
  if (ending?.reason === "Evicted" || ending?.reason === "Terminated") {
    conditions.push(make("DisruptionTarget", { status: "True", reason: "TerminationByKubelet", message: ending.message ?? "" }, generation, previous, now))
  }
  return conditions
}

const make = (type: string, { message, reason, status }: Verdict, generation: number | undefined, previous: ReadonlyArray<PodCondition>, now: number): PodCondition => {
  const before = conditionIn(previous, type)
  const lastTransitionTime = before?.status === status && before.lastTransitionTime != null ? before.lastTransitionTime : KubeTime.format(now)
  const lastProbeTime = null as unknown as string
  const condition: { -readonly [Field in keyof PodCondition]: PodCondition[Field] } = generation === undefined
    ? { type, status, lastProbeTime, lastTransitionTime }
    : { type, observedGeneration: generation, status, lastProbeTime, lastTransitionTime }
  if (reason !== undefined) condition.reason = reason
  if (message !== undefined) condition.message = message
  return condition
}

const initialized = (record: PodRecord, phase: string): Verdict => {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" }
  if (record.isInitialized) return yes
  const incomplete = record.containers.filter((it) => (it.kind === "init" && !hasSucceeded(it)) || (it.kind === "sidecar" && !isStarted(it)))
  return incomplete.length === 0 ? yes : {
    status: "False",
    reason: "ContainersNotInitialized",
    // Joined: docs/HACKING.md says why.
    message: ["containers with incomplete status: ", names(incomplete)].join("")
  }
}

const containersReady = (record: PodRecord, phase: string): Verdict => {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" }
  if (phase === "Failed") return { status: "False", reason: "PodFailed" }
  const unready = record.containers.filter((it) => it.kind !== "init" && !isReady(it))
  return unready.length === 0 ? yes : {
    status: "False",
    reason: "ContainersNotReady",
    message: ["containers with unready status: ", names(unready)].join("")
  }
}

const readinessGates = (record: PodRecord, previous: ReadonlyArray<PodCondition>): Verdict => {
  const gates = record.pod.spec?.readinessGates
  if (gates === undefined) return yes
  const unmet = gates.flatMap((gate) => {
    const condition = conditionIn(previous, gate.conditionType)
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`]
    return condition.status === "True" ? [] : [`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${condition.status}`]
  })
  return unmet.length === 0 ? yes : { status: "False", reason: "ReadinessGatesNotReady", message: unmet.join(", ") }
}

/** Go prints a list of names with `[a b]`. */
const names = (containers: ReadonlyArray<ContainerRecord>): string => `[${containers.map((it) => it.spec.name).join(" ")}]`
