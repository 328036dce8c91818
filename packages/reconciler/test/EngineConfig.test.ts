import { Config, ConfigProvider, Duration, Effect, Schema, Struct } from "effect"
import { describe, expect, it } from "vitest"
import { EngineConfig, limitsOf, makeConfig } from "../src/index.ts"

const defaults = Schema.encodeSync(EngineConfig)(makeConfig())

/** Whole pods, which overrides may hold, have no form in `Config`'s tree of texts. */
const flat = EngineConfig.mapFields(Struct.omit(["overrides"]))

describe("EngineConfig", () => {
  it("has a default for everything that needs a value", () => {
    const config = makeConfig()
    expect(config).toMatchObject({ workers: 64, maxSystemFailures: 3, organization: "flyte", platformResources: { requests: {}, limits: {} } })
    expect(Duration.toMillis(config.gcTtl)).toBe(3_600_000)
    expect(config).not.toHaveProperty("dataRoot")
  })

  it("refuses what it does not know, everything at once", () => {
    const faulty = { workers: 0, gcTtl: "soon", maxSystemFailures: -1, colour: "red" } as unknown as Parameters<typeof makeConfig>[0]
    expect(() => makeConfig(faulty)).toThrow(/workers[\s\S]*maxSystemFailures|maxSystemFailures[\s\S]*workers/)
    expect(() => makeConfig({ requeueDuration: "-5 seconds" })).toThrow(/must not be negative/)
    expect(() => makeConfig({ colour: "red" } as never)).toThrow(/colour/)
  })

  it("can be read from the environment", () => {
    const provider = ConfigProvider.fromUnknown({ engine: { workers: "8", gcTtl: "5 minutes", dataRoot: "s3://b", interruptibleDefault: "true" } })
    const config = Effect.runSync(Config.schema(flat, "engine").parse(provider))
    expect(config).toMatchObject({ workers: 8, dataRoot: "s3://b", interruptibleDefault: true })
  })

  const scalars = Object.entries(defaults).flatMap(([key, value]): ReadonlyArray<readonly [string, string]> => {
    if (typeof value === "number") return [[key, String(value + 1)]]
    if (typeof value === "boolean") return [[key, String(!value)]]
    if (typeof value !== "string") return []
    return [[key, /^\d/.test(value) ? "7 seconds" : key === "cacheMode" ? "skip" : "other"]]
  })

  it.each(scalars)("takes %s from the environment", (key, text) => {
    const provider = ConfigProvider.fromUnknown({ engine: { [key]: text } })
    const config = Effect.runSync(Config.schema(flat, "engine").parse(provider))
    const changed = Object.entries(Schema.encodeSync(flat)(config)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name as keyof typeof defaults]))
    expect(changed.map(([name]) => name)).toEqual([key])
  })

  it("an interval of zero between looks means the default", () => {
    expect(limitsOf(makeConfig({ requeueDuration: "0 seconds" })).requeueAfter).toBe(10_000)
    expect(limitsOf(makeConfig({ requeueDuration: "45 seconds" })).requeueAfter).toBe(45_000)
  })
})
