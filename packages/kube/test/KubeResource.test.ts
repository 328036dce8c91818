import { describe, expect, it } from "vitest"
import * as KubeResource from "../src/KubeResource.ts"

const { configMaps, jobs, nodes } = KubeResource

describe("KubeResource", () => {
  it.each([
    [nodes, {}, "/api/v1/nodes"],
    [nodes, { name: "a", namespace: "ignored" }, "/api/v1/nodes/a"],
    [configMaps, {}, "/api/v1/configmaps"],
    [configMaps, { namespace: "n" }, "/api/v1/namespaces/n/configmaps"],
    [configMaps, { namespace: "n", name: "a b/c" }, "/api/v1/namespaces/n/configmaps/a%20b%2Fc"],
    [jobs, { namespace: "n", name: "a", subresource: "status" }, "/apis/batch/v1/namespaces/n/jobs/a/status"]
  ])("pathOf gives the path that Kubernetes serves", (resource, at, path) => {
    expect(KubeResource.pathOf(resource, at)).toBe(path)
  })

  it("apiVersionOf leaves out the core group", () => {
    expect([KubeResource.apiVersionOf(nodes), KubeResource.apiVersionOf(jobs)]).toEqual(["v1", "batch/v1"])
  })
})
