import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Faults, fetchHandler } from "../src/index.ts"
import { makeServer } from "./makeServer.ts"

const setUp = () => {
  const made = makeServer({ tokens: { t: { name: "admin", groups: ["system:masters"] } } })
  const faults = Faults.make(made.server, fetchHandler(made.server))
  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    faults.fetch(new Request(`http://server${path}`, { ...init, headers: { authorization: "Bearer t", "content-type": "application/json" } }))
  const create = (name: string): Promise<Response> =>
    ask("/api/v1/namespaces/default/configmaps", { method: "POST", body: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } }) })
  return { ...made, faults, ask, createOver: create }
}

const list = "/api/v1/namespaces/default/configmaps"

const underCalls = (verdict: Faults.CallVerdict, program: (world: ReturnType<typeof setUp>) => Promise<void>) => {
  const world = setUp()
  return Effect.scoped(Effect.gen(function*() {
    yield* world.faults.onCall(({ path }) => (path.startsWith(list) ? verdict : { _tag: "Pass" }))
    yield* Effect.promise(() => program(world))
  }))
}

/** What a watch shows of three new objects. */
const underEvents = (rule: (event: Faults.FaultEvent) => Faults.EventVerdict) => {
  const { createOver, faults, ask } = setUp()
  return Effect.scoped(Effect.gen(function*() {
    yield* faults.onEvent(rule)
    const reader = (yield* Effect.promise(() => ask(`${list}?watch=true`))).body!.getReader()
    for (const name of ["a", "b", "c", "end"]) yield* Effect.promise(() => createOver(name))
    const seen: Array<string> = []
    for (;;) {
      const { done, value } = yield* Effect.promise(() => reader.read())
      if (done) break
      for (const [, name] of new TextDecoder().decode(value).matchAll(/"name":"(\w+)"/g)) seen.push(name!)
      if (seen.includes("end")) break
    }
    yield* Effect.promise(() => reader.cancel())
    return seen.join(" ")
  }))
}

const on = (name: string, verdict: Faults.EventVerdict) => ({ line }: Faults.FaultEvent): Faults.EventVerdict =>
  line.includes(`"name":"${name}"`) ? verdict : { _tag: "Pass" }

describe("faults of calls", () => {
  it.effect("an error is answered without carrying the call out", () =>
    underCalls({ _tag: "Fail", code: 503, reason: "ServiceUnavailable", message: "not now" }, async ({ call, createOver }) => {
      const answer = await createOver("a")
      assert.deepStrictEqual([answer.status, ((await answer.json()) as { message: string }).message], [503, "not now"])
      assert.strictEqual(call("get", { name: "a" }).code, 404)
    }))

  it.effect("a lost request was not carried out, one with a lost answer was", () =>
    Effect.all([
      underCalls({ _tag: "Drop", lost: "Request" }, async ({ call, createOver }) => {
        assert.strictEqual(await createOver("a").then(() => "", (error: Error) => error.message), "fetch failed: the request was lost")
        assert.strictEqual(call("get", { name: "a" }).code, 404)
      }),
      underCalls({ _tag: "Drop", lost: "Answer" }, async ({ call, createOver }) => {
        assert.strictEqual(await createOver("a").then(() => "", (error: Error) => error.message), "fetch failed: the answer was lost")
        assert.strictEqual(call("get", { name: "a" }).code, 200)
      })
    ]))

  it.effect("a duplicated create answers that the object exists", () =>
    underCalls({ _tag: "Duplicate" }, async ({ createOver }) => assert.strictEqual((await createOver("a")).status, 409)))

  it.effect("a delayed call waits in the time of the server", () =>
    underCalls({ _tag: "Delay", millis: 1000 }, async ({ createOver, call, time }) => {
      const answer = createOver("a")
      assert.strictEqual(call("get", { name: "a" }).code, 404)
      time.advance(1000)
      assert.strictEqual((await answer).status, 201)
    }))

  it.effect("a stale list shows what was", () => {
    const world = setUp()
    return Effect.scoped(Effect.gen(function*() {
      world.create("a")
      const revision = world.server.revision()
      world.create("b")
      yield* world.faults.onCall(() => ({ _tag: "Stale", revision }))
      const body = (yield* Effect.promise(async () => (await world.ask(list)).json())) as { items: ReadonlyArray<unknown> }
      assert.lengthOf(body.items, 1)
    }))
  })

  it.effect("after a compaction a watch from an older version has expired", () =>
    underCalls({ _tag: "Compact" }, async ({ ask, create, server }) => {
      const before = server.revision()
      create("a")
      assert.include(await (await ask(`${list}?watch=true&resourceVersion=${before}&timeoutSeconds=1`)).text(), '"code":410')
    }))

  it.effect("a rule goes with its scope", () =>
    Effect.gen(function*() {
      const { ask, faults } = setUp()
      yield* Effect.scoped(faults.onCall(() => ({ _tag: "Fail", code: 500, reason: "InternalError", message: "x" })))
      assert.strictEqual((yield* Effect.promise(() => ask(list))).status, 200)
    }))
})

describe("faults of events", () => {
  it.effect("events are dropped, duplicated, reordered, or end the watch", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* underEvents(() => ({ _tag: "Pass" })), "a b c end")
      assert.strictEqual(yield* underEvents(on("b", { _tag: "Drop" })), "a c end")
      assert.strictEqual(yield* underEvents(on("b", { _tag: "Duplicate" })), "a b b c end")
      assert.strictEqual(yield* underEvents(on("b", { _tag: "Reorder" })), "a c b end")
      assert.strictEqual(yield* underEvents(on("b", { _tag: "Cut" })), "a")
    }))
})
