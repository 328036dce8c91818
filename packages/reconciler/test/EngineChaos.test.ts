import type { KubeRequest } from "@fairlead/kube"
import { SeededRandom } from "@fairlead/simulation"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { EventSinkMemory } from "../src/index.ts"
import { fail, forever, lose, makeScriptedPlugin, quick, type Script, succeed } from "./scriptedPlugin.ts"
import { abort, create, exists, inWorld, phases, read, refusal, taskAction, withEngine } from "./world.ts"

const faults = [["Conflict", 409], ["TooManyRequests", 429], ["InternalError", 500], ["Timeout", 504]] as const
const count = 60

/** What the actions do: most succeed, some fail once or are lost once, some fail for good, some run until they are aborted. */
const scriptOf = (index: number): ((before: number) => ReturnType<Script>) => {
  switch (index % 6) {
    case 0: return () => quick
    case 1: return (before) => (before === 0 ? fail() : succeed)
    case 2: return (before) => (before === 0 ? lose : succeed)
    case 3: return () => fail()
    case 4: return () => forever
    default: return () => succeed
  }
}
const isAborted = (index: number): boolean => index % 6 === 4
const terminal = new Set(["SUCCEEDED", "ABORTED", "TIMED_OUT"])

describe("an engine among faults and restarts", () => {
  it.each([1, 2, 3, 4, 5])("ends every action once, seed %i", (seed) => {
    const random = SeededRandom.make(seed)
    const scripted = makeScriptedPlugin((action, before) => scriptOf(Number(action.replace("run-n", "")))(before))
    inWorld({ plugins: [scripted.plugin], seed, config: { maxSystemFailures: 10 } }, (world, config) => Effect.gen(function*() {
      const journal = yield* EventSinkMemory.EventJournal
      yield* create(...Array.from({ length: count }, (_, index) => taskAction(`n${index}`, { task: { container: { image: "img" }, retries: 1 } })))
      world.fault = (request: KubeRequest) => {
        if (request.verb === "list" || random.next() > 0.2) return undefined
        const [reason, code] = faults[Math.floor(random.next() * faults.length)]!
        return { error: refusal(reason, code), afterwards: code !== 409 && random.next() < 0.5 }
      }
      for (let restart = 0; restart < 8; restart++) {
        if (random.next() < 0.3) journal.refuse(3)
        scripted.faults.abort += 2
        yield* withEngine(config, Effect.sleep(200 + random.next() * 2000))
      }
      for (let index = 0; index < count; index++) if (isAborted(index)) yield* Effect.eventually(abort(`n${index}`))
      yield* withEngine(config, Effect.sleep("1 minute"))
      world.fault = () => undefined
      scripted.faults.abort = 0
      yield* withEngine(config, Effect.sleep("5 minutes"))

      for (let index = 0; index < count; index++) {
        const name = `n${index}`
        const told = journal.events.filter((it) => it.id.action === name)
        const ends = new Set(told.filter((it) => terminal.has(it.phase) || (it.phase === "FAILED" && index % 6 === 3 && it.attempt === 2)).map((it) => `${it.phase}/${it.attempt}/${it.version}`))
        expect([name, ends.size]).toEqual([name, 1])
        const mine = scripted.workloads.filter((it) => it.action === `run-${name}`)
        expect(new Set(mine.map((it) => `${it.attempt}/${it.launch}`)).size).toBe(mine.length)
        expect(mine.slice(0, -1).every((it) => it.stopped !== undefined)).toBe(true)
        expect([name, mine.every((it) => it.freed > 0)]).toEqual([name, true])
        if (isAborted(index)) {
          expect(yield* exists(name)).toBe(false)
          expect(mine.every((it) => it.stopped !== undefined)).toBe(true)
          continue
        }
        const action = yield* read(name)
        expect(action.metadata.finalizers ?? []).toEqual([])
        expect(action.metadata.labels?.["flyte.org/termination-status"]).toBe("terminated")
        expect(phases(action).at(-1)).toBe(index % 6 === 3 ? "PermanentFailure" : "Completed")
        expect(mine).toHaveLength([1, 2, 2, 2, 1, 1][index % 6]!)
      }
    }))
  })
})
