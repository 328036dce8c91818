/** Turns a `KubeObjectPlugin` into a core `Plugin`: launches its object once, follows it, and cleans it up. */
import { type Idl, Phase, type Plugin, PluginError, type TaskExecutionContext, type Transition } from "@fairlead/core"
import { KubeClient, KubeError, type KubeObject } from "@fairlead/kube"
import { Duration, Effect, Result } from "effect"
import { createOutcome, kubeFailure } from "./CreateOutcome.ts"
import { abort, finalize } from "./internal/objectCleanup.ts"
import { risingVersion } from "./internal/phaseVersions.ts"
import { makeRecentLaunches } from "./internal/recentLaunches.ts"
import { hasObject, type LaunchedState, lookUp, type Parts, readLive } from "./internal/runnerParts.ts"
import { canSettle, settle } from "./internal/taskOutcome.ts"
import type { KubeObjectPlugin, PhaseReading } from "./KubeObjectPlugin.ts"
import type { ObjectEvent, ObjectEvents } from "./ObjectEvents.ts"
import { isOurs, objectName, stamp } from "./ObjectMetadata.ts"
import { ObjectReader } from "./ObjectReader.ts"
import { type ObjectRunnerConfig, objectRunnerDefaults, quotaPause } from "./ObjectRunnerConfig.ts"
import * as ObjectState from "./ObjectState.ts"

/** What may be left out when making a runner. */
export interface ObjectRunnerOptions {
  readonly config?: ObjectRunnerConfig | undefined
  /** Where Kubernetes Events about the objects are found; without it none are reported. */
  readonly events?: ObjectEvents | undefined
}

/**
 * Makes the plugin.
 *
 * Flow of `handle`: without state it looks for an object of this launch (a crash may have hidden it), else builds and
 * creates one; with state it looks the object up in the cache, reads its phase, and for a task that has ended the files
 * that it left. One launch costs one create and, in a quiet cluster, no read.
 *
 * Guarantees: an object is adopted only if it names this TaskAction's uid and this launch; it is believed gone only when
 * the API server says so; it is deleted only under its own uid; a lost state is rebuilt from the cluster.
 */
export const make = <A extends KubeObject>(
  plugin: KubeObjectPlugin<A>,
  options: ObjectRunnerOptions = {}
): Effect.Effect<Plugin, never, KubeClient | ObjectReader> =>
  Effect.gen(function*() {
    const config = options.config ?? objectRunnerDefaults
    const parts: Parts<A> = {
      plugin,
      client: yield* KubeClient,
      reader: yield* ObjectReader,
      recent: makeRecentLaunches<A>(Duration.toMillis(config.cacheDelayMax), 10 * Duration.toMillis(config.quotaBackoffMax)),
      config,
      events: options.events
    }
    return {
      id: plugin.id,
      taskTypes: plugin.taskTypes,
      generatedNameMaxLength: plugin.generatedNameMaxLength,
      handle: (context) => handle(parts, context),
      abort: (context) => abort(parts, context),
      finalize: (context) => finalize(parts, context)
    }
  })

const handle = <A extends KubeObject>(parts: Parts<A>, context: TaskExecutionContext): Effect.Effect<Transition, PluginError> => {
  const state = context.state === undefined ? undefined : ObjectState.decode(context.state)
  if (context.state !== undefined && state === undefined) {
    return Effect.succeed({ phase: corruptState(context.state.version) })
  }
  return state !== undefined && hasObject(state) ? check(parts, context, state, state) : launch(parts, context, state)
}

const corruptState = (version: number): Phase.PhaseInfo =>
  Phase.permanentFailure({
    code: "CorruptedPluginState",
    message: version === ObjectState.schemaVersion
      ? "the stored plugin state is damaged: it does not follow its own layout"
      : `the stored plugin state has layout ${version}, this engine reads layout ${ObjectState.schemaVersion}`,
    kind: "SYSTEM"
  }, { cleanup: true })

/** State of an object that was found or created now. */
const launched = (object: KubeObject, context: TaskExecutionContext, phase: Phase.PhaseInfo, since: number): LaunchedState => ({
  name: object.metadata.name ?? "",
  uid: object.metadata.uid ?? "",
  launch: context.launch,
  since,
  phase: phase.phase,
  phaseVersion: phase.version,
  reason: ObjectState.keptReason(phase.reason)
})

const launch = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  state: ObjectState.ObjectState | undefined
): Effect.Effect<Transition, PluginError> => {
  const { config, plugin, recent } = parts
  const { metadata, now } = context
  const name = objectName(metadata, context.launch, plugin.generatedNameMaxLength)
  const found = lookUp(parts, metadata.namespace, name, now)
  if (found !== undefined) return adopt(parts, context, found)

  if (state !== undefined) {
    const refusedAt = recent.refusedAt(metadata.namespace, name)
    if (refusedAt !== undefined && now - refusedAt < quotaPause(config, refusedAt - state.since)) {
      return Effect.succeed({ phase: Phase.waitingForResources(state.phaseVersion, state.reason) })
    }
  }
  return plugin.needsInputs(context)
    ? Effect.flatMap(context.inputs, (inputs) => create(parts, context, name, state, inputs))
    : create(parts, context, name, state, undefined)
}

const create = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  name: string,
  state: ObjectState.ObjectState | undefined,
  inputs: Idl.LiteralMap | undefined
): Effect.Effect<Transition, PluginError> => {
  const { config, plugin } = parts
  const { metadata, paths, template } = context
  const built = plugin.build({ metadata, template, paths, inputs, objectName: name })
  if (Result.isFailure(built)) return Effect.fail(built.failure)
  return Effect.matchEffect(parts.client.create<A>(plugin.resource, stamp(built.success, name, context.launch, metadata, plugin, config)), {
    onSuccess: (object) => Effect.succeed(submitted(parts, context, object)),
    onFailure: (error) => refused(parts, context, name, state, error)
  })
}

const submittedReason = "task submitted to K8s"

const submitted = <A extends KubeObject>(parts: Parts<A>, context: TaskExecutionContext, object: A): Transition => {
  parts.recent.created(object, context.now)
  const phase = Phase.queued(0, submittedReason, { occurredAt: context.now })
  return { phase, state: ObjectState.encode(launched(object, context, phase, context.now)), deferrable: true }
}

/** An object that carries the name of this launch: ours, or in our way. */
const adopt = <A extends KubeObject>(parts: Parts<A>, context: TaskExecutionContext, object: A): Effect.Effect<Transition, PluginError> => {
  if (!isOurs(object, context.launch, context.metadata)) return Effect.succeed({ phase: nameTaken(parts, object) })
  const createdAt = Date.parse(object.metadata.creationTimestamp ?? "")
  const phase = Phase.queued(0, submittedReason)
  const state = launched(object, context, phase, Number.isNaN(createdAt) ? context.now : createdAt)
  return check(parts, context, state, undefined)
}

const nameTaken = <A extends KubeObject>(parts: Parts<A>, object: A): Phase.PhaseInfo => {
  const owners = object.metadata.ownerReferences?.map((it) => `${it.kind} ${it.name} (${it.uid})`).join(", ") ?? ""
  return Phase.retryableFailure({
    code: "NameTaken",
    message: `a ${parts.plugin.resource.kind} named ${object.metadata.namespace}/${object.metadata.name} exists already and belongs to ${
      owners === "" ? "nobody" : owners
    }; delete it, or let the task be launched again under another name`,
    kind: "SYSTEM"
  })
}

const refused = Effect.fnUntraced(function*<A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  name: string,
  state: ObjectState.ObjectState | undefined,
  error: KubeError.KubeError
): Effect.fn.Return<Transition, PluginError> {
  const { namespace } = context.metadata
  const outcome = createOutcome(parts.plugin.id, error)
  switch (outcome._tag) {
    case "AlreadyExists": {
      const existing = yield* readLive(parts, { namespace, name })
      // Gone between two calls: its name is free now, so the next round creates.
      return existing === undefined ? yield* kubeFailure(parts.plugin.id, error) : yield* adopt(parts, context, existing)
    }
    case "QuotaExceeded": {
      parts.recent.refused(namespace, name, context.now)
      const phase = risingVersion(Phase.waitingForResources(0, outcome.reason), previousOf(state), [])
      return changed(state, {
        name,
        launch: context.launch,
        since: state?.since ?? context.now,
        phase: phase.phase,
        phaseVersion: phase.version,
        reason: ObjectState.keptReason(phase.reason)
      }, phase)
    }
    case "Failed":
      return { phase: outcome.phase }
    case "Unknown":
      return yield* outcome.error
  }
})

const previousOf = (state: ObjectState.ObjectState | undefined) =>
  state === undefined ? undefined : { phase: state.phase, version: state.phaseVersion, reason: state.reason }

/** A transition that carries the state only if it is another one than was stored. */
const changed = (stored: ObjectState.ObjectState | undefined, state: ObjectState.ObjectState, phase: Phase.PhaseInfo): Transition =>
  ObjectState.same(stored, state) ? { phase } : { phase, state: ObjectState.encode(state) }

/** Follows an object. `stored` is the state that the engine has, which lags behind `state` after an adoption. */
const check = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  state: LaunchedState,
  stored: ObjectState.ObjectState | undefined
): Effect.Effect<Transition, PluginError> => {
  const { namespace } = context.metadata
  const object = lookUp(parts, namespace, state.name, context.now)
  if (object?.metadata.uid === state.uid) return look(parts, context, state, stored, object)
  return Effect.flatMap(readLive(parts, { namespace, name: state.name }), (found): Effect.Effect<Transition, PluginError> =>
    found?.metadata.uid === state.uid
      ? look(parts, context, state, stored, found)
      : Effect.succeed({ phase: deletedExternally(parts, context, state, found) }))
}

/** Reads the phase of the object, and the files of a task that has ended. */
const look = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  state: LaunchedState,
  stored: ObjectState.ObjectState | undefined,
  object: A
): Effect.Effect<Transition, PluginError> => {
  const reading = parts.plugin.readPhase(object, {
    metadata: context.metadata,
    template: context.template,
    now: context.now,
    launchedAt: state.since,
    previous: previousOf(state),
    memory: state.memory
  })
  return Effect.mapEager(ended(object, context, reading), (phase) => transitionTo(parts, state, stored, reading, phase))
}

const transitionTo = <A extends KubeObject>(
  parts: Parts<A>,
  state: LaunchedState,
  stored: ObjectState.ObjectState | undefined,
  reading: PhaseReading,
  seen: Phase.PhaseInfo
): Transition => {
  const events = parts.events?.since(state.uid, state.lastEvent ?? 0) ?? noEvents
  const phase = risingVersion(seen, previousOf(state), events)
  const lastEvent = events.at(-1)?.cursor ?? state.lastEvent
  const next: { -readonly [K in keyof LaunchedState]: LaunchedState[K] } = {
    name: state.name,
    uid: state.uid,
    launch: state.launch,
    since: state.since,
    phase: phase.phase,
    phaseVersion: phase.version,
    reason: ObjectState.keptReason(phase.reason)
  }
  if (lastEvent !== undefined) next.lastEvent = lastEvent
  if (reading.memory !== undefined) next.memory = reading.memory
  const { phase: told, state: kept } = changed(stored, next, phase)
  // All this is in the object, so the next round would find it out again; only what a plugin remembers is not.
  const isOnTheWay = phase.phase === "Queued" || phase.phase === "Initializing" || (phase.phase === "Running" && state.phase === "Running")
  const canWait = isOnTheWay && reading.memory === undefined && state.memory === undefined
  const isQuiet = phase.phase === "Running" && reading.memory === undefined && parts.events === undefined && parts.reader.covers(parts.plugin.resource)
  return { phase: told, state: kept, deferrable: canWait ? true : undefined, lookAfter: isQuiet ? quietMillis : undefined }
}

const noEvents: ReadonlyArray<ObjectEvent> = []

/** Pause between looks at an object that runs: its cache tells of every change, so that a look by itself finds nothing new. */
const quietMillis = 5 * 60_000

const deletedExternally = <A extends KubeObject>(
  parts: Parts<A>,
  context: TaskExecutionContext,
  state: ObjectState.ObjectState,
  found: A | undefined
): Phase.PhaseInfo => {
  const name = `${context.metadata.namespace}/${state.name}`
  return Phase.retryableFailure({
    code: "ResourceDeletedExternally",
    message: `the ${parts.plugin.resource.kind} ${name} with uid ${state.uid} does not exist any more${
      found === undefined ? "" : `; the one of that name now has uid ${found.metadata.uid}`
    }: somebody else deleted it`,
    kind: "SYSTEM"
  })
}

/** The final phase once the object's fate and the task's files are taken into account. */
const ended = (object: KubeObject, context: TaskExecutionContext, reading: PhaseReading): Effect.Effect<Phase.PhaseInfo, PluginError> => {
  const { phase } = reading
  if (!Phase.isTerminal(phase.phase) && object.metadata.deletionTimestamp !== undefined) {
    return Effect.succeed(Phase.retryableFailure({
      code: "UnexpectedObjectDeletion",
      message: `${object.kind} ${object.metadata.namespace}/${object.metadata.name} is being deleted although its task has not ended`,
      kind: "SYSTEM"
    }, { info: phase.info }))
  }
  return canSettle(phase, reading.ran ?? true)
    ? Effect.map(context.outcome, (outcome) => settle(phase, outcome, context.template, context.paths.outputPrefix))
    : Effect.succeed(phase)
}
