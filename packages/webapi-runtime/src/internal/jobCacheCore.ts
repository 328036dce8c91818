/** The job cache without its scope: plain code, for it runs thousands of times in a second. */
import { type Clock, type Context, Deferred, Duration, Effect, type Random } from "effect"
import type { Json } from "../AsyncPlugin.ts"
import type { JobCache, JobCacheOptions, JobCacheStats, JobToWatch, JobView } from "../JobCache.ts"
import type { PluginConfig } from "../PluginConfig.ts"
import { WebApiError } from "../WebApiError.ts"
import { Alarm } from "./alarm.ts"
import { DueHeap } from "./dueHeap.ts"
import { Endpoint, LiveJob, Tenant } from "./liveJob.ts"
import { Looks } from "./looks.ts"
import { failureDelay, intervalMin, intervalOf, jittered } from "./pollPlan.ts"
import { isSameValue } from "./sameValue.ts"
import { share } from "./sharing.ts"
import { steadyTime } from "./steadyTime.ts"

/** A job that the service does not know is lost only after this time: some services forget new jobs for a moment. */
const forgetfulness = 60_000
/** The engine asks about every live job at least this often; one that it does not ask about for three times as long may be nobody's. */
export const visitInterval = 10 * 60_000
/** Rings no more often than this: many jobs are due in such a moment. */
const tick = 10
/** Pauses after answers that ask for fewer calls without saying for how long. */
const throttlePauseMin = 1000
const throttlePauseMax = 60_000
const drainTime = "5 seconds"

interface CoreOptions<Meta extends Json, Resource> extends JobCacheOptions<Meta, Resource> {
  readonly clock: Clock.Clock
  readonly random: Effect.Success<typeof Random.Random>
  readonly context: Context.Context<never>
}

/** The cache. */
export class JobCacheCore<Meta extends Json, Resource> implements JobCache<Meta, Resource> {
  readonly #options: CoreOptions<Meta, Resource>
  readonly #jobs = new Map<string, LiveJob<Meta, Resource>>()
  readonly #endpoints = new Map<string, Endpoint<Meta, Resource>>()
  readonly #heap = new DueHeap<LiveJob<Meta, Resource>>()
  readonly #looks: Looks<Meta, Resource>
  readonly #alarm: Alarm
  readonly #now: () => number
  readonly #isSame: (one: Resource, other: Resource) => boolean
  #config: PluginConfig
  #resync = 0
  #waiting = 0
  #polls = 0
  #failures = 0
  #isPumping = false
  #isAgain = false
  #isClosed = false

  constructor(options: CoreOptions<Meta, Resource>) {
    this.#options = options
    this.#isSame = options.plugin.isSame ?? isSameValue
    this.#now = steadyTime(options.clock)
    this.#config = options.config
    this.#resync = Duration.toMillis(options.config.caching.resyncInterval)
    this.#alarm = new Alarm(options.clock, Effect.runForkWith(options.context), this.#pump)
    this.#looks = new Looks(options.plugin, Effect.runForkWith(options.context), (look, answers) => {
      look.endpoint.inFlight--
      const now = this.#now()
      for (const [index, job] of look.jobs.entries()) this.#take(job, answers[index], now)
      this.#pump()
    })
  }

  readonly add = (watch: JobToWatch<Meta, Resource>): boolean => {
    if (this.#jobs.has(watch.key)) return true
    if (!this.hasRoom() || this.#isClosed) return false
    const now = this.#now()
    const tenant = this.#tenantOf(watch.endpoint, watch.tenant, now)
    const job = new LiveJob<Meta, Resource>(watch.key, watch.meta, watch.secrets, watch.wake, tenant, now)
    this.#jobs.set(watch.key, job)
    tenant.jobs++
    tenant.endpoint.jobs++
    this.#share(tenant.endpoint, now)
    if (watch.resource === undefined) this.#schedule(job, intervalOf(this.#resync, 0, tenant.loadInterval), now)
    else this.#learn(job, watch.resource, now)
    this.#pump()
    return true
  }

  readonly look = (key: string): JobView<Resource> | undefined => {
    const job = this.#jobs.get(key)
    if (job === undefined) return undefined
    job.visitedAt = this.#now()
    job.isAsked = false
    return job
  }

  readonly remove = (key: string): void => {
    const job = this.#jobs.get(key)
    if (job === undefined) return
    this.#jobs.delete(key)
    job.fate = "Removed"
    this.#heap.remove(job)
    const { tenant } = job
    tenant.jobs--
    tenant.endpoint.jobs--
    if (tenant.jobs === 0 && tenant.ready.length === 0) tenant.endpoint.tenants.delete(tenant.name)
    if (tenant.endpoint.jobs === 0 && tenant.endpoint.inFlight === 0) return
    this.#share(tenant.endpoint, this.#now())
  }

  readonly hasRoom = (): boolean => this.#jobs.size < this.#config.caching.size

  readonly configure = (config: PluginConfig): void => {
    if (config === this.#config) return
    this.#config = config
    this.#resync = Duration.toMillis(config.caching.resyncInterval)
    const now = this.#now()
    for (const endpoint of this.#endpoints.values()) {
      endpoint.read.configure(config.readRateLimiter, now)
      for (const tenant of endpoint.tenants.values()) tenant.weight = config.shares[tenant.name] ?? 1
      endpoint.sharedFor = 0
      this.#share(endpoint, now)
    }
    this.#pump()
  }

  readonly stats = (): JobCacheStats => {
    let oldest = this.#now()
    const now = oldest
    for (const job of this.#jobs.values()) if (job.fate === "Live" && job.seenAt < oldest) oldest = job.seenAt
    return {
      jobs: this.#jobs.size,
      inFlight: this.#looks.running,
      waiting: this.#waiting,
      polls: this.#polls,
      failures: this.#failures,
      stalest: now - oldest
    }
  }

  /** Begins nothing more, lets calls end for a while, then interrupts them. */
  readonly shutDown: Effect.Effect<void> = Effect.suspend(() => {
    this.#isClosed = true
    this.#alarm.stop()
    const idle = this.#looks.idle()
    return Effect.andThen(Effect.timeoutOption(Deferred.await(idle), drainTime), Effect.sync(() => this.#looks.interruptAll()))
  })

  #tenantOf(endpointName: string, name: string, now: number): Tenant<Meta, Resource> {
    let endpoint = this.#endpoints.get(endpointName)
    if (endpoint === undefined) {
      endpoint = new Endpoint<Meta, Resource>(endpointName, this.#config.readRateLimiter, now)
      this.#endpoints.set(endpointName, endpoint)
    }
    let tenant = endpoint.tenants.get(name)
    if (tenant === undefined) {
      tenant = new Tenant(name, endpoint)
      tenant.weight = this.#config.shares[name] ?? 1
      endpoint.tenants.set(name, tenant)
    }
    return tenant
  }

  #share(endpoint: Endpoint<Meta, Resource>, now: number): void {
    const { plugin, random } = this.#options
    share(endpoint, { heap: this.#heap, resync: this.#resync, perCall: plugin.getMany?.most ?? 1, random: () => random.nextDoubleUnsafe() }, now)
  }

  /** Plans the next look. Where there is less room than wanted, moments are given away one after the other. */
  #schedule(job: LiveJob<Meta, Resource>, delay: number, now: number): void {
    const { tenant } = job
    if (tenant.isShort) {
      tenant.slot = Math.max(tenant.slot, now) + 1050 / tenant.perSecond
      job.dueAt = Math.max(tenant.slot, now + intervalMin(this.#resync))
    } else job.dueAt = now + jittered(delay, this.#options.random.nextDoubleUnsafe())
    this.#heap.push(job)
  }

  readonly #pump = (): void => {
    if (this.#isClosed) return
    if (this.#isPumping) {
      this.#isAgain = true
      return
    }
    this.#isPumping = true
    let next = Number.POSITIVE_INFINITY
    do {
      this.#isAgain = false
      next = this.#turn(this.#now())
    } while (this.#isAgain)
    this.#isPumping = false
    if (next !== Number.POSITIVE_INFINITY) {
      const now = this.#now()
      this.#alarm.set(Math.max(next, now + tick), now)
    }
  }

  /** Begins all looks that may begin now; answers when there will be more to do. */
  #turn(now: number): number {
    const timeout = Duration.toMillis(this.#config.timeouts.get)
    this.#looks.expire(now, timeout)
    for (let job = this.#heap.peek(); job !== undefined && job.dueAt <= now; job = this.#heap.peek()) {
      this.#heap.pop()
      const { tenant } = job
      if (tenant.ready.length === 0) tenant.endpoint.turns.push(tenant)
      tenant.ready.push(job)
      this.#waiting++
    }
    let next = this.#heap.peek()?.dueAt ?? Number.POSITIVE_INFINITY
    if (this.#waiting > 0) for (const endpoint of this.#endpoints.values()) next = Math.min(next, this.#serve(endpoint, now))
    return Math.min(next, this.#looks.oldest + timeout)
  }

  /** Begins looks at one endpoint: as many as its limit and the workers allow, the tenants in turn. */
  #serve(endpoint: Endpoint<Meta, Resource>, now: number): number {
    const { getMany } = this.#options.plugin
    const { workers } = this.#config.caching
    // One server that hangs must not keep all workers from the others.
    const own = this.#endpoints.size > 1 ? Math.ceil(workers / 2) : workers
    while (endpoint.turns.length > 0 && this.#looks.running < workers && endpoint.inFlight < own) {
      const wait = endpoint.read.waitFor(now)
      if (wait > 0) return now + wait
      const jobs = this.#nextOf(endpoint, getMany?.most ?? 1)
      if (jobs.length === 0) continue
      endpoint.read.take(now)
      endpoint.inFlight++
      this.#polls += jobs.length
      if (this.#options.observe !== undefined) for (const job of jobs) this.#options.observe(Math.max(0, now - job.dueAt))
      this.#looks.begin(endpoint, jobs, now)
    }
    return Number.POSITIVE_INFINITY
  }

  /** The next jobs of the tenant whose turn it is. A tenant of weight two has two turns. */
  #nextOf(endpoint: Endpoint<Meta, Resource>, most: number): Array<LiveJob<Meta, Resource>> {
    const tenant = endpoint.turns[0]!
    if (tenant.credit < 1) tenant.credit += tenant.weight
    const jobs: Array<LiveJob<Meta, Resource>> = []
    while (jobs.length < most) {
      const job = tenant.ready.shift()
      if (job === undefined) break
      this.#waiting--
      if (job.fate === "Live") jobs.push(job)
    }
    tenant.credit -= 1
    if (tenant.ready.length === 0) tenant.credit = 0
    if (tenant.credit < 1) {
      endpoint.turns.shift()
      if (tenant.ready.length > 0) endpoint.turns.push(tenant)
      else if (tenant.jobs === 0) endpoint.tenants.delete(tenant.name)
    }
    return jobs
  }

  #take(job: LiveJob<Meta, Resource>, answer: Resource | WebApiError | undefined, now: number): void {
    if (job.fate !== "Live") return
    if (answer instanceof WebApiError) this.#miss(job, answer, now)
    else if (answer === undefined || answer === null) this.#miss(job, nothing, now)
    else this.#learn(job, answer, now)
  }

  #learn(job: LiveJob<Meta, Resource>, resource: Resource, now: number): void {
    const isNews = job.resource === undefined || !this.#isSame(job.resource, resource)
    const isBack = job.failures > 1
    job.seenAt = now
    job.failures = 0
    job.missed = 0
    job.error = undefined
    job.tenant.endpoint.throttles = 0
    if (isNews) {
      job.resource = resource
      job.changedAt = now
    }
    if (this.#options.plugin.isTerminal?.(resource) === true) job.fate = "Ended"
    else if (this.#isVisited(job, now)) this.#schedule(job, intervalOf(this.#resync, now - job.changedAt, job.tenant.loadInterval), now)
    if (isNews || isBack) job.wake()
  }

  /** A job that nobody asks about any more was forgotten by the engine; its task is asked once more, then it is let go. */
  #isVisited(job: LiveJob<Meta, Resource>, now: number): boolean {
    if (now - job.visitedAt <= 3 * visitInterval) return true
    if (job.isAsked) {
      this.remove(job.key)
      return false
    }
    job.isAsked = true
    job.wake()
    return true
  }

  #miss(job: LiveJob<Meta, Resource>, error: WebApiError, now: number): void {
    const { caching, failureBudget } = this.#config
    const scrubbed = this.#scrubbed(error)
    this.#failures++
    job.error = scrubbed
    const { endpoint } = job.tenant
    if (error.fault === "Throttled") {
      const pause = error.retryAfter ?? Math.min(throttlePauseMax, throttlePauseMin * 2 ** Math.min(16, endpoint.throttles++))
      endpoint.read.pause(now + pause)
      this.#schedule(job, Math.max(pause, intervalMin(this.#resync)), now)
      return
    }
    if (error.fault === "NotFound") {
      job.missed++
      if (job.missed >= 2 && now - job.seenAt >= forgetfulness) return this.#lose(job, "Gone")
    } else {
      job.missed = 0
      if (job.failures === 0) job.failingSince = now
      job.failures++
      const isOver = job.failures > caching.maxSystemFailures && now - job.failingSince >= Duration.toMillis(failureBudget)
      if (isOver || error.fault === "Rejected" && job.failures > caching.maxSystemFailures) return this.#lose(job, "GaveUp")
      if (job.failures === 2) job.wake()
    }
    const failures = Math.max(job.failures, job.missed)
    const delay = Math.max(error.retryAfter ?? 0, failureDelay(failures, this.#resync), job.tenant.loadInterval)
    if (this.#isVisited(job, now)) this.#schedule(job, delay, now)
  }

  #lose(job: LiveJob<Meta, Resource>, fate: "GaveUp" | "Gone"): void {
    job.fate = fate
    job.wake()
  }

  #scrubbed(error: WebApiError): WebApiError {
    const description = this.#options.scrub?.(error.description) ?? error.description
    return description === error.description ? error : new WebApiError({ fault: error.fault, description, code: error.code, retryAfter: error.retryAfter })
  }
}

const nothing = new WebApiError({ fault: "Unavailable", description: "the plugin answered nothing" })
