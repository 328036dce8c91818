/** The contract of plugins for services that work on a job while one asks how it goes: Flyte's `webapi.AsyncPlugin`. */
import type { LiteralMap } from "./internal/idl.ts"
import type { Phase, SecretAccessor, TaskExecutionContext } from "@fairlead/core"
import type { Effect } from "effect"
import type { PluginConfigInput } from "./PluginConfig.ts"
import type { WebApiError } from "./WebApiError.ts"

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** What a plugin may know about the task that it works for. */
export interface WebApiTask extends Pick<TaskExecutionContext, "metadata" | "template" | "paths" | "inputs" | "outcome" | "launch" | "secrets" | "now"> {
  /** Names the job to the service, so that asking twice makes one job: the same on every call for one launch, unlike any other. A UUID. */
  readonly key: string
}

/** What `get` and `find` work with: no task, for they are called between rounds. */
export interface JobContext<Meta> {
  readonly key: string
  readonly meta: Meta
  readonly secrets: SecretAccessor
}

/** What `delete` works with. */
export interface DeleteContext<Meta> extends JobContext<Meta> {
  readonly reason: string
}

/** What `status` works with. */
export interface StatusContext<Meta, Resource> extends WebApiTask {
  readonly meta: Meta
  readonly resource: Resource
}

/** A job that was begun. With `resource`, its state is looked at without asking again: for services that finish some jobs at once. */
export interface Created<Meta, Resource> {
  readonly meta: Meta
  readonly resource?: Resource | undefined
}

/** What a resource means for the task. */
export interface JobStatus {
  readonly phase: Phase.PhaseInfo
  /** Written to `outputs.pb`, once, before the success is reported. If left out, what the job itself wrote there counts. */
  readonly outputs?: LiteralMap | undefined
}

/** A quota that jobs take from, and how much of it one tenant may have. */
export interface ResourceRequirements {
  /** A name of `resourceQuotas`. */
  readonly namespace: string
  /** Most jobs of one project, of one namespace (project and domain); no bound if left out. */
  readonly projectMax?: number | undefined
  readonly namespaceMax?: number | undefined
}

/**
 * Runs jobs on a remote service.
 *
 * Flow: `create` once per launch, `get` at the pace of the configuration, `status` after each change, `delete` when the task is
 * aborted or given up. Calls are limited in rate and time by the runtime.
 *
 * Guarantees: that a job is going to be created is stored before `create` is called, and its `meta` before `status` is. `create` is
 * called again only with the same key, and not at all when `find` knows the key. A call that throws, hangs or answers nonsense
 * harms only its own job.
 *
 * Assumptions: `meta` holds references to secrets, never their values: it is stored and shown. The runtime refuses a `meta` in which
 * it finds a secret that `create` has read.
 */
export interface AsyncPlugin<Meta extends Json = Json, Resource = unknown> {
  /** Settings; asked for again before every use, so they may change. A wrong new value leaves the last good one in force. */
  readonly config: () => PluginConfigInput
  /** Which quota the job takes from. Must answer the same for the same task. Needed only with `resourceQuotas`. */
  readonly resourceRequirements?: ((task: WebApiTask) => Effect.Effect<ResourceRequirements, WebApiError>) | undefined
  /** Which server the job is on: each has limits of its own. One for all if left out. */
  readonly endpoint?: ((task: WebApiTask) => string) | undefined
  /** Begins the job. Must be idempotent by `key` if the service lets it. */
  readonly create: (task: WebApiTask) => Effect.Effect<Created<Meta, Resource>, WebApiError>
  /** Looks for a job that was created under `key`; `undefined` when there is none. For services that can be asked so. */
  readonly find?: ((task: WebApiTask) => Effect.Effect<Created<Meta, Resource> | undefined, WebApiError>) | undefined
  /** True when `create` with a known key answers the job that is there. Lets an abort find a job whose `create` never answered. */
  readonly isCreateIdempotent?: boolean | undefined
  /** Looks at a job. The answer is kept in memory only. */
  readonly get: (context: JobContext<Meta>) => Effect.Effect<Resource, WebApiError>
  /** Looks at many jobs of one endpoint and tenant by one call; answers in the order asked. */
  readonly getMany?: {
    readonly most: number
    readonly get: (contexts: ReadonlyArray<JobContext<Meta>>) => Effect.Effect<ReadonlyArray<Resource | WebApiError>, WebApiError>
  } | undefined
  /** Ends a job. A job that is not there, or has ended, is a success. */
  readonly delete: (context: DeleteContext<Meta>) => Effect.Effect<void, WebApiError>
  /** Says what a resource means. Should not call the service. */
  readonly status: (context: StatusContext<Meta, Resource>) => Effect.Effect<JobStatus, WebApiError>
  /** True for a resource that will not change any more: it is not asked for again. */
  readonly isTerminal?: ((resource: Resource) => boolean) | undefined
  /** True when two resources mean the same: then the engine is not woken. Compared field by field if left out. */
  readonly isSame?: ((one: Resource, other: Resource) => boolean) | undefined
  /** Reads a stored `meta`, also of earlier versions of the plugin; throws on one that it cannot read. */
  readonly decodeMeta?: ((meta: Json) => Meta) | undefined
}
