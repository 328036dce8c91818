import type { KubeList } from "@fairlead/kube"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const namesOf = (body: unknown): ReadonlyArray<string | undefined> => (body as KubeList).items.map((item) => item.metadata.name)

describe("List", () => {
  it("pages over the state of the first page, whatever is written meanwhile", () => {
    fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (names, limit) => {
      const { call, create } = makeServer({ managedFields: false })
      for (const name of names) create(name)
      const seen: Array<string | undefined> = []
      let token = ""
      do {
        const { code, body } = call("list", { query: { limit: String(limit), ...(token === "" ? {} : { continue: token }) } })
        expect(code).toBe(200)
        seen.push(...namesOf(body))
        token = (body as KubeList).metadata.continue ?? ""
        create(`new-${seen.length}`)
        call("delete", { name: names[0]! })
      } while (token !== "")
      expect(seen).toEqual([...names].sort())
    }), { numRuns: 50 })
  })

  it("a token of a compacted version gives another one, for the rest as it is now", () => {
    const { server, call, create } = makeServer()
    for (const name of ["a", "b", "c"]) create(name)
    const first = call("list", { query: { limit: "1" } }).body as KubeList
    call("delete", { name: "b" })
    server.compact(server.revision())
    const expired = call("list", { query: { limit: "1", continue: first.metadata.continue } })
    expect([expired.code, (expired.body as { reason?: string }).reason]).toEqual([410, "Expired"])
    const rest = call("list", { query: { continue: (expired.body as KubeList).metadata.continue } })
    expect(namesOf(rest.body)).toEqual(["c"])
  })

  it("a future version is refused with the time to wait", () => {
    const { call } = makeServer()
    const { code, body, headers } = call("list", { query: { resourceVersion: "99999999", resourceVersionMatch: "NotOlderThan" } })
    expect([code, headers]).toEqual([504, { "Retry-After": "1" }])
    expect((body as { message?: string }).message).toMatch(/^Timeout: Too large resource version: 99999999, current: \d+$/)
  })
})
