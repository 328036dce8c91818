import type { KubeObject, Status } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { makeServer } from "../../makeServer.ts"

const group = "networking.k8s.io"
const at = { group, namespace: undefined } as const

const causesOf = ({ body }: { readonly body: unknown }): ReadonlyArray<string> => (body as Status).details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? []

const parentRef = { resource: "services", namespace: "n", name: "a" }

describe("addresses", () => {
  it.each<readonly [string, object, ReadonlyArray<string>]>([
    ["10.96.0.7", { parentRef }, []],
    ["10.96.0.7", {}, ["spec.parentRef: Required value"]],
    ["10.96.0.7", { parentRef: { namespace: "a/b" } }, [
      "spec.parentRef.resource: Required value", "spec.parentRef.name: Required value", "spec.parentRef.namespace: Invalid value: \"a/b\": may not contain '/'"
    ]],
    ["a", { parentRef }, ['metadata.name: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']]
  ])("%s of %j", (name, spec, causes) => {
    expect(causesOf(makeServer().call("create", { ...at, plural: "ipaddresses", body: { metadata: { name }, spec } }))).toEqual(causes)
  })

  it("belong to what they belonged to", () => {
    const { call } = makeServer()
    call("create", { ...at, plural: "ipaddresses", body: { metadata: { name: "10.96.0.7" }, spec: { parentRef } } })
    const answer = call("patch", { ...at, plural: "ipaddresses", name: "10.96.0.7", patchType: "merge", body: { spec: { parentRef: { name: "b" } } } })
    expect(causesOf(answer)).toEqual(['spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"n","Name":"b"}: field is immutable'])
  })
})

describe("ranges of services", () => {
  const made = (...cidrs: ReadonlyArray<string>) => {
    const { call } = makeServer()
    const created = call("create", { ...at, plural: "servicecidrs", body: { metadata: { name: "a" }, spec: { cidrs } } })
    const change = (...next: ReadonlyArray<string>) => call("patch", { ...at, plural: "servicecidrs", name: "a", patchType: "merge", body: { spec: { cidrs: next } } })
    return { created, change }
  }

  it("are one, or one of each family", () => {
    expect(causesOf(made("10.9.0.0/16").created)).toEqual([])
    expect(causesOf(made("10.9.0.0/16", "2001:db8::/64").created)).toEqual([])
    expect(causesOf(made().created)).toEqual(["spec.cidrs: Required value: at least one CIDR required"])
    expect(causesOf(made("x").created)[0]).toContain("spec.cidrs[0]: Invalid value: \"x\": must be a valid CIDR value")
    expect(causesOf(made("10.9.0.0/16", "10.8.0.0/16").created)[0]).toContain("may specify no more than one IP for each IP family")
  })

  it("stay, though a second may come", () => {
    expect(causesOf(made("10.9.0.0/16").change("10.8.0.0/16"))).toEqual(['spec.cidrs[0]: Invalid value: "10.8.0.0/16": field is immutable'])
    expect(made("10.9.0.0/16").change("10.9.0.0/16", "2001:db8::/64")).toMatchObject({ code: 200 })
    expect(causesOf(made("10.9.0.0/16").change())).toEqual(["spec.cidrs: Invalid value: []: field is immutable"])
  })
})

describe("what claims start from", () => {
  const claim = (spec: object): unknown => {
    const { call } = makeServer()
    const body = { metadata: { name: "a" }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec } }
    const { dataSource, dataSourceRef } = (call("create", { plural: "persistentvolumeclaims", body }).body as KubeObject & { spec: { dataSource?: object; dataSourceRef?: object } }).spec
    return { dataSource, dataSourceRef }
  }
  const other = { kind: "PersistentVolumeClaim", name: "b" }
  const populated = { apiGroup: "example.com", kind: "Thing", name: "b" }

  it.each<readonly [object, object | undefined, object | undefined]>([
    [{ dataSource: other }, { ...other, apiGroup: null }, { ...other, apiGroup: null }],
    [{ dataSourceRef: other }, { ...other, apiGroup: null }, { ...other, apiGroup: null }],
    [{ dataSource: populated }, undefined, undefined],
    [{ dataSourceRef: populated }, populated, populated],
    [{ dataSourceRef: { ...populated, namespace: "n" } }, undefined, undefined]
  ])("%j", (spec, dataSource, dataSourceRef) => {
    expect(claim(spec)).toEqual({ dataSource, dataSourceRef })
  })
})
