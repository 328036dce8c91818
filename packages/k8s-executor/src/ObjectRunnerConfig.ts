/** Settings of the object runner, for all kinds of objects alike. */
import { Duration, Effect, Schema } from "effect"

const Labels = Schema.Record(Schema.String, Schema.String)
const duration = (text: string) => Schema.DurationFromString.pipe(Schema.withDecodingDefaultKey(Effect.succeed(text)))

/** What every launched object gets, and how patient the runner is. Durations are written `"5 seconds"`. */
export const ObjectRunnerConfig = Schema.Struct({
  /** Labels of every object, unless the object or the task sets them. */
  defaultLabels: Labels.pipe(Schema.withDecodingDefaultKey(Effect.succeed({}))),
  /** Annotations of every object, unless the object or the task sets them. */
  defaultAnnotations: Labels.pipe(Schema.withDecodingDefaultKey(Effect.succeed({
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"
  }))),
  /** Puts a finalizer on every object, so that it cannot vanish before it was read. Costs one more write per task. */
  injectFinalizer: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  /** Deletes every object when its task has ended, its logs included. Costs one more write per task. */
  deleteOnFinalize: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  /** First pause after a quota refused an object; pauses grow with the time already waited. */
  quotaBackoffMin: duration("5 seconds"),
  /** Longest such pause. */
  quotaBackoffMax: duration("1 minute"),
  /** How long a created object may be missing from the cache before the API server is asked. */
  cacheDelayMax: duration("30 seconds")
})
export type ObjectRunnerConfig = typeof ObjectRunnerConfig.Type

/** The settings when nothing is configured. */
export const objectRunnerDefaults: ObjectRunnerConfig = Schema.decodeSync(ObjectRunnerConfig)({})

/** Milliseconds to wait before the next try to create an object that a quota refused, after `waited` milliseconds. */
export const quotaPause = (config: ObjectRunnerConfig, waited: number): number =>
  Math.min(Math.max(waited / 2, Duration.toMillis(config.quotaBackoffMin)), Duration.toMillis(config.quotaBackoffMax))
