/** The executor itself: holds the parts together and keeps Airflow's books. */
import { monotonicMillis } from "@fairlead/controller"
import { KubeClient, KubeTransport, type Pod } from "@fairlead/kube"
import { type Clock, Context, Duration, Effect, Exit, Fiber, type Random, Scope } from "effect"
import * as Scheduler from "../AirflowKubernetesScheduler.ts"
import type { ExecutorChange, ExecutorEvent } from "../ExecutorEvent.ts"
import type { ActiveRun, AdoptionCandidate, CommandOptions, ExecutorStats, KubernetesExecutor } from "../KubernetesExecutor.ts"
import type { AirflowDatabase, KubernetesExecutorOptions } from "../KubernetesExecutorOptions.ts"
import type { KubernetesResults, TaskCommand } from "../KubernetesJob.ts"
import { makeSafeLabelValue } from "../LabelValue.ts"
import { type PodFactoryOptions, templateDefault, workloadCommandDefault } from "../PodFactory.ts"
import { podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import { adoptPod, type AdoptionContext, tryAdopt } from "./adoption.ts"
import { auditRuns, recoverRuns, resumeRevokes } from "./audit.ts"
import { Chores } from "./chores.ts"
import { ExecutorState, newRun } from "./executorState.ts"
import { readCommand } from "./commands.ts"
import { showGauges } from "./gauges.ts"
import { Launcher } from "./launcher.ts"
import { Outcomes } from "./outcomes.ts"
import { type Ownership, ownershipWithoutLease, startOwnership } from "./ownership.ts"
import { clearNotLaunched } from "./notLaunched.ts"
import { revoke } from "./revoke.ts"
import type { Run } from "./runTable.ts"
import { Strays } from "./strays.ts"
import { sweep } from "./sweep.ts"
import { timedCalls } from "./timedCalls.ts"
import { WorkloadSecrets } from "./workloadSecrets.ts"

/** What exists between `start` and `end`. */
interface Session {
  readonly scope: Scope.Closeable
  readonly scheduler: Scheduler.AirflowKubernetesScheduler
  readonly ownership: Ownership
  readonly transport: KubeTransport["Service"]
  readonly secrets: WorkloadSecrets
}

const noDatabase: AirflowDatabase = {
  stateOf: () => Effect.undefined,
  instancesOn: () => Effect.succeed([]),
  queuedTaskInstances: Effect.succeed([]),
  setState: () => Effect.void
}

export class Executor implements KubernetesExecutor {
  readonly #options: KubernetesExecutorOptions
  readonly #clock: Clock.Clock
  readonly #random: Random.Random
  readonly #database: AirflowDatabase
  readonly #pods: PodFactoryOptions
  readonly #requestTimeout: Duration.Duration
  readonly #state = new ExecutorState()
  readonly #chores: Chores
  readonly #launcher: Launcher
  readonly #outcomes: Outcomes
  readonly #strays: Strays
  #session: Session | undefined

  constructor(options: KubernetesExecutorOptions, clock: Clock.Clock, random: Random.Random) {
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#database = options.database ?? noDatabase
    const { config } = options
    this.#requestTimeout = Duration.fromInputUnsafe(options.requestTimeout ?? "30 seconds")
    this.#pods = {
      config,
      worker: options.worker,
      airflowVersion: options.airflowVersion ?? "unknown",
      naming: options.naming ?? config.dialect,
      template: options.template ?? ((path) => (path === undefined ? templateDefault : undefined)),
      mutationHook: options.mutationHook,
      merging: options.merging,
      workloadCommand: options.workloadCommand ?? workloadCommandDefault
    }
    const isHeld = this.mayWrite
    const scheduler = (): Scheduler.AirflowKubernetesScheduler => this.#session!.scheduler
    this.#chores = new Chores({
      clock, random, scheduler, isHeld,
      concurrency: options.choresConcurrency ?? 16,
      logsShipped: options.logsShipped ?? (() => Effect.succeed(true)),
      logsWait: Duration.toMillis(options.logsWait ?? "60 seconds"),
      finishedDelay: Duration.toMillis(options.finishedPodDelay ?? (options.lease === undefined ? 0 : Duration.sum(this.#requestTimeout, Duration.seconds(5)))),
      onConfirmed: (pod, now, row) => (row === "TakenOver" ? this.#confirmedOwn(pod, now) : this.#confirmed(pod, now))
    })
    this.#launcher = new Launcher({
      clock, random, scheduler, isHeld,
      secrets: () => this.#session!.secrets,
      workload: options.workload ?? Effect.succeed,
      hasBegun: (key) => this.#hasBegun(key),
      finish: (pod) => this.#outcomes.finishFailed(pod),
      state: this.#state,
      chores: this.#chores,
      adoptPod: (pod) => (this.#session === undefined ? Effect.undefined : adoptPod(this.#adoption(this.#session), pod)),
      retriesMax: config.taskPublishMaxRetries,
      concurrency: { start: options.concurrency?.start ?? 32, max: options.concurrency?.max ?? (config.podCreationMaxConcurrency || 256) },
      isBatched: options.pace === "Batch"
    })
    this.#outcomes = new Outcomes({ config, worker: options.worker, state: this.#state, launcher: this.#launcher, chores: this.#chores, database: this.#database })
    this.#strays = new Strays({ state: this.#state, chores: this.#chores, isOwn: this.#isOwn, hasHandled: (pod) => this.#outcomes.hasHandled(pod) })
    this.#state.onNext = (run) => this.#launcher.add(run)
    this.#state.onOver = (run) => this.#launcher.forget(run)
  }

  readonly start: Effect.Effect<void, never, KubeClient | KubeTransport> = Effect.suspend(() => {
    if (this.#session !== undefined) return Effect.void
    return Effect.gen({ self: this }, function*() {
      const scope = yield* Scope.make()
      const services = yield* Effect.context<KubeClient | KubeTransport>()
      const secrets = new WorkloadSecrets(Context.get(services, KubeClient), timedCalls(this.#requestTimeout))
      const ownership = this.#options.lease === undefined ? ownershipWithoutLease : yield* Scope.provide(startOwnership(this.#options.worker, this.#options.lease, () => this.#takenOver()), scope)
      const scheduler = yield* Scope.provide(Scheduler.make(this.#schedulerOptions()), scope)
      this.#session = { scope, scheduler, ownership, transport: Context.get(services, KubeTransport), secrets }
      yield* Effect.forEach(scheduler.kubeWatchers, ({ informer }) => informer.synced, { discard: true })
      recoverRuns(this.#state, scheduler, this.#options.config.dialect, this.#now())
      resumeRevokes(scheduler, this.#chores, this.#hasBegun)
      this.#strays.follow(scheduler)
      const background = [this.#launcher.pool.run, this.#chores.pool.run, this.#auditing, this.#sweeping(this.#session)]
      for (const work of background) yield* Effect.forkIn(work, scope)
    })
  })

  #takenOver(): void {
    if (this.#session !== undefined) this.#strays.takenOver(this.#session.scheduler)
  }

  #confirmedOwn(pod: Pod, now: Pod | undefined): void {
    const news = this.#strays.confirmed(pod, now, this.#now())
    if (news !== undefined) this.#session?.scheduler.kubeWatchers[0]?.report(news)
  }

  /** What is there and out of sight, in a namespace that nobody watches, tells its end here. */
  #confirmed(pod: Pod, now: Pod | undefined): void {
    this.#outcomes.confirmed(pod, now)
    if (this.#isOwn(now)) this.#session?.scheduler.kubeWatchers[0]?.report(now)
  }

  readonly #isOwn = (pod: Pod | undefined): pod is Pod => pod?.metadata.labels?.[podMarks.worker] === makeSafeLabelValue(this.#options.worker)

  #schedulerOptions(): Scheduler.AirflowKubernetesSchedulerOptions {
    const { config, worker } = this.#options
    return {
      config,
      worker,
      requestTimeout: this.#requestTimeout,
      instancesOn: this.#database.instancesOn,
      onNews: () => undefined,
      pods: this.#pods
    }
  }

  readonly queueCommand = (key: TaskKey, command: TaskCommand, options: CommandOptions = {}): string | undefined => {
    const job = readCommand(this.#pods, key, command, options)
    if ("problem" in job) return this.#refuse(key, job.problem)
    this.#state.queue({ job, runId: options.runId, queuedAt: this.#now() })
    return undefined
  }

  readonly executeAsync = (key: TaskKey, command: TaskCommand, options: CommandOptions = {}): string | undefined => {
    const job = readCommand(this.#pods, key, command, options)
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
    // A pod of this key that was found at the start is what this command asks for, unless it names another run.
    const known = runs.ofRunId(run.runId) ?? (isNamed ? undefined : runs.ofKey(run.key))
    if (known?.isRecovered === true && known.keyText === run.keyText) {
      known.job = run.job
      known.isRecovered = false
      return
    }
    if (runs.ofRunId(run.runId) !== undefined) return
    this.#strays.wanted(run.runId)
    if (this.#options.config.dialect === "provider") this.#state.emit(run.key, "queued", this.#options.worker)
    this.#state.tellRun(run, "queued")
    if (this.#state.start(run) === "Started") this.#launcher.add(run)
  }

  readonly triggerTasks = (openSlots: number): void => {
    const { queuedTasks } = this.#state
    if (openSlots <= 0 || queuedTasks.size === 0) return
    const urgent = queuedTasks.size <= openSlots
      ? Array.from(queuedTasks)
      : Array.from(queuedTasks).sort(([, one], [, other]) => other.job.priority - one.job.priority).slice(0, openSlots)
    for (const [keyText, { job, queuedAt, runId }] of urgent) {
      queuedTasks.delete(keyText)
      this.#execute(newRun(job, runId ?? this.#drawRunId(job.key), this.#options.config.kubeNamespace, queuedAt), runId !== undefined)
    }
  }

  readonly heartbeat: Effect.Effect<void> = Effect.suspend(() => {
    const { queuedTasks, runs } = this.#state
    const { parallelism } = this.#options.config
    const openSlots = parallelism === 0 ? queuedTasks.size : parallelism - runs.size
    const now = this.#now()
    const gauges = showGauges({ openSlots, queued: queuedTasks.size, running: runs.size, oldestSeconds: (now - this.#state.oldestWaiting(now)) / 1000 })
    return Effect.all([gauges, Effect.sync(() => this.triggerTasks(openSlots)), this.sync], { discard: true })
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

  readonly changeState = (result: KubernetesResults): Effect.Effect<void> => this.#outcomes.take(result)

  readonly getEventBuffer = (dagIds?: ReadonlyArray<string>): ReadonlyArray<ExecutorEvent> => this.#state.takeEvents(dagIds)
  readonly hasTask = (key: TaskKey): boolean => this.#state.queuedTasks.has(textOfKey(key)) || this.#state.runs.ofKey(key) !== undefined
  readonly running = (): ReadonlyArray<TaskKey> => this.#state.runs.keys()
  readonly runs = (): ReadonlyArray<ActiveRun> =>
    this.#state.runs.all().map(({ key, namespace, podName, runId, stage }) => ({ key, runId, pod: stage === "Launched" ? { namespace, name: podName } : undefined }))

  readonly queuedTasks = (): ReadonlyArray<TaskKey> => Array.from(this.#state.queuedTasks.values(), (it) => it.job.key)
  readonly slotsOccupied = (): number => this.#state.runs.size + this.#state.queuedTasks.size
  readonly slotsAvailable = (): number => (this.#options.config.parallelism || Number.MAX_SAFE_INTEGER) - this.slotsOccupied()
  readonly subscribe = (listener: (change: ExecutorChange) => void): (() => void) => this.#state.subscribe(listener)

  readonly podOf = (key: TaskKey): Pod | undefined => {
    const run = this.#state.runs.ofKey(key)
    for (const { informer } of this.#session?.scheduler.kubeWatchers ?? []) {
      const pod = run === undefined ? undefined : informer.store.get(run.namespace, run.podName)
      if (pod !== undefined) return pod
    }
    return undefined
  }

  readonly revokeTask = (key: TaskKey, runId?: string): Effect.Effect<boolean> =>
    revoke({ state: this.#state, chores: this.#chores, hasBegun: this.#hasBegun }, key, runId)

  readonly #hasBegun = (key: TaskKey): Effect.Effect<boolean> => Effect.map(this.#database.stateOf(key), (known) => known === "running")

  readonly tryAdoptTaskInstances = (candidates: ReadonlyArray<AdoptionCandidate>): Effect.Effect<ReadonlyArray<AdoptionCandidate>> =>
    Effect.suspend(() => (this.#session === undefined ? Effect.succeed(candidates) : tryAdopt(this.#adoption(this.#session), candidates)))

  #adoption(session: Session): AdoptionContext {
    return { ...session, state: this.#state, config: this.#options.config, worker: this.#options.worker, hasBegun: this.#hasBegun, now: this.#now() }
  }

  readonly clearNotLaunchedQueuedTasks: Effect.Effect<ReadonlyArray<TaskKey>> = Effect.suspend(() =>
    this.#session === undefined ? Effect.succeed([]) : clearNotLaunched({ ...this.#session, database: this.#database, state: this.#state }))

  readonly audit: Effect.Effect<void> = Effect.sync(() => {
    if (this.#session !== undefined) auditRuns({ ...this.#session, state: this.#state, chores: this.#chores, limits: { total: this.#options.config.workerPodsPendingTimeout, ...this.#options.pendingLimits }, isHeld: this.#session.ownership.isHeld(), wallMillis: this.#clock.currentTimeMillisUnsafe() })
  })

  get #auditing(): Effect.Effect<never> {
    return Effect.forever(Effect.andThen(Effect.sleep(this.#options.auditInterval ?? "30 seconds"), this.audit))
  }

  #sweeping(session: Session): Effect.Effect<never> {
    let seen: ReadonlySet<string> = new Set()
    const once = Effect.suspend(() => Effect.map(
      sweep({
        ...this.#adoption(session),
        secrets: session.secrets,
        chores: this.#chores,
        hasLease: this.#options.lease !== undefined,
        hasWorkloads: this.#launcher.hasWorkloads,
        wallMillis: this.#clock.currentTimeMillisUnsafe()
      }, seen),
      (uids) => void (seen = uids)
    ))
    const next = Effect.sleep(this.#options.orphanedTasksCheckInterval ?? "300 seconds")
    return Effect.forever(Effect.andThen(next, Effect.suspend(() => (session.ownership.isHeld() ? once : Effect.void))))
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

  readonly mayWrite = (): boolean => this.#session?.ownership.isHeld() ?? false

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
