/** Phases of pods that have not started yet: still on their way, or stuck for good. */
import { Durations, Phase } from "@fairlead/core"
import type { ContainerStatus, PodCondition, PodStatus } from "@fairlead/kube"
import type { PhaseContext, PhaseMemory, PhaseReading } from "./KubeObjectPlugin.ts"
import { timeOf } from "./PodTimes.ts"

/** How long faults of pending pods are borne, in milliseconds. */
export interface PendingLimits {
  readonly imagePull: number
  readonly createContainer: number
  readonly createContainerConfig: number
  readonly unknown: number
  /** Longest time in pending altogether; 0 for no limit. */
  readonly pending: number
}

type Verdict = "permanent" | "retryable" | "system"

/** What a reason of waiting means. Without a verdict it is no fault by itself. */
interface WaitingRule {
  /** Reasons of one fault alternate; they share one clock. */
  readonly fault?: "image" | "container" | "config" | "name" | "unknown"
  readonly grace?: (limits: PendingLimits) => number
  readonly verdict?: (message: string) => Verdict
}

/** A registry that turns everybody away is not the task's fault. */
const imagePullVerdict = (message: string): Verdict => (message.includes("429 Too Many Requests") ? "system" : "retryable")

/** Reasons of waiting by name; all others follow `unknownReason`. */
const waitingRules: { readonly [reason: string]: WaitingRule } = {
  ContainerCreating: {},
  PodInitializing: {},
  ErrImagePull: { fault: "image" },
  ImagePullBackOff: { fault: "image", grace: (limits) => limits.imagePull, verdict: imagePullVerdict },
  CreateContainerError: { fault: "container", grace: (limits) => limits.createContainer, verdict: () => "permanent" },
  CreateContainerConfigError: { fault: "config", grace: (limits) => limits.createContainerConfig, verdict: () => "permanent" },
  InvalidImageName: { fault: "name", verdict: () => "permanent" }
}

const unknownReason: WaitingRule = { fault: "unknown", grace: (limits) => limits.unknown, verdict: () => "system" }

const ruleOf = (reason: string | undefined): WaitingRule =>
  reason !== undefined && Object.hasOwn(waitingRules, reason) ? waitingRules[reason]! : unknownReason

/** What pending pods say while nothing is known about them; kept so that a mere change of words is no news. */
const undecided = "the pod waits to be scheduled"

/** Reads the phase of a pending pod. */
export const readPending = (status: PodStatus, context: PhaseContext, limits: PendingLimits): PhaseReading => {
  const reading = readConditions(status, context, limits)
  if (Phase.isTerminal(reading.phase.phase) || limits.pending === 0) return reading
  if (context.now - context.launchedAt < limits.pending) return reading
  return {
    phase: Phase.retryableFailure({ code: "PodPendingTimeout", message: reading.phase.reason, kind: "SYSTEM" }, {
      info: reading.phase.info,
      cleanup: true
    }),
    ran: false
  }
}

/** The first condition that tells something decides. */
const readConditions = (status: PodStatus, context: PhaseContext, limits: PendingLimits): PhaseReading => {
  for (const condition of status.conditions ?? []) {
    if ((condition.type === "PodScheduled" && condition.status === "False") || condition.type === "Unschedulable") {
      return { phase: Phase.queued(0, `${condition.reason ?? ""}:${condition.message ?? ""}`, { occurredAt: changedAt(condition, context) }) }
    }
    if (condition.type === "Ready" && condition.status === "False") {
      const container = waitingContainer(status)
      if (container !== undefined) return readWaiting(container, condition, changedAt(condition, context), context, limits)
    }
  }
  const known = context.previous?.phase === "Queued" ? context.previous.reason : undecided
  return { phase: Phase.queued(0, known, { occurredAt: context.now }) }
}

const changedAt = (condition: PodCondition, { now }: PhaseContext): number => timeOf(condition.lastTransitionTime) ?? now

/**
 * The container that holds the pod up: init containers come first, because the others only wait for them; of several
 * the first with a fault, because the rest may well be fine.
 */
const waitingContainer = (status: PodStatus): ContainerStatus | undefined => {
  let first: ContainerStatus | undefined
  for (const it of status.initContainerStatuses ?? []) {
    if (it.state?.waiting === undefined) continue
    if (isFaulty(it)) return it
    first ??= it
  }
  for (const it of status.containerStatuses ?? []) {
    if (it.ready || it.state?.waiting === undefined) continue
    if (isFaulty(it)) return it
    first ??= it
  }
  return first
}

const isFaulty = ({ state }: ContainerStatus): boolean => ruleOf(state?.waiting?.reason).fault !== undefined

/** When the present fault was first seen. The clock is the engine's, and it starts with the fault, not with the pod. */
const faultSince = (fault: string, memory: PhaseMemory | undefined, now: number): number =>
  memory?.["fault"] === fault && typeof memory["since"] === "number" ? memory["since"] : now

const readWaiting = (
  container: ContainerStatus,
  condition: PodCondition,
  occurredAt: number,
  context: PhaseContext,
  limits: PendingLimits
): PhaseReading => {
  const { message = "", reason = "" } = container.state?.waiting ?? {}
  const code = `${condition.reason ?? ""}|${reason}`
  const text = `${condition.message ?? ""}|${message}`
  const rule = ruleOf(reason)
  // Joined: docs/HACKING.md says why.
  const initializing = Phase.initializing(0, ["[", code, "]: ", text].join(""), { occurredAt })
  if (rule.fault === undefined) return { phase: initializing }
  const fault = `${rule.fault}:${container.name}`
  const since = faultSince(fault, context.memory, context.now)
  const grace = rule.grace?.(limits)
  if (rule.verdict === undefined || (grace !== undefined && context.now - since < grace)) {
    return { phase: initializing, memory: { fault, since } }
  }
  const told = grace === undefined || (grace === 0 && rule === unknownReason)
    ? text
    : `Grace period [${Durations.formatMillis(grace)}] exceeded|${text}`
  return { phase: failure(rule.verdict(message), code, told, occurredAt), ran: false }
}

const failure = (verdict: Verdict, code: string, message: string, occurredAt: number): Phase.PhaseInfo => {
  const make = verdict === "permanent" ? Phase.permanentFailure : Phase.retryableFailure
  return make({ code, message, kind: verdict === "system" ? "SYSTEM" : "USER" }, { info: { occurredAt }, cleanup: true })
}
