import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { makeScriptedPlugin, succeed } from "./scriptedPlugin.ts"
import { create, inWorld, untilConcluded, withEngine, writesOf } from "./world.ts"

describe("an action that succeeds", () => {
  it("goes through its phases with one status write for running and one for the end", () => {
    const { plugin, workloads } = makeScriptedPlugin(() => succeed)
    inWorld({ plugins: [plugin] }, (world, config) => withEngine(config, Effect.gen(function*() {
      const { events } = yield* EventSinkMemory.EventJournal
      yield* create(ta("a0"))
      const action = yield* untilConcluded("a0")
      expect(action.status?.phaseHistory?.map((it) => it.phase)).toEqual(["Queued", "Executing", "Completed"])
      expect(events.map((it) => it.phase)).toEqual(["QUEUED", "RUNNING", "SUCCEEDED"])
      expect(writesOf(world)).toEqual(["create taskactions", "patch taskactions", "patch taskactions/status", "patch taskactions/status", "patch taskactions"])
      expect(workloads).toMatchObject([{ attempt: 1, launch: 0, freed: 1 }])
    })))
  })
})
import { taskAction as ta } from "./world.ts"
