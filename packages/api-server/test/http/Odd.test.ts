import type { Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { fetchHandler } from "../../src/index.ts"
import { makeServer } from "../makeServer.ts"

const table = "application/json;as=Table;v=v1;g=meta.k8s.io"

const withFace = () => {
  const { server, call } = makeServer({ tokens: { t: { name: "admin", groups: ["system:masters"] } } })
  const handle = fetchHandler(server)
  const ask = (method: string, path: string, { body, accept = "application/json", type = "application/json" }: { body?: string; accept?: string; type?: string } = {}): Promise<Response> =>
    handle(new Request(`http://server${path}`, { method, headers: { authorization: "Bearer t", accept, "content-type": type }, ...(body === undefined ? {} : { body }) }))
  return { ask, call }
}

const maps = "/api/v1/namespaces/default/configmaps"

describe("odd requests", () => {
  it.each<readonly [string, string, number]>([
    ["DELETE", "/api/v1/configmaps", 405],
    ["DELETE", "/api/v1/watch/namespaces/default/configmaps/a", 405],
    ["POST", "/api/v1/watch/namespaces/default/configmaps", 405],
    ["GET", "/api/v1/watch/namespaces/default/pods/a/status", 404],
    ["GET", "/api/v1/nodes/..%2fx", 404]
  ])("%s %s answers %d", async (method, path, code) => {
    const response = await withFace().ask(method, path, method === "POST" ? { body: "{}" } : {})
    expect([response.status, ((await response.json()) as Status).details]).toEqual([code, {}])
  })

  it("media types of bodies may be written large", async () => {
    expect((await withFace().ask("POST", maps, { body: '{"metadata":{"name":"a"}}', type: "Application/JSON" })).status).toBe(201)
  })

  it("times in YAML are the text that was written", async () => {
    const body = "metadata:\n  name: times\n  creationTimestamp: 2024-01-01T00:00:00Z\n  annotations:\n    day: 2024-01-02\ndata:\n  second: 2024-01-03 04:05:06\n  named: !!timestamp 2024-01-04\n"
    const response = await withFace().ask("POST", maps, { body, type: "application/yaml" })
    const { metadata, data } = (await response.json()) as { metadata: { annotations: object }; data: object }
    expect([response.status, metadata.annotations, data]).toEqual([201, { day: "2024-01-02" }, { second: "2024-01-03 04:05:06", named: "2024-01-04" }])
  })

  it("rows show what they can show only", async () => {
    const response = await withFace().ask("GET", `${maps}?includeObject=Some`, { accept: table })
    expect([response.status, ((await response.json()) as Status).message]).toEqual([
      400,
      "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty"
    ])
  })

  it("a watch in YAML names the types of watches", async () => {
    const response = await withFace().ask("GET", `${maps}?watch=1`, { accept: "application/yaml, application/json" })
    expect([response.status, await response.text()]).toEqual([406, expect.stringContaining("application/json;stream=watch")])
  })

  it.each([
    ["{\"spec\":{\"strategy\":{\"rollingUpdate\":{\"maxSurge\":true}}}}", "cannot unmarshal bool into Go struct field RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge of type int32"],
    ["{\"spec\":{\"replicas\":\"1\"}}", "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"]
  ])("a body such as %s is refused with the field", async (body, text) => {
    const response = await withFace().ask("POST", "/apis/apps/v1/namespaces/default/deployments", { body })
    expect([response.status, ((await response.json()) as Status).message]).toEqual([400, expect.stringContaining(text)])
  })
})

interface Row {
  readonly cells: ReadonlyArray<unknown>
}

const cellsOf = async (group: string, plural: string, object: object, namespaced: boolean): Promise<ReadonlyArray<unknown>> => {
  const { ask, call } = withFace()
  const version = plural === "horizontalpodautoscalers" ? "v2" : "v1"
  const made = call("create", { group, version, plural, ...(namespaced ? {} : { namespace: undefined }), body: { metadata: { name: "zz" }, ...object } })
  expect(made).toMatchObject({ code: 201 })
  const response = await ask("GET", `${group === "" ? "/api" : `/apis/${group}`}/${version}${namespaced ? "/namespaces/default" : ""}/${plural}`, { accept: table })
  return ((await response.json()) as { rows: ReadonlyArray<Row> }).rows.find(({ cells }) => cells[0] === "zz")!.cells
}

const host = (name: string): object => ({ host: `${name}.com` })
const target = { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" } }
const metric = (name: string, average?: string): object => ({ type: "External", external: { metric: { name }, target: average === undefined ? { type: "Value", value: "1" } : { type: "AverageValue", averageValue: average } } })

describe("cells", () => {
  it.each<readonly [string, string, object, boolean, ReadonlyArray<unknown>]>([
    ["networking.k8s.io", "ingresses", { spec: { rules: ["a", "b", "c", "d"].map(host) } }, true, ["zz", "<none>", "a.com,b.com,c.com + 1 more...", "", "80", "0s"]],
    ["discovery.k8s.io", "endpointslices", { addressType: "IPv4", endpoints: [], ports: [{ port: 80 }, { name: "b" }] }, true, ["zz", "IPv4", "80,b", "<unset>", "0s"]],
    ["autoscaling", "horizontalpodautoscalers", { spec: { ...target, metrics: [metric("a"), metric("b", "2"), metric("c")] } }, true, ["zz", "Deployment/d", "<unknown>/1, <unknown>/2 (avg) + 1 more...", "1", 3, 0, "0s"]],
    ["storage.k8s.io", "csidrivers", { spec: { tokenRequests: [{ audience: "a" }] } }, false, ["zz", true, false, false, "a", false, "Persistent", "0s"]],
    ["storage.k8s.io", "csinodes", { spec: { drivers: [{ name: "a.com", nodeID: "n" }] } }, false, ["zz", 1, "0s"]],
    ["networking.k8s.io", "servicecidrs", { spec: { cidrs: ["10.9.0.0/16"] } }, false, ["zz", "10.9.0.0/16", "0s"]],
    ["flowcontrol.apiserver.k8s.io", "flowschemas", { spec: { priorityLevelConfiguration: { name: "x" } } }, false, ["zz", "x", 1000, "<none>", "0s", "?"]],
    ["flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", { spec: { type: "Limited", limited: { limitResponse: { type: "Reject" } } } }, false, ["zz", "Limited", 30, "<none>", "<none>", "<none>", "0s"]]
  ])("of %s/%s", async (group, plural, object, namespaced, cells) => {
    expect(await cellsOf(group, plural, object, namespaced)).toEqual(cells)
  })
})
