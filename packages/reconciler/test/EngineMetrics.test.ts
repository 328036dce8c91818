import type { TaskAction } from "@fairlead/core"
import { Effect, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { PrometheusMetrics } from "effect/observability"
import { EngineMetrics } from "../src/index.ts"
import { makeScriptedPlugin, succeed } from "./scriptedPlugin.ts"
import { create, inWorld, refusal, taskAction, untilConcluded, withEngine } from "./world.ts"

const action = (pluginPhase?: string) => ({ metadata: {}, spec: {}, ...(pluginPhase === undefined ? {} : { status: { pluginPhase } }) }) as TaskAction.TaskAction
const value = (metric: Metric.Metric<number, unknown>, phase: string) => Metric.value(Metric.withAttributes(metric, { phase }))

const ended = { ...action("PhaseSuccess"), status: { pluginPhase: "PhaseSuccess", conditions: [{ type: "Succeeded", status: "True", reason: "Completed", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }] } } as TaskAction.TaskAction

describe("EngineMetrics", () => {
  it("counts no action as active that has ended, however long it is kept", () => {
    const program = Effect.gen(function*() {
      const metrics = yield* EngineMetrics.make
      metrics.movedPhase(undefined, action("PhaseRunning"))
      metrics.movedPhase(action("PhaseRunning"), ended)
      metrics.movedPhase(undefined, ended)
      metrics.movedPhase(ended, undefined)
      expect(yield* value(EngineMetrics.actionsActive, "PhaseRunning")).toMatchObject({ value: 0 })
      expect(yield* value(EngineMetrics.actionsActive, "PhaseSuccess")).toMatchObject({ value: 0 })
    })
    Effect.runSync(Effect.provideService(program, Metric.MetricRegistry, new Map()))
  })

  it("measures an action by the bytes of its JSON", () => {
    const program = Effect.gen(function*() {
      const metrics = yield* EngineMetrics.make
      const german = { ...action("PhaseRunning"), metadata: { name: "größer" } }
      metrics.sized(german)
      expect(yield* Metric.value(EngineMetrics.actionSize)).toMatchObject({ count: 1, sum: JSON.stringify(german).length + 2 })
    })
    Effect.runSync(Effect.provideService(program, Metric.MetricRegistry, new Map()))
  })

  it("tells writes apart by what they write and whether they failed", () => {
    const program = Effect.gen(function*() {
      const metrics = yield* EngineMetrics.make
      metrics.wrote("update", 4, false)
      metrics.wrote("status_update", 20, false)
      metrics.wrote("status_update", 30, false)
      metrics.wrote("status_update", 7, true)
      const seen = (op: string, error: string) => Effect.map(Metric.value(Metric.withAttributes(EngineMetrics.writeDuration, { op, error })), ({ count, sum }) => [count, sum])
      expect([yield* seen("update", "false"), yield* seen("status_update", "false"), yield* seen("status_update", "true"), yield* seen("update", "true")]).toEqual([[1, 4], [2, 50], [1, 7], [0, 0]])
    })
    Effect.runSync(Effect.provideService(program, Metric.MetricRegistry, new Map()))
  })

  it("an engine at work measures every write of an action, with the names that Flyte's dashboards ask for", () => {
    const scripted = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [scripted.plugin] }, (world, config) => Effect.gen(function*() {
      let isFirst = true
      world.fault = ({ subresource }) => (subresource === "status" && isFirst ? ((isFirst = false), { error: refusal("InternalError", 500), afterwards: false }) : undefined)
      yield* withEngine(config, Effect.andThen(create(taskAction("a0")), untilConcluded("a0")))
      const text = PrometheusMetrics.formatUnsafe(yield* Effect.context<never>())
      expect(text).toMatch(/taskaction_k8s_duration_milliseconds_count\{op="update",error="false"\} 2/)
      expect(text).toMatch(/taskaction_k8s_duration_milliseconds_count\{op="status_update",error="false"\} 2/)
      expect(text).toMatch(/taskaction_k8s_duration_milliseconds_count\{op="status_update",error="true"\} 1/)
      expect(text).toMatch(/taskaction_crd_size_bytes_count 2/)
      expect(text).toMatch(/taskaction_active\{phase="PhaseRunning"\} 0/)
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
  })

  it("counts actions by their phase as they come, move and go", () => {
    const program = Effect.gen(function*() {
      const metrics = yield* EngineMetrics.make
      metrics.movedPhase(undefined, action())
      metrics.movedPhase(undefined, action())
      metrics.movedPhase(action(), action("PhaseRunning"))
      metrics.movedPhase(action("PhaseRunning"), action("PhaseRunning"))
      expect(yield* value(EngineMetrics.actionsActive, "Unknown")).toMatchObject({ value: 1 })
      expect(yield* value(EngineMetrics.actionsActive, "PhaseRunning")).toMatchObject({ value: 1 })
      metrics.movedPhase(action("PhaseRunning"), undefined)
      expect(yield* value(EngineMetrics.actionsActive, "PhaseRunning")).toMatchObject({ value: 0 })
      metrics.storedPhase("PhaseSuccess")
      expect(yield* value(EngineMetrics.transitionsStored, "PhaseSuccess")).toMatchObject({ count: 1 })
    })
    Effect.runSync(Effect.provideService(program, Metric.MetricRegistry, new Map()))
  })
})

