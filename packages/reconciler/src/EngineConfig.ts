/** Settings of the engine, with a default for each. */
import { TaskPod } from "@fairlead/core"
import { Duration, Effect, Schema } from "effect"
import { cacheModes } from "./internal/cachePlan.ts"

const text = (value: string) => Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
const flag = (value: boolean) => Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
const count = (value: number, minimum = 0) =>
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(minimum)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
const isNotNegative = Schema.makeFilter((it: Duration.Duration) => Duration.toMillis(it) >= 0 || "a duration must not be negative")
const duration = (value: string) => Schema.DurationFromString.check(isNotNegative).pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))
const strings = Schema.Record(Schema.String, Schema.String)
const noStrings = strings.pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))

const Resources = Schema.Struct({ requests: noStrings, limits: noStrings })

/** What the configuration replaces in the templates of one task type. */
const Override = Schema.Struct({
  containerImage: Schema.optionalKey(Schema.String),
  resources: Schema.optionalKey(Resources),
  configMap: Schema.optionalKey(strings),
  /** Takes the place of the task's own container or pod. */
  podTemplate: Schema.optionalKey(TaskPod),
  config: noStrings
})

/** A service outside the cluster that tasks may connect to. */
const Connection = Schema.Struct({ source: Schema.String, connection: noStrings })

/**
 * Every setting, decodable from a file or from the environment (with `Config.schema` all but `overrides`, which may hold
 * whole pods); durations are written `10 seconds`, `5 minutes`.
 * A duration of zero switches a bound off.
 */
export const EngineConfig = Schema.Struct({
  /** The namespace that is watched; all if absent. */
  namespace: Schema.optionalKey(Schema.String),
  /** Name of this cluster, stamped on events. */
  cluster: text(""),
  /** URI of a folder for the files of actions that name no place of their own. Without it such actions are invalid. */
  dataRoot: Schema.optionalKey(Schema.String),
  /** Actions worked on at the same time. */
  workers: count(64, 1),
  /** Most of them that belong to one project and domain; 0 means no limit. Projects have turns in any case. */
  workersPerTenant: count(0),
  /** An unfinished action is looked at again after this time even if nothing was heard of it, unless its plugin names another. */
  requeueDuration: duration("10 seconds"),
  /** How long news that a crash may lose (queued, initializing, reasons) waits for company before it is written. */
  progressDelay: duration("2 seconds"),
  /** A round that takes longer is interrupted; if it hung in the plugin, that counts as a system failure. */
  reconcileTimeout: duration("2 minutes"),
  /** How long running rounds may take to end when the engine stops. */
  shutdownGrace: duration("30 seconds"),

  /** System failures in a row that are tolerated; 0 means 3, as in Flyte. One more is fatal once the window has passed too. */
  maxSystemFailures: count(3),
  /** System failures in a row are tolerated at least this long, however many they are: an outage must not kill healthy work. */
  systemFailureWindow: duration("2 minutes"),
  /** A launch that ran this long has made progress: the next system failure counts as the first. */
  systemFailureReset: duration("5 minutes"),
  /** First pause after a system failure; it doubles up to the maximum. */
  systemFailureDelayMin: duration("1 second"),
  systemFailureDelayMax: duration("30 seconds"),
  /** Most launches of one attempt, progress or not. */
  launchesMax: count(50, 1),

  /** Bounds for tasks whose template sets none. */
  queuedTimeout: duration("0 seconds"),
  runningTimeout: duration("0 seconds"),
  deadline: duration("0 seconds"),
  /** Whether an action is aborted when the action that owns it has failed for good. */
  abortOrphans: flag(true),
  /** How long a failing abort, finalize or event delivery may hold an action back before it is let go with a warning. */
  concludeTimeout: duration("10 minutes"),

  /** What discoverable tasks do with the cache: `use` it, `overwrite` what is there, `skip` it, or `evict` what is there. An action may say otherwise. */
  cacheMode: Schema.Literals(cacheModes).pipe(Schema.withDecodingDefaultKey(Effect.succeed("use" as const))),
  /** Results that are older count no more; zero sets no limit. */
  cacheMaxAge: duration("0 seconds"),
  /**
   * How often the reservation of a task is renewed that must not be done twice at a time. It expires after three times as long, unless the catalog allows less:
   * in that time an engine that died has to be replaced, or the task is done elsewhere as well.
   */
  cacheHeartbeat: duration("10 seconds"),
  /** How long a task that must not be done twice at a time waits for a catalog that does not answer, before it works without. */
  cachePatience: duration("30 seconds"),

  /** Service account of tasks that name none. */
  serviceAccountDefault: text(""),
  /** Whether tasks that say nothing may be preempted. */
  interruptibleDefault: flag(false),
  /** After so many system failures of an attempt an interruptible task runs on nodes that are not preempted; 0 means never. */
  interruptibleFailureThreshold: count(2),
  /** Requests and limits for tasks that ask for nothing. */
  platformResources: Resources.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Replacements by task type. */
  overrides: Schema.Record(Schema.String, Override).pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Connections by name. */
  connections: Schema.Record(Schema.String, Connection).pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Link to an attempt, with `{{project}}`, `{{domain}}`, `{{run}}`, `{{action}}`, `{{attempt}}`; empty for no console. */
  consoleUrlTemplate: text(""),
  /** Value of the label `organization`. */
  organization: text("flyte"),
  /** Task type → id of the plugin that carries it out, where that is not the one that registered for it. */
  pluginsForTaskTypes: noStrings,

  /** Time between sweeps for ended actions; zero switches collection off. */
  gcInterval: duration("30 minutes"),
  /** Age at which an ended action is deleted. */
  gcTtl: duration("1 hour")
})
export type EngineConfig = typeof EngineConfig.Type

const decode = Schema.decodeUnknownSync(EngineConfig, { errors: "all", onExcessProperty: "error" })

/** Fills in the defaults: `makeConfig({ dataRoot: "file:///tmp/data" })`. Throws for unknown settings and for values that the schema refuses, all at once. */
export const makeConfig = (settings: typeof EngineConfig.Encoded = {}): EngineConfig => decode(settings)

/** The bounds that decisions work with, in milliseconds. */
export interface Limits {
  readonly systemFailuresMax: number
  readonly systemFailureWindow: number
  readonly systemFailureReset: number
  readonly systemFailureDelayMin: number
  readonly systemFailureDelayMax: number
  readonly launchesMax: number
  readonly requeueAfter: number
  readonly progressDelay: number
  readonly queuedTimeout: number
  readonly runningTimeout: number
  readonly deadline: number
}

/** Takes the bounds out of the configuration. */
export const limitsOf = (config: EngineConfig): Limits => ({
  systemFailuresMax: config.maxSystemFailures === 0 ? 3 : config.maxSystemFailures,
  systemFailureWindow: Duration.toMillis(config.systemFailureWindow),
  systemFailureReset: Duration.toMillis(config.systemFailureReset),
  systemFailureDelayMin: Duration.toMillis(config.systemFailureDelayMin),
  systemFailureDelayMax: Duration.toMillis(config.systemFailureDelayMax),
  launchesMax: config.launchesMax,
  requeueAfter: Duration.toMillis(config.requeueDuration) || 10_000,
  progressDelay: Duration.toMillis(config.progressDelay),
  queuedTimeout: Duration.toMillis(config.queuedTimeout),
  runningTimeout: Duration.toMillis(config.runningTimeout),
  deadline: Duration.toMillis(config.deadline)
})
