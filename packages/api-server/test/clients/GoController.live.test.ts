/** A controller on client-go, over protobuf: leader election, informer, queue, updates, patches and a watch that breaks. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { ApiRequest, FakeApiServer } from "../../src/index.ts"
import { installed, start, whyNot } from "./external.ts"
import { eventually, serverLayer, token, withUrl } from "./served.ts"

const name = "go-controller"
const folder = installed(name)

const configMaps = { group: "", version: "v1", plural: "configmaps", namespace: "default" } as const

const write = (server: FakeApiServer["Service"], verb: ApiRequest["verb"], objectName: string, keys = 0): void => {
  const data = Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, "v"]))
  const body = { metadata: { name: objectName, labels: { count: "true" } }, data }
  const { code } = server.handle({ verb, ...configMaps, ...(verb === "create" ? { body } : { name: objectName }) })
  assert.isBelow(code, 300)
}

it.live.skipIf(folder === undefined)(`a controller on client-go does its work${whyNot(name)}`, () =>
  withUrl(async (url, server) => {
    write(server, "create", "before", 3)
    const program = start(`${folder}/bin/go-controller`, [], { SERVER: url, TOKEN: token, ACTIONS: "4" })
    await eventually(() => program.lines.includes("annotated before 3"), `the first annotation; ${program.errors()}`)
    write(server, "create", "even", 2)
    await eventually(() => program.lines.includes("annotated even 2"), "the patch")
    write(server, "delete", "even")
    write(server, "create", "late", 1)
    assert.strictEqual(await program.ended, 0, program.errors())
    assert.deepStrictEqual(program.lines.slice(0, 2), ["leading", "synchronised"])
    assert.sameMembers(program.lines.slice(2), ["annotated before 3", "annotated even 2", "deleted even", "annotated late 1", "stopped"])
    const lease = server.handle({ verb: "get", group: "coordination.k8s.io", version: "v1", plural: "leases", namespace: "default", name })
    assert.strictEqual((lease.body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity ?? "", "")
  }).pipe(Effect.scoped, Effect.provide(serverLayer)))
