import { Datastore, DatastoreMemory, TaskFiles } from "@fairlead/datastore"
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import * as DatastoreFaults from "../src/DatastoreFaults.ts"
import type { FaultRules, FileCall } from "../src/Faults.ts"

it("judges every call, and a look for a file that need not be there as a read", () => {
  const judged: Array<FileCall> = []
  const files: Pick<FaultRules["files"], "judge"> = { judge: (method) => (judged.push(method), { _tag: "Fail", failure: "broken" }) }
  const layer = DatastoreFaults.layer({ files } as FaultRules).pipe(Layer.provide(DatastoreMemory.layer))
  const program = Effect.gen(function*() {
    const store = yield* Datastore
    expect(yield* Effect.flip(store.find("mem://b/x"))).toMatchObject({ method: "read", reason: { _tag: "Unavailable", description: "broken" } })
    expect((yield* Effect.flip(store.read("mem://b/x"))).method).toBe("read")
    expect((yield* Effect.flip(TaskFiles.readOutcome("mem://b/attempt"))).reason._tag).toBe("Unavailable")
    expect(judged).toEqual(["read", "read", "read"])
  })
  Effect.runSync(Effect.provide(program, layer))
})
