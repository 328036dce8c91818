/** Creates the pods of runs: many at once, each until it is certain, none twice. */
import { monotonicMillis } from "@fairlead/controller"
import { type KubeError, KubeError as KubeErrors, type Pod } from "@fairlead/kube"
import { type Clock, Effect, type Random, Result } from "effect"
import { type AirflowKubernetesScheduler, identityOf } from "../AirflowKubernetesScheduler.ts"
import { hasTaskStarted } from "../FailureDetails.ts"
import type { Launch } from "../KubernetesJob.ts"
import { runIndex } from "../KubernetesJobWatcher.ts"
import { classifyPublishError, decidePublishError, messageOf, PodReconciliationError, publishBackoffMillis, type PublishFailure } from "../PublishError.ts"
import { podMarks, type TaskKey } from "../TaskKey.ts"
import { AdaptiveLimit } from "./adaptiveLimit.ts"
import { isRevoked } from "./audit.ts"
import type { Chores } from "./chores.ts"
import type { ExecutorState } from "./executorState.ts"
import { QuotaGate } from "./quotaGate.ts"
import { launchFailuresOf, launchNumberOf, launchOf, type Run } from "./runTable.ts"
import { WorkPool } from "./workPool.ts"
import type { WorkloadSecrets } from "./workloadSecrets.ts"

export interface LauncherOptions {
  readonly clock: Clock.Clock
  readonly random: Random.Random
  readonly state: ExecutorState
  readonly chores: Chores
  readonly scheduler: () => AirflowKubernetesScheduler
  readonly secrets: () => WorkloadSecrets
  readonly isHeld: () => boolean
  /** Deletes or marks a pod that failed, as the configuration says. */
  readonly finish: (pod: Pod) => void
  /** Takes over a pod that another executor made for the same run. `undefined`: not for certain. */
  readonly adoptPod: (pod: Pod) => Effect.Effect<Pod | undefined>
  /** Whether the task runs, as the database of Airflow has it. */
  readonly hasBegun: (key: TaskKey) => Effect.Effect<boolean>
  /** The workload of a launch as it is to be now: with a token that was made for it. */
  readonly workload: (json: string, launch: Launch) => Effect.Effect<string>
  readonly retriesMax: number
  readonly concurrency: { readonly start: number; readonly max: number }
  /** Whether jobs wait for permits. */
  readonly isBatched: boolean
}

/** How long a create waits while the lease is not certainly held. */
const leaseWait = 1000
/** How long it waits for its pod to be taken over. */
const adoptionWait = 1000

export class Launcher {
  readonly pool: WorkPool
  readonly limit: AdaptiveLimit
  readonly gate = new QuotaGate()
  /** Whether there were workloads in Secrets. */
  hasWorkloads = false
  readonly #options: LauncherOptions
  #permits = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(options: LauncherOptions) {
    this.#options = options
    this.limit = new AdaptiveLimit({ ...options.concurrency, min: 1, holdMillis: 1000 })
    this.pool = new WorkPool({
      clock: options.clock,
      limit: () => this.limit.current,
      queue: { tenantOf: (runId) => options.state.runs.ofRunId(runId)?.key.dagId ?? "" },
      opensIn: () => (options.isBatched && this.#permits <= 0 ? undefined : Math.max(0, this.#pausedUntil - this.#now())),
      onTake: () => void this.#permits--,
      work: (runId) => this.#work(runId)
    })
  }

  add(run: Run): void {
    this.pool.add(run.runId, run.job.priority)
  }

  /** `Batch` only: so many jobs may go. */
  release(count: number): void {
    this.#permits = count
    this.pool.wake()
  }

  /** A pod ended in the namespace, so a quota has room. */
  freed(namespace: string): void {
    this.#addAll(this.gate.freed(namespace))
  }

  /** The run will not ask any more. */
  forget(run: Run): void {
    this.#addAll(this.gate.forget(run.namespace, run.runId))
    this.#clearReplaced(run)
    this.#clearSecret(run)
  }

  #clearSecret(run: Run): void {
    const secret = run.looseSecret
    if (secret !== undefined) this.#options.chores.add({ _tag: "Call", what: "loose", pod: secret.identity, call: this.#options.secrets().remove(secret.identity) })
    run.looseSecret = undefined
  }

  #giveSecret(run: Run, pod: Pod): void {
    const secret = run.looseSecret
    if (secret === undefined || secret.identity.name !== pod.metadata.name) return
    this.#options.chores.add({ _tag: "Call", what: "owner", pod: identityOf(pod), call: this.#options.secrets().own(pod, secret) })
    run.looseSecret = undefined
  }

  /** A pod that was kept for what it tells is not needed any more. */
  #clearReplaced(run: Run): void {
    if (run.replaced !== undefined) this.#options.finish(run.replaced)
    run.replaced = undefined
  }

  #work(runId: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const run = this.#options.state.runs.ofRunId(runId)
      if (run === undefined || !this.#options.state.runs.has(run)) return Effect.void
      if (!this.#options.isHeld()) return this.#again(run, leaseWait)
      if (run.stage === "Launched") return Effect.sync(() => this.#passed(run))
      const there = this.#newestPodOf(run)
      if (there !== undefined) return this.#found(run, there)
      return this.gate.holdsBack(run.namespace, runId) ? Effect.void : this.#create(run)
    })
  }

  #create(run: Run): Effect.Effect<void> {
    const launch = launchOf(run)
    const pod = this.#options.scheduler().buildPodRequest(launch)
    if (Result.isFailure(pod)) return this.#failed(run, pod.failure)
    run.stage = "Creating"
    run.namespace = pod.success.metadata.namespace ?? run.namespace
    run.podName = pod.success.metadata.name ?? ""
    if (this.gate.holdsBack(run.namespace, run.runId)) return Effect.void
    const create = Effect.andThen(this.#provide(run, launch, pod.success), this.#options.scheduler().createPod(pod.success))
    return Effect.flatMap(Effect.result(create), (answer) => {
      if (Result.isFailure(answer)) return this.#failed(run, answer.failure)
      this.#giveSecret(run, answer.success)
      this.limit.succeeded(this.pool.isFull)
      this.#passed(run)
      // Meanwhile the pod may have been seen to fail, and the run be on its way to the next one.
      return launch.number === run.launch ? this.#launched(run, answer.success) : Effect.void
    })
  }

  /** The pod is there. Its whole story may have been seen already. */
  #launched(run: Run, pod: Pod): Effect.Effect<void> {
    const { chores, state } = this.#options
    if (!state.runs.has(run)) {
      // Taken back while it was created.
      if (run.isRevoked) chores.add({ _tag: "Revoke", pod: identityOf(pod) })
      return Effect.void
    }
    if (run.uid === undefined) {
      state.runs.bind(run, pod.metadata)
      state.tellRun(run, "launched")
    }
    if (this.#options.isHeld()) run.isSettled = true
    this.#clearReplaced(run)
    this.#giveSecret(run, pod)
    return Effect.void
  }

  /** The quota let the run through, whoever tells so: an answer, the watcher, or a pod that is there already. */
  #passed(run: Run): void {
    this.#addAll(this.gate.passed(run.namespace, run.runId))
  }

  /** A pod that was there before, perhaps of a later launch. If it has ended and is marked as done with, no watcher will tell. */
  #found(run: Run, pod: Pod): Effect.Effect<void> {
    run.launch = launchNumberOf(pod.metadata)
    run.launchFailures = Math.max(run.launchFailures, launchFailuresOf(pod.metadata))
    this.#passed(run)
    return Effect.andThen(this.#launched(run, pod), Effect.sync(() => {
      if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") this.#options.scheduler().kubeWatchers[0]?.report(pod)
    }))
  }

  /** What the pod needs to start is there before it is. */
  #provide(run: Run, launch: Launch, pod: Pod): Effect.Effect<void, PublishFailure> {
    const { command } = run.job
    if (command._tag === "Words") return Effect.void
    this.hasWorkloads = true
    const workload = Effect.catchDefect(Effect.suspend(() => this.#options.workload(command.json, launch)), (cause) =>
      Effect.fail(new PodReconciliationError({ description: `its workload broke: ${cause instanceof Error ? cause.message : String(cause)}`, cause })))
    return Effect.flatMap(workload, (json) => {
      if (run.looseSecret?.identity.name !== pod.metadata.name) this.#clearSecret(run)
      return run.looseSecret?.json === json ? Effect.void : Effect.map(this.#options.secrets().provide(pod, json), (secret) => void (run.looseSecret = secret))
    })
  }

  #failed(run: Run, error: PublishFailure): Effect.Effect<void> {
    if (KubeErrors.isReason(error, "AlreadyExists") && run.stage === "Creating") return this.#alreadyThere(run, error)
    return Effect.suspend(() => {
      if (!this.#options.state.runs.has(run)) return Effect.void
      const kind = classifyPublishError(error)
      const { action } = decidePublishError(error, run.retries, this.#options.retriesMax)
      if (action === "Fail") return this.#givenUp(run, error)
      run.retries++
      if (kind === "Unknown") run.isUncertain = run.mayComeLate = true
      if (kind === "Quota") return Effect.sync(() => this.#waitForQuota(run))
      const now = this.#now()
      this.limit.overloaded(now)
      const delay = publishBackoffMillis(run.retries - 1, this.#options.random.nextDoubleUnsafe(), (error as KubeError.KubeError).retryAfterSeconds)
      if (kind === "Throttled" || (error as KubeError.KubeError).retryAfterSeconds !== undefined) {
        this.#pausedUntil = Math.max(this.#pausedUntil, now + ((error as KubeError.KubeError).retryAfterSeconds ?? 0) * 1000)
      }
      this.pool.addAfter(run.runId, delay, run.job.priority)
      return Effect.logDebug(`${run.podName} again in ${Math.round(delay)} ms: ${error.message}`)
    })
  }

  #waitForQuota(run: Run): void {
    const next = this.gate.refused(run.namespace, run.runId)
    if (next !== undefined) this.pool.addAfter(next.key, next.delay)
  }

  /** A pod of this name: ours, from a create whose answer was lost; or, hardly ever, somebody else's. */
  #alreadyThere(run: Run, refusal: PublishFailure): Effect.Effect<void> {
    return Effect.matchEffect(this.#options.scheduler().getPod(run.namespace, run.podName), {
      onFailure: (error) => this.#failed(run, error),
      onSuccess: (pod) => {
        if (!this.#options.state.runs.has(run)) return Effect.void
        // While the lease is in doubt the pod may rightly be somebody else's.
        if (pod === undefined || !this.#options.isHeld()) return this.#again(run, leaseWait / 4)
        if (isRevoked(pod)) return Effect.andThen(this.#markedToGo(run, pod), this.#again(run, leaseWait / 4))
        this.#passed(run)
        if (isPodOf(run, pod)) {
          return Effect.flatMap(this.#options.adoptPod(pod), (own) =>
            own === undefined ? this.#again(run, adoptionWait) : this.#found(run, own))
        }
        run.launch++
        // Nothing of the run can be under a name that somebody else has.
        run.isUncertain = false
        const next = this.#options.scheduler().buildPodRequest(launchOf(run))
        if (Result.isSuccess(next) && next.success.metadata.name === run.podName) return this.#givenUp(run, refusal)
        return Effect.andThen(
          Effect.logWarning(`${run.namespace}/${run.podName} is a pod of somebody else; the next name is tried`),
          Effect.sync(() => this.add(run))
        )
      }
    })
  }

  #again({ job: { priority }, runId }: Run, delay: number): Effect.Effect<void> {
    return Effect.sync(() => this.pool.addAfter(runId, delay, priority))
  }

  /** Somebody marked the pod and perhaps died before it could delete it. One in which the task was begun is what the run asks for. */
  #markedToGo(run: Run, pod: Pod): Effect.Effect<void> {
    const { chores, hasBegun, scheduler } = this.#options
    if (isPodOf(run, pod) && hasTaskStarted(pod)) return Effect.ignore(scheduler().patchPodRevoked(identityOf(pod), false))
    return Effect.sync(() => chores.add({ _tag: "Revoke", pod: identityOf(pod), unless: hasBegun(run.key) }))
  }

  #givenUp(run: Run, error: PublishFailure): Effect.Effect<void> {
    return Effect.sync(() => {
      const { chores, state } = this.#options
      // The pod may be there all the same: an earlier create had no answer.
      const pod = { namespace: run.namespace, name: run.podName, uid: undefined }
      if (run.isUncertain) chores.add({ _tag: "Revoke", pod, onlyIf: (it) => isPodOf(run, it) })
      const why = error._tag === "KubeError" ? `${error.reason._tag}: ${messageOf(error)}` : error.message
      state.conclude(run, { state: "failed", info: `the pod could not be created: ${why}` })
    })
  }

  /** The pod of this launch or of a later one: a process before this one may have come further with the same run. */
  #newestPodOf(run: Run): Pod | undefined {
    const pods = this.#options.scheduler().kubeWatchers.flatMap(({ informer }) => informer.store.byIndex(runIndex, run.runId))
    return pods
      .filter((it) => launchNumberOf(it.metadata) >= run.launch && !isRevoked(it))
      .sort((one, other) => launchNumberOf(other.metadata) - launchNumberOf(one.metadata))[0]
  }

  #addAll(runIds: ReadonlyArray<string>): void {
    for (const runId of runIds) this.pool.add(runId, this.#options.state.runs.ofRunId(runId)?.job.priority ?? 0)
  }

  #now(): number {
    return monotonicMillis(this.#options.clock)
  }
}

const isPodOf = (run: Run, { metadata }: Pod): boolean => metadata.annotations?.[podMarks.run] === run.runId && launchNumberOf(metadata) === run.launch
