import type { TaskAction } from "@fairlead/core"
import { Effect, Metric } from "effect"
import { describe, expect, it } from "vitest"
import { EngineMetrics } from "../src/index.ts"

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

