import { describe, expect, it } from "vitest"
import { fetchHandler } from "../../src/index.ts"
import { flowOf } from "../../src/policy/fairness/Flow.ts"
import { makeServer } from "../makeServer.ts"

const listing = { verb: "list", group: "", version: "v1", plural: "pods", namespace: "default" }

describe("the flow of a request", () => {
  const { server } = makeServer()
  const of = (name: string, groups: ReadonlyArray<string>, attributes: object = listing): unknown => {
    const flow = flowOf(server.context, { name, groups }, attributes as typeof listing)
    return [flow?.flowSchema, flow?.priorityLevel]
  }

  it("is that of the first schema that fits", () => {
    expect(of("ann", ["system:authenticated"])).toEqual(["global-default", "global-default"])
    expect(of("root", ["system:masters", "system:authenticated"])).toEqual(["exempt", "exempt"])
    expect(of("system:serviceaccount:ns:sa", ["system:serviceaccounts", "system:authenticated"])).toEqual(["service-accounts", "workload-low"])
    expect(of("system:serviceaccount:kube-system:x", ["system:serviceaccounts", "system:authenticated"])).toEqual(["kube-system-service-accounts", "workload-high"])
    expect(of("system:node:n", ["system:nodes", "system:authenticated"])).toEqual(["system-nodes", "system"])
    expect(of("system:node:n", ["system:nodes"], { ...listing, plural: "nodes", namespace: "" })).toEqual(["system-node-high", "node-high"])
    expect(of("ann", ["system:authenticated"], { verb: "get", path: "/livez" })).toEqual(["probes", "exempt"])
  })

  it("has its schemas and levels served", () => {
    const list = (plural: string): number => (server.handle({ verb: "list", group: "flowcontrol.apiserver.k8s.io", version: "v1", plural }).body as unknown as { items: ReadonlyArray<unknown> }).items.length
    expect([list("flowschemas"), list("prioritylevelconfigurations")]).toEqual([13, 8])
  })
})

describe("a rule for too many requests", () => {
  it("refuses what it says until it is lifted, but never what is exempt", async () => {
    const { server } = makeServer({ tokens: { ann: { name: "ann", groups: [] }, root: { name: "root", groups: ["system:masters"] } } })
    const fetch = fetchHandler(server)
    const get = (token: string): Promise<Response> => fetch(new Request("http://x/api/v1/namespaces/default/pods", { headers: { authorization: `Bearer ${token}` } }))
    const lift = server.refuseTooMany(({ priorityLevel, verb }) => (priorityLevel === "global-default" && verb === "list" ? 3 : undefined))
    const refused = await get("ann")
    expect([refused.status, refused.headers.get("retry-after"), await refused.text()]).toEqual([429, "3", "Too many requests, please try again later.\n"])
    expect((await get("root")).status).toBe(200)
    lift()
    expect((await get("ann")).status).toBe(403)
  })
})
