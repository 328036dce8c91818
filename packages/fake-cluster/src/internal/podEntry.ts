/** One pod of a kubelet: its record, the place where it runs, and what the API server was told. */
import { KubeClient, KubeError, KubeResource, type Pod, type PodStatus } from "@fairlead/kube"
import { Effect } from "effect"
import type { ActionOutcome, ContainerEvent, PodRuntime, PodSandbox, StartFailed } from "../PodRuntime.ts"
import { carryOut, runHook } from "./containerActions.ts"
import { type PodEvent, podEvents } from "./podEvents.ts"
import { podSources } from "./podSources.ts"
import { podStatus } from "./podStatus.ts"
import type { ProbeKind } from "./probeRecord.ts"
import * as Records from "./podRecord.ts"
import { statusPatch } from "./statusPatch.ts"

/** What all pods of a kubelet have in common. */
export interface KubeletContext {
  readonly client: KubeClient["Service"]
  readonly runtime: PodRuntime
  readonly now: () => number
  readonly hostIp: (node: string) => string
  /** Tells people about a pod; `undefined` where nobody listens. */
  readonly tell: ((pod: Pod, event: PodEvent) => Effect.Effect<void>) | undefined
  /** Lets something go on beside the syncs: probes and hooks. */
  readonly fork: (effect: Effect.Effect<void>) => void
  /** Something happened to a pod from outside a sync. */
  readonly wake: (namespace: string | undefined, name: string) => void
}

/** What a container gets after a hook that has used its grace period up. */
const leastGraceAfterHook = 2

/** Grace period of a pod whose object is gone. */
const graceOfGone = 1

/** One pod on a node. `sync` is never called twice at once. */
export class PodEntry {
  readonly uid: string
  /** The node that the pod is on. */
  readonly node: string
  record: Records.PodRecord
  sandbox: PodSandbox | undefined
  #written: PodStatus | undefined
  /** The record as people were told of it; `undefined` where nobody is told. */
  #told: Records.PodRecord | undefined
  #isSyncing = false
  #isDeleted = false
  readonly #of: KubeletContext
  readonly #hostIp: string

  constructor(record: Records.PodRecord, of: KubeletContext) {
    this.record = record
    this.#told = of.tell === undefined ? undefined : record
    this.uid = record.pod.metadata.uid ?? ""
    this.#of = of
    this.#written = record.pod.status
    this.node = record.pod.spec?.nodeName ?? ""
    this.#hostIp = of.hostIp(this.node)
  }

  get isOver(): boolean {
    return Records.isOver(this.record)
  }

  /** Takes over what the API server says of the pod. */
  update(pod: Pod): void {
    if (pod !== this.record.pod) this.record = { ...this.record, pod }
    if (pod.metadata.deletionTimestamp === undefined) return
    const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? 0
    const since = Math.max(this.record.startTime, Math.min(this.#of.now(), Date.parse(pod.metadata.deletionTimestamp) - graceSeconds * 1000))
    this.record = Records.end(this.record, { reason: undefined, message: undefined, since, graceSeconds })
  }

  /** The object is gone: everything has to end soon. */
  abandon(): void {
    this.record = Records.end(this.record, { reason: undefined, message: undefined, since: this.#of.now(), graceSeconds: graceOfGone })
  }

  /** The node needs what the pod takes: it ends at once and fails. */
  evict(message: string): void {
    this.record = Records.end(this.record, { reason: "Evicted", message, since: this.#of.now(), graceSeconds: 1 })
  }

  /** The node is going down: everything has to end within the pod's own grace period and that of the node. */
  terminate(graceSeconds: number): void {
    const own = this.record.pod.spec?.terminationGracePeriodSeconds ?? 30
    this.record = Records.end(this.record, {
      reason: "Terminated",
      message: "Pod was terminated in response to imminent node shutdown.",
      since: this.#of.now(),
      graceSeconds: Math.min(own, graceSeconds)
    })
  }

  /** Carries out what is due. Answers when to look again. To be run at once. */
  act(): Effect.Effect<number | undefined> {
    const { steps, wakeAt } = this.#look()
    if (steps.length === 0) return Effect.succeed(wakeAt)
    return Effect.suspend(() => {
      this.#isSyncing = true
      return Effect.onExitPrimitive(this.#carryOut(steps), () => {
        this.#isSyncing = false
        return undefined
      })
    })
  }

  /** Lets time pass up to now. */
  #look(): Records.Advance {
    const next = Records.advance(this.record, this.#of.now())
    this.record = next.record
    return next
  }

  /** Takes the steps, and those that they lead to. */
  #carryOut(steps: ReadonlyArray<Records.Step>): Effect.Effect<number | undefined> {
    // One step is what most rounds take, and needs no loop.
    const taken = steps.length === 1 ? this.#take(steps[0]!) : Effect.forEach(steps, (step) => this.#take(step), { discard: true })
    return Effect.flatMapEager(taken, () => {
      const next = this.#look()
      return next.steps.length === 0 ? Effect.succeed(next.wakeAt) : this.#carryOut(next.steps)
    })
  }

  #take(step: Records.Step): Effect.Effect<void> {
    switch (step._tag) {
      case "Open":
        return this.#open()
      case "Start":
        return this.#start(step.container)
      case "Stop":
        return this.#stop(step.container, step.graceSeconds)
      case "Probe":
        return Effect.sync(() => this.#probe(step.container, step.kind))
    }
  }

  #probe(name: string, kind: ProbeKind): void {
    const { probes, restarts, spec } = Records.containerOf(this.record, name)
    const probe = probes?.[kind]?.spec
    if (probe === undefined || this.sandbox === undefined) return
    this.record = Records.beginProbe(this.record, name, kind, this.#of.now())
    this.#beside(carryOut(this.sandbox, spec, kind, probe, probe.timeoutSeconds ?? 1), ({ output, succeeded }) => {
      this.record = Records.probed(this.record, name, restarts, kind, succeeded, this.#of.now())
      return succeeded ? undefined : { type: "Warning", reason: "Unhealthy", note: `${kind[0]!.toUpperCase()}${kind.slice(1)} probe failed: ${output}` }
    })
  }

  /** The hook comes out of the grace period; a second, shorter stop does not wait for it. */
  #stop(name: string, graceSeconds: number): Effect.Effect<void> {
    const { killAt, phase, spec } = Records.containerOf(this.record, name)
    this.record = Records.stopped(this.record, name, graceSeconds, this.#of.now())
    const { sandbox } = this
    if (sandbox === undefined) return Effect.void
    const hook = spec.lifecycle?.preStop
    if (hook === undefined || killAt !== undefined || graceSeconds === 0 || phase._tag !== "Running") return sandbox.stop(name, graceSeconds)
    const end = this.#of.now() + graceSeconds * 1000
    const stop = Effect.suspend(() => sandbox.stop(name, Math.max(leastGraceAfterHook, Math.ceil((end - this.#of.now()) / 1000))))
    return Effect.sync(() =>
      this.#beside(Effect.tap(runHook(sandbox, spec, "preStop", hook, graceSeconds), stop), ({ succeeded }) =>
        succeeded ? undefined : { type: "Warning", reason: "FailedPreStopHook", note: "PreStopHook failed" }))
  }

  /** A container whose hook fails is not to go on. */
  #afterStart(name: string): void {
    const { spec } = Records.containerOf(this.record, name)
    const { sandbox } = this
    const hook = spec.lifecycle?.postStart
    if (hook === undefined || sandbox === undefined) return
    const grace = this.record.pod.spec?.terminationGracePeriodSeconds ?? 30
    const run = Effect.tap(runHook(sandbox, spec, "postStart", hook, Infinity), ({ succeeded }) => (succeeded ? Effect.void : sandbox.stop(name, grace)))
    this.#beside(run, ({ succeeded }) => (succeeded ? undefined : { type: "Warning", reason: "FailedPostStartHook", note: "PostStartHook failed" }))
  }

  /** Carries something out beside the syncs, takes its outcome over, and tells what `then` wants told. */
  #beside(action: Effect.Effect<ActionOutcome>, then: (outcome: ActionOutcome) => PodEvent | undefined): void {
    this.#of.fork(Effect.flatMap(action, (outcome) => {
      const event = then(outcome)
      if (!this.#isSyncing) this.#of.wake(this.record.pod.metadata.namespace, this.record.pod.metadata.name!)
      return event === undefined || this.#of.tell === undefined ? Effect.void : this.#of.tell(this.record.pod, event)
    }))
  }

  #open(): Effect.Effect<void> {
    const { pod } = this.record
    const sources = podSources(this.#of.client, pod, () => ({ hostIp: this.#hostIp, podIp: this.sandbox?.ip ?? "" }))
    return Effect.match(this.#of.runtime.open(pod, sources), {
      onSuccess: (sandbox) => {
        this.sandbox = sandbox
        this.record = Records.opened(this.record, sandbox.ip)
      },
      onFailure: (failure: StartFailed) => {
        this.record = Records.failOpen(this.record, failure.description, this.#of.now())
      }
    })
  }

  #start(name: string): Effect.Effect<void> {
    const run = Records.containerOf(this.record, name)
    this.record = Records.begin(this.record, name, this.#of.now())
    const report = (event: ContainerEvent): void => {
      this.record = Records.report(this.record, name, event, this.#of.now())
      if (event._tag === "Started" && run.spec.lifecycle?.postStart !== undefined) this.#afterStart(name)
      if (!this.#isSyncing) this.#of.wake(this.record.pod.metadata.namespace, this.record.pod.metadata.name!)
    }
    const restart = Records.containerOf(this.record, name).restarts
    return Effect.catch(this.sandbox!.start(run.spec, restart, report), (failure: StartFailed) =>
      Effect.sync(() => {
        this.record = Records.failStart(this.record, name, failure.reason, failure.description, this.#of.now())
      }))
  }

  /** Writes what has changed, and asks for the removal of a pod that is over. To be run at once. */
  write(): Effect.Effect<void, KubeError.KubeError> {
    const { pod } = this.record
    const wanted = podStatus(this.record, this.#written, this.#hostIp, this.#of.now())
    const patch = statusPatch(this.#written, wanted)
    const isFinal = pod.metadata.deletionTimestamp !== undefined && this.isOver && !this.#isDeleted
    // A running pod that is on its way out only has a new generation to tell; that can wait for its end.
    const isWorthIt = patch !== undefined && (isFinal || pod.metadata.deletionTimestamp === undefined || !isOnlyGeneration(patch))
    const written = isWorthIt ? this.#patch(pod, patch) : Effect.void
    const all = isFinal ? Effect.andThen(written, this.#remove(pod)) : written
    return this.#of.tell === undefined ? all : Effect.andThen(this.#tell(this.#of.tell), all)
  }

  #tell(tell: Exclude<KubeletContext["tell"], undefined>): Effect.Effect<void> {
    const { pod } = this.record
    const events = podEvents(this.#told ?? this.record, this.record)
    this.#told = this.record
    return Effect.forEach(events, (event) => tell(pod, event), { discard: true })
  }

  #patch(pod: Pod, status: { readonly [field: string]: unknown }): Effect.Effect<void, KubeError.KubeError> {
    const { name, namespace, uid } = pod.metadata
    const key = { namespace, name: name!, subresource: "status" }
    return Effect.map(this.#of.client.patch<Pod>(KubeResource.pods, key, "strategic", { metadata: { uid }, status }), (answer) => {
      this.#written = answer.status
      // A pod that is over may stay for long; whoever remembers it need not keep an older version of it alive.
      if (this.isOver && answer.metadata.deletionTimestamp === undefined) this.#forgetOlder(answer)
    })
  }

  #forgetOlder(pod: Pod): void {
    this.record = { ...this.record, pod }
    if (this.#told !== undefined) this.#told = { ...this.#told, pod }
  }

  #remove(pod: Pod): Effect.Effect<void, KubeError.KubeError> {
    const { name, namespace, uid } = pod.metadata
    const options = { gracePeriodSeconds: 0, preconditions: { uid: uid! } }
    return Effect.map(this.#of.client.delete(KubeResource.pods, { namespace, name: name! }, options), () => {
      this.#isDeleted = true
    })
  }

  get close(): Effect.Effect<void> {
    return this.sandbox?.close ?? Effect.void
  }
}

const isOnlyGeneration = (patch: { readonly [field: string]: unknown }): boolean => Object.keys(patch).length === 1 && "observedGeneration" in patch
