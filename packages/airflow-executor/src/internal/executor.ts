/** The executor itself: holds the parts together and keeps Airflow's books. */
import { monotonicMillis } from "@fairlead/controller"
import { type KubeClient, KubeTransport, type Pod } from "@fairlead/kube"
import { type Clock, Context, Duration, Effect, Exit, Fiber, Metric, type Random, Scope } from "effect"
import * as Scheduler from "../AirflowKubernetesScheduler.ts"
import type { ExecutorChange, ExecutorEvent } from "../ExecutorEvent.ts"
import type { ActiveRun, AdoptionCandidate, CommandOptions, ExecutorStats, KubernetesExecutor } from "../KubernetesExecutor.ts"
import type { AirflowDatabase, KubernetesExecutorOptions } from "../KubernetesExecutorOptions.ts"
import type { KubernetesResults, TaskCommand } from "../KubernetesJob.ts"
import { makeSafeLabelValue } from "../LabelValue.ts"
import { templateDefault, workloadCommandDefault } from "../PodFactory.ts"
import { podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import { adoptCompletedPods, adoptPod, type AdoptionContext, tryAdopt } from "./adoption.ts"
import { auditRuns, dropRuns, isEnded, recoverRun, recoverRuns } from "./audit.ts"
import { Chores } from "./chores.ts"
import { ExecutorState, newRun } from "./executorState.ts"
import { readCommand } from "./commands.ts"
import { Launcher } from "./launcher.ts"
import { Outcomes } from "./outcomes.ts"
import { type Ownership, ownershipWithoutLease, startOwnership } from "./ownership.ts"
import { clearNotLaunched } from "./notLaunched.ts"
import type { Run } from "./runTable.ts"

/** What exists between `start` and `end`. */
interface Session {
  readonly scope: Scope.Closeable
  readonly scheduler: Scheduler.AirflowKubernetesScheduler
  readonly ownership: Ownership
  readonly transport: KubeTransport["Service"]
}

const noDatabase: AirflowDatabase = {
  stateOf: () => Effect.undefined,
  instancesOn: () => Effect.succeed([]),
  queuedTaskInstances: Effect.succeed([]),
  setState: () => Effect.void
}

const slotsGauge = Metric.gauge("executor.open_slots", { description: "Tasks that could be started at once" })
const queuedGauge = Metric.gauge("executor.queued_tasks", { description: "Commands that wait for a slot" })
const runningGauge = Metric.gauge("executor.running_tasks", { description: "Commands that have a slot" })

export class Executor implements KubernetesExecutor {
  readonly #options: KubernetesExecutorOptions
  readonly #clock: Clock.Clock
  readonly #random: Random.Random
  readonly #database: AirflowDatabase
  readonly #state = new ExecutorState()
  readonly #chores: Chores
  readonly #launcher: Launcher
  readonly #outcomes: Outcomes
  #session: Session | undefined
  /** Pods whose runs were dropped when the lease was lost. */
  #dropped: ReadonlySet<string> = new Set()

  constructor(options: KubernetesExecutorOptions, clock: Clock.Clock, random: Random.Random) {
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#database = options.database ?? noDatabase
    const { config } = options
    const requestTimeout = Duration.fromInputUnsafe(options.requestTimeout ?? "30 seconds")
    const isHeld = (): boolean => this.#session?.ownership.isHeld() ?? false
    const scheduler = (): Scheduler.AirflowKubernetesScheduler => this.#session!.scheduler
    this.#chores = new Chores({
      clock, random, scheduler, isHeld,
      concurrency: options.choresConcurrency ?? 16,
      logsShipped: options.logsShipped ?? (() => Effect.succeed(true)),
      logsWait: Duration.toMillis(options.logsWait ?? "60 seconds"),
      finishedDelay: Duration.toMillis(options.finishedPodDelay ?? (options.lease === undefined ? 0 : Duration.sum(requestTimeout, Duration.seconds(5)))),
      onConfirmed: (pod, now, row) => (row === "TakenOver" ? this.#confirmedOwn(now) : this.#outcomes.confirmed(pod, now))
    })
    this.#launcher = new Launcher({
      clock, random, scheduler, isHeld,
      state: this.#state,
      chores: this.#chores,
      adoptPod: (pod) => (this.#session === undefined ? Effect.undefined : adoptPod(this.#adoption(this.#session), pod)),
      retriesMax: config.taskPublishMaxRetries,
      concurrency: { start: options.concurrency?.start ?? 32, max: options.concurrency?.max ?? (config.podCreationMaxConcurrency || 256) },
      isBatched: options.pace === "Batch"
    })
    this.#outcomes = new Outcomes({ config, worker: options.worker, state: this.#state, launcher: this.#launcher, chores: this.#chores, database: this.#database })
    this.#state.onNext = (run) => this.#begin(run)
    this.#state.onOver = (run) => this.#launcher.forget(run)
  }

  readonly start: Effect.Effect<void, never, KubeClient | KubeTransport> = Effect.suspend(() => {
    if (this.#session !== undefined) return Effect.void
    return Effect.gen({ self: this }, function*() {
      const scope = yield* Scope.make()
      const services = yield* Effect.context<KubeClient | KubeTransport>()
      const ownership = this.#options.lease === undefined ? ownershipWithoutLease : yield* Scope.provide(startOwnership(this.#options.worker, this.#options.lease, () => this.#takenOver()), scope)
      const scheduler = yield* Scope.provide(Scheduler.make(this.#schedulerOptions()), scope)
      this.#session = { scope, scheduler, ownership, transport: Context.get(services, KubeTransport) }
      yield* Effect.forEach(scheduler.kubeWatchers, ({ informer }) => informer.synced, { discard: true })
      recoverRuns(this.#state, scheduler, this.#now())
      this.#tellOfRunning(scheduler)
      const background = [this.#launcher.pool.run, this.#chores.pool.run, this.#auditing, this.#adopting(this.#session)]
      for (const work of background) yield* Effect.forkIn(work, scope)
    })
  })

  /**
   * Somebody took this executor for dead and may have its commands and pods: those without a pod are dropped, and for the
   * pods the server is asked whose they are now.
   */
  #takenOver(): void {
    const session = this.#session
    if (session === undefined) return
    this.#state.queuedTasks.clear()
    this.#dropped = new Set(dropRuns(this.#state))
    for (const pod of session.scheduler.kubeWatchers.flatMap(({ informer }) => informer.store.list())) this.#chores.add({ _tag: "Confirm", pod, row: "TakenOver" })
  }

  /** A pod that is still this executor's is a run again; if it has ended, that is news once more. */
  #confirmedOwn(pod: Pod | undefined): void {
    if (pod?.metadata.labels?.[podMarks.worker] !== makeSafeLabelValue(this.#options.worker) || this.#outcomes.hasHandled(pod)) return
    // Whether the end of a pod that was no run of this executor has been told of is not known; that of its own runs has not.
    if (!isEnded(pod) || this.#dropped.has(pod.metadata.uid ?? "")) recoverRun(this.#state, pod, this.#now())
    this.#session?.scheduler.kubeWatchers[0]?.report(pod)
  }

  #schedulerOptions(): Scheduler.AirflowKubernetesSchedulerOptions {
    const { config, worker } = this.#options
    return {
      config,
      worker,
      requestTimeout: this.#options.requestTimeout ?? "30 seconds",
      instancesOn: this.#database.instancesOn,
      onNews: () => undefined,
      pods: {
        config,
        worker,
        airflowVersion: this.#options.airflowVersion ?? "unknown",
        naming: this.#options.naming ?? config.dialect,
        template: this.#options.template ?? ((path) => (path === undefined ? templateDefault : undefined)),
        mutationHook: this.#options.mutationHook,
        workloadCommand: this.#options.workloadCommand ?? workloadCommandDefault
      }
    }
  }

  /** Airflow has no event for a pod that runs; those who follow want to know. */
  #tellOfRunning({ kubeWatchers }: Scheduler.AirflowKubernetesScheduler): void {
    for (const { informer } of kubeWatchers) {
      informer.subscribe(({ object, previous, type }) => {
        if (type === "Deleted" || object.status?.phase !== "Running" || previous?.status?.phase === "Running") return
        const run = this.#state.runs.match(object)
        if (run !== undefined) this.#state.tellRun(run, "running")
      })
    }
  }

  readonly queueCommand = (key: TaskKey, command: TaskCommand, options: CommandOptions = {}): string | undefined => {
    const job = readCommand(this.#options.config, key, command, options)
    if ("problem" in job) return this.#refuse(key, job.problem)
    this.#state.queuedTasks.set(textOfKey(key), { job, runId: options.runId })
    return undefined
  }

  readonly executeAsync = (key: TaskKey, command: TaskCommand, options: CommandOptions = {}): string | undefined => {
    const job = readCommand(this.#options.config, key, command, options)
    if ("problem" in job) return this.#refuse(key, job.problem)
    this.#execute(newRun(job, options.runId ?? this.#drawRunId(key), this.#options.config.kubeNamespace, this.#now()), options.runId !== undefined)
    return undefined
  }

  #refuse(key: TaskKey, problem: string): string {
    const info = `Invalid executor_config passed: ${problem}`
    this.#state.emit(key, "failed", "Invalid executor_config passed")
    this.#state.tell({ key, runId: "", state: "failed", info })
    return info
  }

  #execute(run: Run, isNamed: boolean): void {
    const { runs } = this.#state
    if (runs.ofRunId(run.runId) !== undefined) return
    // A pod of this key that was found at the start is what this command asks for, unless it names another run.
    if (!isNamed && runs.ofKey(run.key)?.isRecovered === true) return
    if (this.#options.config.dialect === "provider") this.#state.emit(run.key, "queued", this.#options.worker)
    this.#state.tellRun(run, "queued")
    if (runs.add(run) === "Started") this.#begin(run)
  }

  #begin(run: Run): void {
    this.#launcher.add(run)
  }

  readonly triggerTasks = (openSlots: number): void => {
    const { queuedTasks } = this.#state
    if (openSlots <= 0 || queuedTasks.size === 0) return
    const urgent = queuedTasks.size <= openSlots
      ? Array.from(queuedTasks)
      : Array.from(queuedTasks).sort(([, one], [, other]) => other.job.priority - one.job.priority).slice(0, openSlots)
    for (const [keyText, { job, runId }] of urgent) {
      queuedTasks.delete(keyText)
      this.#execute(newRun(job, runId ?? this.#drawRunId(job.key), this.#options.config.kubeNamespace, this.#now()), runId !== undefined)
    }
  }

  readonly heartbeat: Effect.Effect<void> = Effect.suspend(() => {
    const openSlots = this.#options.config.parallelism - this.#state.runs.size
    return Effect.all([
      Metric.update(slotsGauge, openSlots),
      Metric.update(queuedGauge, this.#state.queuedTasks.size),
      Metric.update(runningGauge, this.#state.runs.size),
      Effect.sync(() => this.triggerTasks(openSlots)),
      this.sync
    ], { discard: true })
  })

  readonly sync: Effect.Effect<void> = Effect.suspend(() => {
    const session = this.#session
    // What is reported while others may have the pods is theirs to tell.
    return session === undefined || !session.ownership.isHeld() ? Effect.void : this.#sync(session)
  })

  #sync({ scheduler }: Session): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const until = this.#now() + Duration.toMillis(this.#options.syncTime ?? "25 millis")
      for (let left = this.#options.syncReportsMax ?? 2000; left > 0 && scheduler.waiting() > 0 && this.#now() < until; left -= 100) {
        for (const result of yield* scheduler.sync(Math.min(left, 100))) yield* this.changeState(result)
      }
      if (this.#options.pace === "Batch") this.#launcher.release(this.#options.config.workerPodsCreationBatchSize)
    })
  }

  readonly changeState = (result: KubernetesResults): Effect.Effect<void> =>
    Effect.catchCause(this.#outcomes.changeState(result), (cause) =>
      Effect.logError(`the report about ${result.pod.metadata.namespace}/${result.pod.metadata.name} could not be used`, cause))

  readonly getEventBuffer = (dagIds?: ReadonlyArray<string>): ReadonlyArray<ExecutorEvent> => this.#state.takeEvents(dagIds)
  readonly hasTask = (key: TaskKey): boolean => this.#state.queuedTasks.has(textOfKey(key)) || this.#state.runs.ofKey(key) !== undefined
  readonly running = (): ReadonlyArray<TaskKey> => this.#state.runs.keys()
  readonly runs = (): ReadonlyArray<ActiveRun> =>
    this.#state.runs.all().map(({ key, namespace, podName, runId, stage }) => ({ key, runId, pod: stage === "Launched" ? { namespace, name: podName } : undefined }))

  readonly queuedTasks = (): ReadonlyArray<TaskKey> => Array.from(this.#state.queuedTasks.values(), (it) => it.job.key)
  readonly slotsOccupied = (): number => this.#state.runs.size + this.#state.queuedTasks.size
  readonly slotsAvailable = (): number => this.#options.config.parallelism - this.slotsOccupied()
  readonly subscribe = (listener: (change: ExecutorChange) => void): (() => void) => this.#state.subscribe(listener)

  readonly podOf = (key: TaskKey): Pod | undefined => {
    const run = this.#state.runs.ofKey(key)
    for (const { informer } of this.#session?.scheduler.kubeWatchers ?? []) {
      const pod = run === undefined ? undefined : informer.store.get(run.namespace, run.podName)
      if (pod !== undefined) return pod
    }
    return undefined
  }

  readonly revokeTask = (key: TaskKey): Effect.Effect<boolean> =>
    Effect.gen({ self: this }, function*() {
      const wasQueued = this.#state.queuedTasks.delete(textOfKey(key))
      const run = this.#state.runs.ofKey(key)
      if (run === undefined) return wasQueued
      // Between the decision and now the task may have begun; then it is left to end by itself.
      if ((yield* this.#database.stateOf(key)) === "running") return false
      run.isRevoked = true
      if (run.stage !== "Waiting" && run.podName !== "") this.#chores.add({ _tag: "Revoke", pod: { namespace: run.namespace, name: run.podName, uid: run.uid }, isMarked: false })
      this.#state.conclude(run, { state: null, isTold: false, change: "revoked" })
      return true
    })

  readonly tryAdoptTaskInstances = (candidates: ReadonlyArray<AdoptionCandidate>): Effect.Effect<ReadonlyArray<AdoptionCandidate>> =>
    Effect.suspend(() => (this.#session === undefined ? Effect.succeed(candidates) : tryAdopt(this.#adoption(this.#session), candidates)))

  #adoption(session: Session): AdoptionContext {
    return { ...session, state: this.#state, config: this.#options.config, worker: this.#options.worker, now: this.#now() }
  }

  readonly clearNotLaunchedQueuedTasks: Effect.Effect<ReadonlyArray<TaskKey>> = Effect.suspend(() =>
    this.#session === undefined ? Effect.succeed([]) : clearNotLaunched({ ...this.#session, database: this.#database, state: this.#state }))

  readonly audit: Effect.Effect<void> = Effect.sync(() => {
    if (this.#session !== undefined) auditRuns({ ...this.#session, state: this.#state, chores: this.#chores, config: this.#options.config, wallMillis: this.#clock.currentTimeMillisUnsafe() })
  })

  get #auditing(): Effect.Effect<never> {
    return Effect.forever(Effect.andThen(Effect.sleep(this.#options.auditInterval ?? "30 seconds"), this.audit))
  }

  /** Finished pods that nobody answers for. */
  #adopting(session: Session): Effect.Effect<void> {
    if (this.#options.lease === undefined) return Effect.void
    let seen: ReadonlySet<string> = new Set()
    const adopt = Effect.suspend(() => {
      if (!session.ownership.isHeld()) return Effect.void
      return Effect.map(adoptCompletedPods(this.#adoption(session), seen), (pods) => void (seen = pods))
    })
    return Effect.forever(Effect.andThen(Effect.sleep(this.#options.orphanedTasksCheckInterval ?? "300 seconds"), adopt))
  }

  readonly end: Effect.Effect<void> = Effect.suspend(() => this.#end(Duration.toMillis(this.#options.endTimeout ?? "20 seconds")))
  readonly terminate: Effect.Effect<void> = Effect.suspend(() => this.#end(0))

  #end(millis: number): Effect.Effect<void> {
    const session = this.#session
    if (session === undefined) return Effect.void
    return Effect.gen({ self: this }, function*() {
      const dropped = this.#launcher.pool.size - this.#launcher.pool.inFlight + this.#state.queuedTasks.size
      if (dropped > 0) yield* Effect.logWarning(`${dropped} commands have no pod yet and are dropped; their tasks stay queued`)
      const left = yield* this.#launcher.pool.drain(millis * 0.5)
      yield* this.#sync(session)
      const chores = yield* this.#chores.pool.drain(millis * 0.25)
      if (left + chores > 0) yield* Effect.logWarning(`${left} creates and ${chores} other calls were still under way and are left`)
      this.#session = undefined
      const closing = yield* Effect.forkDetach(Scope.close(session.scope, Exit.void))
      yield* Effect.timeoutOption(Fiber.await(closing), Math.max(1, millis * 0.25))
    })
  }

  readonly health = (): ReadonlyArray<string> => {
    if (this.#session === undefined) return ["the executor is not started"]
    const lease = this.#session.ownership.isHeld() ? [] : ["the lease is not held, so nothing is written"]
    return [...lease, ...this.#session.scheduler.healthCheckKubeWatchers()]
  }

  readonly stats = (): ExecutorStats => ({
    queued: this.#state.queuedTasks.size,
    running: this.#state.runs.size,
    slotsAvailable: this.slotsAvailable(),
    waiting: this.#launcher.pool.size - this.#launcher.pool.inFlight + this.#launcher.gate.size,
    creating: this.#launcher.pool.inFlight,
    concurrency: this.#launcher.limit.current,
    waitingForQuota: this.#launcher.gate.size,
    chores: this.#chores.size,
    choresGivenUp: this.#chores.givenUp,
    events: this.#state.eventCount,
    reports: this.#session?.scheduler.waiting() ?? 0
  })

  /** 64 bits of chance: enough that two runs of one key never meet. */
  #drawRunId(key: TaskKey): string {
    const draw = (): string => Math.floor(this.#random.nextDoubleUnsafe() * 2 ** 32).toString(16).padStart(8, "0")
    return `${key.tryNumber}-${draw()}${draw()}`
  }

  #now(): number {
    return monotonicMillis(this.#clock)
  }
}
