import { Duration, Effect, Result } from "effect"
import { describe, expect, test } from "vitest"
import { asyncPlugin, loadEntries, parsePluginConfig, type PluginConfigInput, pluginConfigDefaults, type PluginEntry, syncPlugin, TokenBucket, retryAfterMillis, faultOfStatus } from "../src/index.ts"
import { makeService } from "./support/service.ts"

const refused = (input: PluginConfigInput) => {
  const parsed = parsePluginConfig(input)
  if (Result.isSuccess(parsed)) throw new Error("it was accepted")
  return parsed.failure
}

describe("Settings of a plugin", () => {
  test("have Flyte's defaults", () => {
    const { caching, readRateLimiter, writeRateLimiter, resourceQuotas } = pluginConfigDefaults
    expect([caching.size, Duration.toSeconds(caching.resyncInterval), caching.workers, caching.maxSystemFailures]).toEqual([100_000, 30, 10, 5])
    expect([readRateLimiter, writeRateLimiter, resourceQuotas]).toEqual([{ qps: 30, burst: 300 }, { qps: 20, burst: 200 }, {}])
  })

  test.each([
    ["lower", { caching: { size: 10, resyncInterval: "5 seconds", workers: 1, maxSystemFailures: 0 }, readRateLimiter: { qps: 0.001, burst: 5 }, writeRateLimiter: { qps: 0.001, burst: 5 } }],
    ["upper", { caching: { size: 500_000, resyncInterval: "1 hour", workers: 10_000 }, readRateLimiter: { qps: 100_000, burst: 10_000 }, writeRateLimiter: { qps: 100_000, burst: 10_000 } }]
  ])("are accepted at their %s bounds", (_, input) => {
    expect(Result.isSuccess(parsePluginConfig(input))).toBe(true)
  })

  test.each([
    ["below", { caching: { size: 9, resyncInterval: "4 seconds", workers: 0 }, readRateLimiter: { qps: 0, burst: 4 }, writeRateLimiter: { qps: 0, burst: 4 } }, ["9", "4s", "0", "0", "4", "0", "4"]],
    ["above", { caching: { size: 500_001, resyncInterval: "61 minutes", workers: 10_001 }, readRateLimiter: { qps: 100_001, burst: 10_001 }, writeRateLimiter: { qps: 100_001, burst: 10_001 } }, ["500001", "1h 1m", "10001", "100001", "10001", "100001", "10001"]]
  ])("that are %s their bounds are all told together, each with its bounds", (_, input, provided) => {
    const { message, violations } = refused(input)
    expect(violations).toHaveLength(7)
    expect(violations.map((it) => it.provided).sort()).toEqual([...provided].sort())
    const lines = message.split("\n")
    expect(lines).toHaveLength(8)
    expect(lines[0]).toBe("config validation failed:")
    expect(lines.some((it) => /^caching\.size is (9|500001); it must be between 10 and 500000$/.test(it))).toBe(true)
  })

  test("of the wrong shape are told by their names", () => {
    expect(refused({ caching: { size: "many" }, unknown: 1 } as never).problems.join("\n")).toMatch(/caching\.size[\s\S]*unknown|unknown[\s\S]*caching\.size/)
  })
})

describe("A token bucket", () => {
  test("allows a burst, then the pace, also of less than one in a second (A7)", () => {
    const bucket = new TokenBucket({ qps: 0.5, burst: 5 }, 0)
    expect(Array.from({ length: 6 }, () => bucket.take(0))).toEqual([0, 0, 0, 0, 0, 2000])
    expect(bucket.take(1999)).toBeGreaterThan(0)
    expect(bucket.take(2000)).toBe(0)
  })

  test("allows nothing while it is paused, and no burst after that", () => {
    const bucket = new TokenBucket({ qps: 10, burst: 100 }, 0)
    bucket.pause(60_000)
    expect(bucket.take(1000)).toBe(59_000)
    expect(bucket.take(60_000)).toBe(100)
    expect(bucket.take(60_100)).toBe(0)
    expect(bucket.take(60_100)).toBe(100)
  })

  test("lets urgent calls take what is not there yet, and others wait for it", () => {
    const bucket = new TokenBucket({ qps: 1, burst: 5 }, 0)
    expect(Array.from({ length: 7 }, () => bucket.reserve(0))).toEqual([0, 0, 0, 0, 0, 1000, 2000])
    expect(bucket.waitFor(0)).toBe(3000)
  })

  test("never gives more than its pace and its burst, in whatever steps it is asked", () => {
    for (const step of [1, 7, 100, 2500]) {
      const bucket = new TokenBucket({ qps: 3, burst: 10 }, 0)
      let taken = 0
      for (let now = 0; now <= 100_000; now += step) while (bucket.take(now) === 0) taken++
      expect(taken).toBeLessThanOrEqual(10 + 300)
      expect(taken).toBeGreaterThan(10 + 300 - 2 - 3 * step / 1000)
    }
  })
})

test("answers of HTTP are sorted by what helps, and the pause that they ask for is read", () => {
  expect([400, 401, 403, 404, 408, 410, 422, 429, 500, 502, 503, 504].map(faultOfStatus)).toEqual(
    ["Rejected", "Unauthorized", "Unauthorized", "NotFound", "Unknown", "NotFound", "Rejected", "Throttled", "Unavailable", "Unavailable", "Unavailable", "Unknown"]
  )
  expect(["7", "0.5", "", "soon", undefined].map((it) => retryAfterMillis(it, 0))).toEqual([7000, 500, undefined, undefined, undefined])
  expect(retryAfterMillis("Thu, 01 Jan 1970 00:01:00 GMT", 15_000)).toBe(45_000)
  // A time of day where seconds belong, and a year that is not meant.
  expect(["1798675200", "1e300", "Fri, 01 Jan 2100 00:00:00 GMT"].map((it) => retryAfterMillis(it, 0))).toEqual([3_600_000, 3_600_000, 3_600_000])
})

describe("Entries (A19)", () => {
  const entry = (id: string, more: Partial<PluginEntry> = {}): PluginEntry => ({ id, supportedTaskTypes: ["a", "b"], load: () => Effect.succeed(asyncPlugin(makeService().plugin)), ...more })

  test("have their defaults honoured, and each its own labels for metrics", () => {
    const labels: Array<unknown> = []
    const noting = (id: string, more: Partial<PluginEntry>) => entry(id, { ...more, load: (setup) => Effect.sync(() => (labels.push(setup.metricLabels), asyncPlugin(makeService().plugin))) })
    const loaded = Effect.runSync(Effect.scoped(loadEntries([noting("one", { isDefault: true }), noting("two", { defaultForTaskTypes: ["b"] })])))
    expect([loaded.default, loaded.forTaskTypes, loaded.plugins.map((it) => it.id)]).toEqual(["one", { b: "two" }, ["one", "two"]])
    expect(labels).toEqual([{ plugin: "one" }, { plugin: "two" }])
  })

  test("that cannot be registered are told together, before any is loaded", () => {
    const load = () => Effect.die("it was loaded")
    const error = Effect.runSync(Effect.flip(Effect.scoped(loadEntries([
      entry("", { load }),
      entry("none", { supportedTaskTypes: [], load }),
      entry("one", { isDefault: true, defaultForTaskTypes: ["a", "z"], load }),
      entry("one", { isDefault: true, defaultForTaskTypes: ["a"], load })
    ]))))
    expect(error.message.split("; ")).toEqual([
      "a plugin for a, b has no id",
      "plugin none supports no task type",
      "plugin one is to be the default for \"z\", which it does not support",
      "only one plugin can be the default, these want to: one, one",
      "two plugins have the id one",
      "only one plugin can be the default for \"a\", these want to: one, one"
    ])
  })

  test("with settings out of range fail to load", () => {
    const bad = entry("bad", { load: () => Effect.succeed(syncPlugin({ config: () => ({ caching: { size: 1 } }), do: () => Effect.die("no") })) })
    expect(Effect.runSync(Effect.flip(Effect.scoped(loadEntries([bad])))).message).toContain("caching.size is 1")
  })
})
