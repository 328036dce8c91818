import type { StoreWrite } from "@fairlead/api-server"
import { describe, expect, it } from "vitest"
import { JournalLines } from "../src/JournalLines.ts"

const writeOf = (object: object, type: StoreWrite["event"]["type"] = "MODIFIED"): StoreWrite => ({
  resource: { group: "", plural: "pods" } as StoreWrite["resource"],
  event: { type, revision: 1, namespace: "n", name: "a", object: object as never, previous: undefined }
})

const pod = { kind: "Pod", metadata: { name: "a", labels: { x: "1" }, resourceVersion: "7" }, spec: { containers: [{ name: "c" }] } }

describe("JournalLines", () => {
  it("equal objects give equal lines, whether they share their parts or not", () => {
    const lines = new JournalLines()
    const first = lines.lineOf(writeOf(pod), 5)
    expect(lines.lineOf(writeOf(pod), 5)).toBe(first)
    expect(lines.lineOf(writeOf(structuredClone(pod)), 5)).toBe(first)
    expect(new JournalLines().lineOf(writeOf({ ...pod, status: undefined }), 5)).toBe(first)
  })

  it("time, kind of change, and every field at any depth matter", () => {
    const lines = new JournalLines()
    const others = [
      lines.lineOf(writeOf(pod), 6),
      lines.lineOf(writeOf(pod, "DELETED"), 5),
      lines.lineOf(writeOf({ ...pod, kind: "pod" }), 5),
      lines.lineOf(writeOf({ ...pod, metadata: { ...pod.metadata, resourceVersion: "8" } }), 5),
      lines.lineOf(writeOf({ ...pod, metadata: { ...pod.metadata, labels: { x: "2" } } }), 5),
      lines.lineOf(writeOf({ ...pod, spec: { containers: [{ name: "d" }] } }), 5),
      lines.lineOf(writeOf({ ...pod, status: {} }), 5)
    ]
    expect(new Set([lines.lineOf(writeOf(pod), 5), ...others]).size).toBe(others.length + 1)
  })
})
