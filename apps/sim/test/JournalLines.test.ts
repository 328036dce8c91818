import type { StoreWrite } from "@fairlead/api-server"
import { describe, expect, it } from "vitest"
import { lineOf } from "../src/JournalLines.ts"

const writeOf = (object: object, previous?: object, type: StoreWrite["event"]["type"] = "MODIFIED"): StoreWrite => ({
  resource: { group: "", plural: "pods" } as StoreWrite["resource"],
  event: { type, revision: 1, namespace: "n", name: "a", object: object as never, previous: previous as never }
})

const pod = { kind: "Pod", metadata: { name: "a", labels: { x: "1" }, resourceVersion: "7" }, spec: { containers: [{ name: "c" }], hostPID: true } }

describe("lineOf", () => {
  it("equal changes give equal lines, whether objects share their parts or not", () => {
    const next = { ...pod, status: { phase: "Running" } }
    const first = lineOf(writeOf(next, pod), 5)
    expect(lineOf(writeOf(structuredClone(next), pod), 5)).toBe(first)
    expect(lineOf(writeOf({ ...next, message: undefined }, { ...pod, reason: undefined }), 5)).toBe(first)
    expect(lineOf(writeOf(structuredClone(pod), pod), 5)).toBe("5 MODIFIED pods n/a")
    expect(lineOf(writeOf(structuredClone(pod)), 5)).toBe(lineOf(writeOf(pod), 5))
  })

  it("an update costs what it changes", () =>
    expect(lineOf(writeOf({ ...pod, spec: { containers: [{ name: "c" }, { name: "d" }] } }, pod), 5)).toBe('5 MODIFIED pods n/a spec{ containers[2 1:{"name":"d"}] hostPID-}'))

  it("time, kind of change, and every field at any depth matter", () => {
    const others: ReadonlyArray<object> = [
      { ...pod, kind: "pod" },
      { ...pod, metadata: { ...pod.metadata, resourceVersion: "8" } },
      { ...pod, metadata: { ...pod.metadata, labels: { x: "2" } } },
      { ...pod, metadata: { ...pod.metadata, labels: {} } },
      { ...pod, metadata: { ...pod.metadata, labels: { y: "1" } } },
      { ...pod, spec: { ...pod.spec, containers: [{ name: "d" }] } },
      { ...pod, spec: { ...pod.spec, containers: [] } },
      { ...pod, spec: { ...pod.spec, containers: [{ name: "c" }, null] } },
      { ...pod, spec: { ...pod.spec, containers: [{ name: "c" }, {}] } },
      { ...pod, spec: { ...pod.spec, containers: [{ name: "c" }, []] } },
      { ...pod, spec: { ...pod.spec, hostPID: "true" } },
      { ...pod, spec: { ...pod.spec, hostPID: 1 } },
      { ...pod, spec: { containers: pod.spec.containers } },
      { kind: "Pod", metadata: pod.metadata },
      { ...pod, status: {} },
      { ...pod, status: null },
      { ...pod, status: "" }
    ]
    const lines = [
      lineOf(writeOf(pod, pod), 5),
      lineOf(writeOf(pod, pod), 6),
      lineOf(writeOf(pod, pod, "DELETED"), 5),
      ...others.map((object) => lineOf(writeOf(object, pod), 5)),
      ...[pod, ...others].map((object) => lineOf(writeOf(object), 5))
    ]
    expect(new Set(lines).size).toBe(lines.length)
  })
})
