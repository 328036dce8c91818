import { type Plugin, Phase, type PluginState, type TaskExecutionContext } from "@fairlead/core"
import { Clock, Effect, Layer, Redacted } from "effect"
import { describe, expect, test } from "vitest"
import { Engine, LaunchSecrets, WakeUps } from "../src/index.ts"
import { create, inWorld, read, taskAction, untilConcluded, withEngine } from "./world.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A plugin that waits until somebody calls `finish`, and tells when and with which context it was asked. */
const makePatientPlugin = () => {
  const rounds: Array<{ readonly at: number; readonly context: TaskExecutionContext }> = []
  const recovered: Array<ReadonlyArray<string>> = []
  let isFinished = false
  const plugin: Plugin = {
    id: "patient",
    taskTypes: ["container"],
    handle: (context) => Effect.map(Clock.currentTimeMillis, (at) => {
      rounds.push({ at, context })
      if (isFinished) return { phase: Phase.success() }
      const state = { version: 1, bytes: bytes(context.idempotencyKey) }
      return context.state === undefined
        ? { phase: Phase.queued(0, "written down"), state, lookAfter: 0 }
        : { phase: Phase.queued(1, "out there"), lookAfter: 3_600_000 }
    }),
    abort: () => Effect.void,
    finalize: () => Effect.void,
    recover: (states: ReadonlyArray<PluginState>) => Effect.sync(() => void recovered.push(states.map((it) => new TextDecoder().decode(it.bytes))))
  }
  return { plugin, rounds, recovered, finish: () => void (isFinished = true) }
}

describe("A plugin that says when it wants to be asked", () => {
  test("gets its next round at once after its state is stored, and then none before its time", () => {
    const { plugin, rounds } = makePatientPlugin()
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a"))
      yield* Effect.sleep("50 minutes")
      expect(rounds).toHaveLength(2)
      expect(rounds[1]!.at - rounds[0]!.at).toBeLessThan(100)
      expect(new TextDecoder().decode(rounds[1]!.context.state!.bytes)).toBe(rounds[0]!.context.idempotencyKey)
      yield* Effect.sleep("20 minutes")
      expect(rounds).toHaveLength(3)
    })))
  })

  test("is asked at once when it wakes its action, also with a context of an earlier round, and a wake-up for an action that is gone does nothing", () => {
    const { plugin, rounds, finish } = makePatientPlugin()
    inWorld({ plugins: [plugin] }, (_, config) => withEngine(config, Effect.gen(function*() {
      yield* create(taskAction("a"))
      yield* Effect.sleep("1 minute")
      finish()
      const now = yield* Clock.currentTimeMillis
      rounds[0]!.context.wake()
      rounds[0]!.context.wake()
      yield* untilConcluded("a")
      expect((yield* Clock.currentTimeMillis) - now).toBeLessThan(1000)
      const before = rounds.length
      rounds[0]!.context.wake()
      yield* Effect.sleep("1 minute")
      expect(rounds).toHaveLength(before)
    })))
  })

  test("hears of its unfinished launches before its first round after a restart", () => {
    const { plugin, rounds, recovered, finish } = makePatientPlugin()
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      yield* withEngine(config, Effect.gen(function*() {
        yield* create(taskAction("a"), taskAction("b"))
        yield* Effect.sleep("1 minute")
      }))
      const keys = [...new Set(rounds.map((it) => it.context.idempotencyKey))]
      expect(keys).toHaveLength(2)
      expect(recovered).toEqual([[]])
      finish()
      yield* withEngine(config, Effect.andThen(untilConcluded("a"), untilConcluded("b")))
      expect(recovered).toEqual([[], keys])
      expect(new Set(rounds.map((it) => it.context.idempotencyKey)).size).toBe(2)
      yield* withEngine(config, Effect.sleep("1 second"))
      expect(recovered.at(-1)).toEqual([])
    }))
  })
})

describe("Wake-ups from outside of plugins", () => {
  test("bring an early round of the action that they name", () => {
    const { plugin, rounds, finish } = makePatientPlugin()
    inWorld({ plugins: [plugin] }, (_, config) => Effect.gen(function*() {
      const wakeUps = WakeUps.make()
      const program = Effect.gen(function*() {
        yield* create(taskAction("a"))
        yield* Effect.sleep("1 minute")
        finish()
        wakeUps.wake("default", "run-a")
        yield* Effect.sleep("1 second")
        expect((yield* read("a")).status?.pluginPhase).toBe("PhaseSuccess")
        expect(rounds).toHaveLength(3)
      })
      yield* Effect.provide(program, Engine.layer(config).pipe(Layer.provide(Layer.succeed(WakeUps, wakeUps))), { local: true })
    }) as Effect.Effect<void>)
  })
})

describe("Secrets", () => {
  const scope = { namespace: "default", project: "proj", domain: "dev" }

  test("come from variables named by group and key, read anew on every call", () => {
    const variables: Record<string, string> = { "FAIRLEAD_SECRET_WAREHOUSE_API_TOKEN": "s3cret", "FAIRLEAD_SECRET_PLAIN": "p" }
    const program = Effect.flatMap(LaunchSecrets, (secrets) => Effect.gen(function*() {
      const first = yield* secrets.get("p", scope, { group: "warehouse", key: "api-token" })
      variables["FAIRLEAD_SECRET_WAREHOUSE_API_TOKEN"] = "changed"
      const second = yield* secrets.get("p", scope, { group: "warehouse", key: "api-token" })
      const third = yield* secrets.get("p", scope, { key: "plain" })
      const missing = yield* Effect.flip(secrets.get("p", scope, { key: "other" }))
      return { values: [first, second, third].map(Redacted.value), missing, shown: String(first) }
    }))
    const { values, missing, shown } = Effect.runSync(Effect.provide(program, LaunchSecrets.layerVariables(() => variables, "FAIRLEAD_SECRET_")))
    expect(values).toEqual(["s3cret", "changed", "p"])
    expect(shown).not.toContain("s3cret")
    expect(missing).toMatchObject({ code: "SecretNotFound", retryable: true, description: "there is no secret \"other\": the variable FAIRLEAD_SECRET_OTHER is not set" })
  })

  test("are unknown when nobody provides any, and that is said", () => {
    const error = Effect.runSync(Effect.flip(LaunchSecrets.none.get("p", scope, { group: "g", key: "k" })))
    expect(error.message).toContain("there is no secret \"g/k\": no source of secrets is configured")
  })
})
