import { Literals } from "@fairlead/core"
import { Datastore, TaskFiles } from "@fairlead/datastore"
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { WebApiError, WebApiPlugin } from "../src/index.ts"
import { makeService, type ServiceOptions } from "./support/service.ts"
import { abort, action, create, inWorld, list, phases, read, reasonOf, stateOf, until, untilConcluded, untilGone, withEngine } from "./support/world.ts"

const who = { id: "remote", taskTypes: ["remote"] }
const serve = (options: ServiceOptions = {}) => {
  const service = makeService(options)
  return { ...service, plugins: Effect.map(WebApiPlugin.makeAsync(who, service.plugin), (plugin) => [plugin]) }
}
const names = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `t${index}`)

describe("A task on a remote service", () => {
  test("is created once, watched, and ends with its outputs", () => {
    const service = serve({ state: (_, age) => ({ state: age < 2000 ? "queued" : age < 40_000 ? "running" : "done", outputs: { x: 7 } }) })
    inWorld({}, Effect.gen(function*() {
      const done = yield* withEngine(service.plugins, Effect.gen(function*() {
        yield* create(action("a", { interface: { outputs: { x: { type: "integer" } } } }))
        yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
        return yield* untilConcluded("a")
      }))
      expect(phases(done)).toEqual(["Queued", "Executing", "Completed"])
      expect(service.jobs).toHaveLength(1)
      expect(service.jobs[0]!.deletions).toBe(0)
      expect(service.calls.filter((it) => it.startsWith("create"))).toHaveLength(1)
      const outputs = yield* TaskFiles.readOutcome(`mem://data/default/proj/dev/run/${done.metadata.uid!.slice(0, 8)}/a/1`).pipe(Effect.catch(() => Effect.succeed(undefined)))
      void outputs
      const files = yield* Effect.flatMap(Datastore, (store) => store.list("mem://data/"))
      expect(JSON.stringify(files)).toContain("outputs.pb")
    }))
  })

  test("is deleted on the service when it is aborted, however far it is", () => {
    const service = serve({ work: 3_600_000 })
    inWorld({}, withEngine(service.plugins, Effect.gen(function*() {
      yield* create(action("a"))
      yield* until("a", (it) => it.status?.pluginPhase === "PhaseRunning")
      yield* abort("a")
      yield* untilGone("a")
      expect(service.jobs.map((it) => it.deletions)).toEqual([1])
    })))
  })
})

void [Literals, WebApiError, list, read, reasonOf, stateOf, names]
