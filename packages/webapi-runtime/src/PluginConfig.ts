/** Settings of a web API plugin: Flyte's `webapi.PluginConfig` with its defaults and ranges, and what it lacks. */
import { Data, Duration, Result, Schema, SchemaIssue } from "effect"
import { duration, withDefault } from "./internal/settings.ts"

const number = (value: number) => withDefault(Schema.Finite, value)

const rateLimiter = (qps: number, burst: number) => withDefault(Schema.Struct({
  /** Calls in a second, on average, to one endpoint. Fractions are allowed. */
  qps: number(qps),
  /** Calls at once after a quiet time. */
  burst: number(burst)
}), {})

/** Every setting with its default. Durations are written `30 seconds`, `5 minutes`. */
export const PluginConfig = Schema.Struct({
  /** Quota name → jobs at the same time. Empty: no quotas. */
  resourceQuotas: withDefault(Schema.Record(Schema.String, Schema.Int), {}),
  readRateLimiter: rateLimiter(30, 300),
  writeRateLimiter: rateLimiter(20, 200),
  caching: withDefault(Schema.Struct({
    /** Most live jobs; further tasks wait. */
    size: withDefault(Schema.Int, 100_000),
    /** How often an old job is looked at. Young jobs, and those that have just changed, are looked at more often. */
    resyncInterval: duration("30 seconds"),
    /** Calls of `get` at the same time. */
    workers: withDefault(Schema.Int, 10),
    /** Failures of `get` in a row, without a success between, that a job may have before it is given up. */
    maxSystemFailures: withDefault(Schema.Int, 5)
  }), {}),
  /** Failures of `get` in a row must also have gone on for this long before a job is given up. */
  failureBudget: duration("5 minutes"),
  /** Time that each call may take. */
  timeouts: withDefault(Schema.Struct({
    create: duration("30 seconds"),
    get: duration("30 seconds"),
    delete: duration("30 seconds"),
    /** A call of a sync plugin. */
    do: duration("10 minutes")
  }), {}),
  /** Tenant (project) → its weight when calls are scarce; 1 for those that are not named. */
  shares: withDefault(Schema.Record(Schema.String, Schema.Finite), {})
})
export type PluginConfig = typeof PluginConfig.Type

/** Settings as they are written: everything may be left out. */
export type PluginConfigInput = typeof PluginConfig.Encoded

/** One setting that is out of its range. */
export interface Violation {
  readonly field: string
  readonly min: string
  readonly max: string
  readonly provided: string
}

/** Settings that cannot be used, with everything that is wrong with them. */
export class PluginConfigInvalid extends Data.TaggedError("PluginConfigInvalid")<{
  readonly violations: ReadonlyArray<Violation>
  /** What is not even of the right shape. */
  readonly problems: ReadonlyArray<string>
}> {
  /** One line for each violation after the first one, as Flyte's text is. */
  override get message(): string {
    const lines = this.violations.map(({ field, max, min, provided }) => `${field} is ${provided}; it must be between ${min} and ${max}`)
    return `config validation failed:\n${[...this.problems, ...lines].join("\n")}`
  }
}

const ranges: ReadonlyArray<readonly [field: string, of: (config: PluginConfig) => number, min: number, max: number]> = [
  ["caching.size", (it) => it.caching.size, 10, 500_000],
  ["caching.workers", (it) => it.caching.workers, 1, 10_000],
  ["caching.maxSystemFailures", (it) => it.caching.maxSystemFailures, 0, 1000],
  // Flyte's lower bound is 1, which is why calls rarer than one in a second never worked there.
  ["readRateLimiter.qps", (it) => it.readRateLimiter.qps, 0.001, 100_000],
  ["readRateLimiter.burst", (it) => it.readRateLimiter.burst, 5, 10_000],
  ["writeRateLimiter.qps", (it) => it.writeRateLimiter.qps, 0.001, 100_000],
  ["writeRateLimiter.burst", (it) => it.writeRateLimiter.burst, 5, 10_000]
]

const second = 1000
const times: ReadonlyArray<readonly [field: string, of: (config: PluginConfig) => Duration.Duration, min: number, max: number]> = [
  ["caching.resyncInterval", (it) => it.caching.resyncInterval, 5 * second, 3600 * second],
  ["failureBudget", (it) => it.failureBudget, 0, 24 * 3600 * second],
  ["timeouts.create", (it) => it.timeouts.create, 100, 3600 * second],
  ["timeouts.get", (it) => it.timeouts.get, 100, 3600 * second],
  ["timeouts.delete", (it) => it.timeouts.delete, 100, 3600 * second],
  ["timeouts.do", (it) => it.timeouts.do, 100, 24 * 3600 * second]
]

/** Everything in `config` that is out of its range, in the order of the settings. */
export const violationsOf = (config: PluginConfig): ReadonlyArray<Violation> => [
  ...ranges.flatMap(([field, of, min, max]) => {
    const value = of(config)
    return value >= min && value <= max ? [] : [{ field, min: String(min), max: String(max), provided: String(value) }]
  }),
  ...times.flatMap(([field, of, min, max]) => {
    const value = Duration.toMillis(of(config))
    return value >= min && value <= max ? [] : [{ field, min: textOf(min), max: textOf(max), provided: Duration.format(of(config)) }]
  }),
  ...Object.entries(config.resourceQuotas).flatMap(([name, quota]) =>
    quota >= 1 && quota <= 1_000_000 ? [] : [{ field: `resourceQuotas.${name}`, min: "1", max: "1000000", provided: String(quota) }]),
  ...Object.entries(config.shares).flatMap(([name, share]) =>
    share > 0 && share <= 1000 ? [] : [{ field: `shares.${name}`, min: "0.001", max: "1000", provided: String(share) }])
]

const textOf = (millis: number): string => Duration.format(Duration.millis(millis))

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Fills in defaults and checks ranges. */
export const parsePluginConfig = (input: unknown): Result.Result<PluginConfig, PluginConfigInvalid> => {
  const given: unknown = input ?? {}
  const decoded = Schema.decodeUnknownResult(PluginConfig)(given, { errors: "all", onExcessProperty: "error" })
  if (Result.isFailure(decoded)) {
    const problems = formatIssue(decoded.failure.issue).issues.map(({ message, path = [] }) =>
      `${path.map((it) => String(typeof it === "object" ? it.key : it)).join(".") || "the settings"}: ${message}`)
    return Result.fail(new PluginConfigInvalid({ problems, violations: [] }))
  }
  const violations = violationsOf(decoded.success)
  return violations.length === 0 ? Result.succeed(decoded.success) : Result.fail(new PluginConfigInvalid({ problems: [], violations }))
}

/** The settings when nothing is configured. */
export const pluginConfigDefaults: PluginConfig = Result.getOrThrow(parsePluginConfig({}))
