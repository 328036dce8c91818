import { create } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import * as PodResources from "../src/PodResources.ts"

const platform = (resources: Partial<PodResources.Resources> = {}): PodResources.Platform => ({
  resources: { requests: {}, limits: {}, ...resources },
  defaultCpus: "1000m",
  defaultMemory: "1024Mi",
  acceleratorNames: new Set(["nvidia.com/gpu", "google.com/tpu"])
})

describe("adjustOrDefault", () => {
  it.each([
    ["leaves valid request and limit as they are", "1", "2", "10", "20", "1", "2"],
    ["takes a missing request from the limit", "0", "2", "10", "20", "2", "2"],
    ["takes a missing limit from the request", "2", "0", "10", "20", "2", "2"],
    ["takes both from the platform's default", "0", "0", "10", "20", "10", "10"],
    ["lowers a request above its limit", "10", "2", "10", "20", "2", "2"],
    ["lowers a limit above the platform's", "1", "40", "10", "20", "1", "20"],
    ["lowers request and limit above the platform's", "40", "50", "10", "20", "20", "20"],
    ["compares amounts, not texts", "1500m", "1", "10", "20", "1", "1"],
    ["knows no platform limit of zero", "40", "50", "10", "0", "40", "50"]
  ])("%s", (_name, request, limit, fallback, ceiling, expectedRequest, expectedLimit) => {
    expect(PodResources.adjustOrDefault(request, limit, fallback, ceiling)).toEqual({ request: expectedRequest, limit: expectedLimit })
  })

  it("treats absent and zero alike", () => {
    expect(PodResources.adjustOrDefault(undefined, "2")).toEqual({ request: "2", limit: "2" })
    expect(PodResources.adjustOrDefault()).toEqual({ request: "0", limit: "0" })
  })
})

describe("inRange", () => {
  it.each([
    ["lowers a request above its limit", "4", "3", "3", "3"],
    ["lowers a request above the platform's limit", "6", "5", "5", "5"],
    ["lowers a limit above the platform's", "4", "6", "4", "5"],
    ["leaves what fits", "1", "2", "1", "2"]
  ])("%s", (_name, request, limit, expectedRequest, expectedLimit) => {
    expect(PodResources.inRange(request, limit, "5")).toEqual({ request: expectedRequest, limit: expectedLimit })
  })
})

describe("fit", () => {
  it("gives CPU and memory their defaults and adds nothing else", () => {
    const amounts = { cpu: "1000m", memory: "1024Mi" }
    expect(PodResources.fit(PodResources.noResources, platform(), true)).toEqual({ requests: amounts, limits: amounts })
  })

  it.each(["cpu", "memory"])("prefers the platform's default of %s over the configured one", (name) => {
    const fitted = PodResources.fit(PodResources.noResources, platform({ requests: { [name]: "3" }, limits: { [name]: "10" } }), true)
    expect([fitted.requests[name], fitted.limits[name]]).toEqual(["3", "3"])
  })

  it.each(["ephemeral-storage", "nvidia.com/gpu", "google.com/tpu"])("completes %s only when asked for", (name) => {
    expect(PodResources.fit({ requests: { [name]: "1" }, limits: {} }, platform(), true).limits[name]).toBe("1")
    expect(PodResources.fit({ requests: {}, limits: { [name]: "2" } }, platform(), true).requests[name]).toBe("2")
    expect(PodResources.fit(PodResources.noResources, platform(), true).limits).not.toHaveProperty([name])
  })

  it("leaves resources that it does not know as they are", () => {
    expect(PodResources.fit({ requests: { "example.com/dongle": "1" }, limits: {} }, platform(), true).requests["example.com/dongle"]).toBe("1")
  })

  it("only lowers other containers, with explicit zeros where they ask for nothing", () => {
    const ceiling = platform({ requests: { cpu: "1", memory: "2" }, limits: { cpu: "10", memory: "20" } })
    expect(PodResources.fit({ requests: { cpu: "100" }, limits: { cpu: "200" } }, ceiling, false)).toEqual({
      requests: { cpu: "10", memory: "0" },
      limits: { cpu: "10", memory: "0" }
    })
  })

  it("orders resources by name", () => {
    expect(Object.keys(PodResources.fit({ requests: { "nvidia.com/gpu": "1" }, limits: {} }, platform(), true).requests))
      .toEqual(["cpu", "memory", "nvidia.com/gpu"])
  })
})

describe("ofTemplate", () => {
  const { CPU, GPU, MEMORY, STORAGE, EPHEMERAL_STORAGE, UNKNOWN } = Idl.Resources_ResourceName
  const entries = (...list: ReadonlyArray<readonly [Idl.Resources_ResourceName, string]>) =>
    PodResources.ofTemplate(create(Idl.ResourcesSchema, { requests: list.map(([name, value]) => ({ name, value })) })).requests

  it("reads the four kinds that containers have", () => {
    expect(entries([CPU, "2"], [MEMORY, "1Gi"], [GPU, "1"], [EPHEMERAL_STORAGE, "5Gi"]))
      .toEqual({ cpu: "2", memory: "1Gi", gpu: "1", "ephemeral-storage": "5Gi" })
  })

  it("drops zeros, storage and unknown names", () => {
    expect(entries([CPU, "0"], [MEMORY, "0Mi"], [STORAGE, "5Gi"], [UNKNOWN, "1"])).toEqual({})
  })

  it("keeps what is no quantity, so that it is reported", () => {
    expect(PodResources.faultIn({ requests: entries([CPU, "many"]) })).toMatch(/^requests\.cpu is "many", which is no quantity such as 500m/)
  })
})

describe("nameAccelerator", () => {
  it("gives gpu its name in requests and limits", () => {
    expect(PodResources.nameAccelerator({ requests: { gpu: "1", cpu: "2" }, limits: { gpu: "1" } }, "google.com/tpu"))
      .toEqual({ requests: { cpu: "2", "google.com/tpu": "1" }, limits: { "google.com/tpu": "1" } })
  })

  it("lets gpu take the place of an amount under its full name", () => {
    expect(PodResources.nameAccelerator({ requests: { gpu: "4", "nvidia.com/gpu": "1" }, limits: {} }, "nvidia.com/gpu").requests).toEqual({ "nvidia.com/gpu": "4" })
  })
})

describe("override", () => {
  it.each([
    ["nothing over something", {}, { cpu: "1" }, { cpu: "1" }],
    ["something over nothing", { cpu: "2" }, {}, { cpu: "2" }],
    ["key by key", { cpu: "2" }, { cpu: "1", memory: "3" }, { cpu: "2", memory: "3" }]
  ] as ReadonlyArray<readonly [string, PodResources.Amounts, PodResources.Amounts, PodResources.Amounts]>)("lays %s", (_name, over, under, expected) => {
    expect(PodResources.override({ requests: under, limits: under }, { requests: over, limits: over })).toEqual({ requests: expected, limits: expected })
  })

  it("takes storage for the size of copilot's volumes, not for the container", () => {
    const overrides = { requests: { storage: "1Gi", cpu: "1" }, limits: {} }
    expect(PodResources.override(PodResources.noResources, overrides).requests).toEqual({ cpu: "1" })
    expect(PodResources.volumeSize(overrides)).toBe("1Gi")
    expect(PodResources.volumeSize({ requests: { storage: "1Gi" }, limits: { storage: "2Gi" } })).toBe("2Gi")
    expect(PodResources.volumeSize(undefined)).toBeUndefined()
  })
})

it("faultIn finds amounts that are neither text nor number", () => {
  expect(PodResources.faultIn({ limits: { memory: { a: 1 } } })).toContain('limits.memory is {"a":1}')
  expect(PodResources.faultIn({ limits: { memory: 5 }, requests: { cpu: "1e3" } })).toBeUndefined()
})
