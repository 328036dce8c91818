import { assert, constantFrom, dictionary, jsonValue, property, record } from "fast-check"
import { describe, expect, it } from "vitest"
import * as Builtin from "../../src/builtin/Builtin.ts"
import { emptyPodFields, podOf } from "./pods.ts"

const schemaOf = (kind: string, group = "", version = "v1"): NonNullable<ReturnType<typeof Builtin.schemaOf>> => Builtin.schemaOf(group, version, kind)!

/** Decodes a text as the server does for a body in JSON. */
const decode = (kind: string, text: string, group = "", version = "v1"): ReturnType<typeof Builtin.decode> =>
  Builtin.decode(schemaOf(kind, group, version), JSON.parse(text), { text, strict: true })

describe("Builtin.decode", () => {
  it.each([
    ["a text for a map", "ConfigMap", "{\"data\":\"x\"}", "json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string"],
    ["a number for a text", "ConfigMap", "{\"data\":{\"k\":1}}", "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"],
    ["an object for a list", "Pod", "{\"spec\":{\"containers\":{}}}", "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"],
    ["a fraction for an integer", "Pod", "{\"spec\":{\"priority\":1.5}}", "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32"],
    ["a number that is too large", "Pod", "{\"spec\":{\"priority\":2147483648}}", "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32"],
    ["a text for a boolean", "Pod", "{\"spec\":{\"hostNetwork\":\"true\"}}", "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"],
    ["a text that is no base64", "Secret", "{\"data\":{\"k\":\"*\"}}", "illegal base64 data at input byte 0"],
    [
      "an amount that is none",
      "Pod",
      "{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"x\"}}}]}}",
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    ]
  ])("refuses %s in Go's words", (_, kind, text, problem) => {
    expect(decode(kind, text).problem).toBe(problem)
  })

  it("reports unknown and duplicate fields in the order of the document", () => {
    const text = "{\"metadata\":{\"name\":\"a\",\"nam\":\"b\"},\"data\":{\"k\":\"1\",\"k\":\"2\"},\"x\":1,\"spec\":{}}"
    expect(decode("ConfigMap", text).strict).toEqual(["unknown field \"metadata.nam\"", "duplicate field \"data.k\"", "unknown field \"x\"", "unknown field \"spec\""])
  })

  it("drops unknown fields, nulls and empty values that Go leaves out", () => {
    const { object } = decode("ConfigMap", "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"labels\":{},\"x\":1},\"data\":null,\"y\":2}")
    expect(object).toEqual({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "a" } })
  })

  it("writes fields in declared order, wherever they stood and wherever they come from", () => {
    const { object } = decode("Secret", "{\"stringData\":{\"k\":\"1\"},\"type\":\"a/b\",\"metadata\":{\"namespace\":\"b\",\"name\":\"a\"},\"apiVersion\":\"v1\",\"kind\":\"Secret\"}")
    expect(JSON.stringify(object)).toBe("{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"data\":{\"k\":\"MQ==\"},\"type\":\"a/b\"}")
  })

  it("takes parts that are in their stored form over as they are", () => {
    const body = { metadata: { name: "a" }, spec: { containers: [{ name: "a", image: "b", env: [{ name: "A", value: "1" }], command: ["c"] }] } }
    const [container] = (Builtin.decode(schemaOf("Pod"), body).object as { readonly spec: { readonly containers: ReadonlyArray<{ readonly env: unknown, readonly command: unknown }> } }).spec.containers
    expect(container?.env).toBe(body.spec.containers[0]?.env)
    expect(container?.command).toBe(body.spec.containers[0]?.command)
  })

  it("writes amounts and times in their canonical form", () => {
    const text = "{\"metadata\":{\"creationTimestamp\":\"2026-01-01T01:00:00.5+01:00\"},\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":0.1,\"memory\":\"1024Mi\"}}}]}}"
    const { object } = decode("Pod", text)
    expect(object["metadata"]).toEqual({ creationTimestamp: "2026-01-01T00:00:00Z" })
    const [container] = (object["spec"] as { containers: ReadonlyArray<{ resources: object }> }).containers
    expect(container?.resources).toEqual({ requests: { cpu: "100m", memory: "1Gi" } })
  })

  it("reads bytes that are listed as numbers", () => {
    expect(decode("Secret", "{\"data\":{\"k\":[97,98]}}").object["data"]).toEqual({ k: "YWI=" })
  })

  it("fills in the defaults of a pod", () => {
    const { object } = decode("Pod", JSON.stringify(podOf({ containers: [{ name: "c", image: "a:1" }] })))
    expect(object["spec"]).toEqual({
      ...emptyPodFields,
      containers: [{
        name: "c", image: "a:1", imagePullPolicy: "IfNotPresent", resources: {}, terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File"
      }]
    })
  })

  it.each([
    ["a", "Always"], ["a:latest", "Always"], ["a:1", "IfNotPresent"], ["r:5000/a", "Always"], ["a@sha256:" + "0".repeat(64), "IfNotPresent"]
  ])("pulls the image %s %s", (image, policy) => {
    const { object } = decode("Pod", JSON.stringify(podOf({ containers: [{ name: "c", image }] })))
    expect((object["spec"] as { containers: ReadonlyArray<{ imagePullPolicy: string }> }).containers[0]?.imagePullPolicy).toBe(policy)
  })

  it("gives a decoded object itself when nothing has changed", () => {
    const { object } = decode("Pod", JSON.stringify(podOf({ containers: [{ name: "c", image: "a:1" }] })))
    expect(Builtin.decode(schemaOf("Pod"), structuredClone(object), { previous: object }).object).toBe(object)
  })

  it("shares the parts that have not changed", () => {
    const { object } = decode("Pod", JSON.stringify(podOf({ containers: [{ name: "c", image: "a:1" }], volumes: [{ name: "v", emptyDir: {} }] })))
    const next = structuredClone(object) as { metadata: Record<string, unknown> }
    next.metadata["labels"] = { a: "b" }
    const again = Builtin.decode(schemaOf("Pod"), next, { previous: object }).object
    expect(again["spec"]).toBe(object["spec"])
    expect(again["metadata"]).toEqual({ ...(object["metadata"] as object), labels: { a: "b" } })
  })

  it("decodes what it has decoded to the same again, and never changes what it is given", () => {
    const json = jsonValue({ maxDepth: 2 })
    const body = record({ metadata: dictionary(constantFrom("name", "labels", "annotations", "x"), json), data: json, binaryData: json }, { requiredKeys: [] })
    assert(property(body, (value) => {
      const before = structuredClone(value)
      const once = Builtin.decode(schemaOf("ConfigMap"), value)
      expect(value).toEqual(before)
      if (once.problem !== undefined) return
      expect(Builtin.decode(schemaOf("ConfigMap"), once.object)).toEqual({ ...once, isClean: true })
    }))
  })
})
