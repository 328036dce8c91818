/** A remote service in memory, and the plugin for it. What it does wrong is said by `fault`. */
import { Literals, Phase, type SecretReference } from "@fairlead/core"
import { Clock, Effect, Redacted } from "effect"
import type { AsyncPlugin, PluginConfigInput, WebApiFault } from "../../src/index.ts"
import { WebApiError } from "../../src/index.ts"

export interface Job {
  readonly id: string
  readonly key: string
  readonly createdAt: number
  readonly name: string
  /** Milliseconds of work. */
  readonly work: number
  deletedAt: number | undefined
  deletions: number
  looks: number
}

export type Meta = { readonly id: string }
export interface Resource {
  readonly state: string
  readonly outputs?: { readonly [name: string]: number }
}

export type Operation = "create" | "find" | "get" | "delete" | "status"

/** What goes wrong: an error, a throw, a hang, an answer that is lost after the call was carried out. */
export type Fault = WebApiFault | "throw" | "hang" | "lose" | WebApiError

export interface ServiceOptions {
  readonly config?: PluginConfigInput | (() => PluginConfigInput)
  readonly work?: number
  /** Time that a call takes. */
  readonly latency?: number
  readonly fault?: (operation: Operation, job: { readonly name: string; readonly looks: number }) => Fault | undefined
  /** Which states a job goes through: by milliseconds since its creation. */
  readonly state?: (job: Job, age: number) => Resource | undefined
  readonly status?: AsyncPlugin<Meta, Resource>["status"]
  readonly secret?: SecretReference
  readonly plugin?: Partial<AsyncPlugin<Meta, Resource>>
  readonly noFind?: boolean
}

export const makeService = (options: ServiceOptions = {}) => {
  const jobs: Array<Job> = []
  const calls: Array<string> = []
  const creations = new Map<string, number>()
  const keys: Array<string> = []
  const prefixes: Array<string> = []
  const given = options.config ?? {}
  const config = typeof given === "function" ? given : () => given

  const call = <A>(operation: Operation, name: string, looks: number, work: () => A): Effect.Effect<A, WebApiError> =>
    Effect.gen(function*() {
      calls.push(`${operation} ${name}`)
      const fault = options.fault?.(operation, { name, looks })
      if (options.latency !== undefined) yield* Effect.sleep(options.latency)
      if (fault === undefined) return work()
      if (fault === "throw") throw new Error(`${operation} broke`)
      if (fault === "hang") return yield* Effect.never
      if (fault === "lose") {
        work()
        return yield* new WebApiError({ fault: "Unknown", description: "the connection was closed" })
      }
      if (fault instanceof WebApiError) return yield* fault
      return yield* new WebApiError({ fault, description: `${operation} was answered with ${fault}` })
    })

  const stateOf = options.state ?? ((job: Job, age: number): Resource => ({ state: age < 1000 ? "queued" : age < job.work ? "running" : "done" }))

  const plugin: AsyncPlugin<Meta, Resource> = {
    config,
    create: (task) => Effect.gen(function*() {
      const name = task.metadata.taskExecutionId.generatedName
      if (options.secret !== undefined) yield* Effect.mapError(task.secrets.get(options.secret), (error) => new WebApiError({ fault: "Unauthorized", description: error.description }))
      keys.push(task.key)
      prefixes.push(task.paths.outputPrefix)
      creations.set(task.key, (creations.get(task.key) ?? 0) + 1)
      const now = yield* Clock.currentTimeMillis
      return yield* call("create", name, 0, () => {
        const job: Job = { id: `job-${jobs.length}`, key: task.key, createdAt: now, name, work: options.work ?? 60_000, deletedAt: undefined, deletions: 0, looks: 0 }
        jobs.push(job)
        return { meta: { id: job.id } }
      })
    }),
    ...(options.noFind === true ? {} : {
      find: (task) => call("find", task.metadata.taskExecutionId.generatedName, 0, () => {
        const job = jobs.find((it) => it.key === task.key)
        return job === undefined ? undefined : { meta: { id: job.id } }
      })
    }),
    get: ({ meta, secrets }) => Effect.gen(function*() {
      const job = jobs.find((it) => it.id === meta.id)
      if (options.secret !== undefined) Redacted.value(yield* Effect.mapError(secrets.get(options.secret), (error) => new WebApiError({ fault: "Unauthorized", description: error.description })))
      const now = yield* Clock.currentTimeMillis
      const looks = job === undefined ? 0 : job.looks++
      return yield* call("get", job?.name ?? meta.id, looks, () => (job === undefined || job.deletedAt !== undefined ? { state: "unknown" } : stateOf(job, now - job.createdAt)) as Resource)
    }),
    delete: ({ meta }) => Effect.gen(function*() {
      const job = jobs.find((it) => it.id === meta.id)
      const now = yield* Clock.currentTimeMillis
      return yield* call("delete", job?.name ?? meta.id, job?.deletions ?? 0, () => {
        if (job === undefined) return
        job.deletedAt ??= now
        job.deletions++
      })
    }),
    status: options.status ?? (({ resource }) => Effect.succeed(
      resource.state === "done"
        ? { phase: Phase.success(), outputs: Literals.literalMap(Object.fromEntries(Object.entries(resource.outputs ?? {}).map(([name, value]) => [name, Literals.integer(value)]))) }
        : resource.state === "failed"
        ? { phase: Phase.retryableFailure({ code: "JobFailed", message: "the job failed", kind: "USER" }) }
        : { phase: resource.state === "running" ? Phase.running(0, "at work") : Phase.queued(0, "in the queue of the service") }
    )),
    isTerminal: (resource) => resource.state === "done" || resource.state === "failed",
    ...options.plugin
  }
  return { plugin, jobs, calls, creations, keys, prefixes }
}
