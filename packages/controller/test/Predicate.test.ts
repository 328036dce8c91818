import type { KubeObject, ObjectMeta } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { type Change, Predicate } from "../src/index.ts"

const objectOf = (metadata: Partial<ObjectMeta>): KubeObject => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "a", ...metadata } })

const updated = (before: Partial<ObjectMeta>, after: Partial<ObjectMeta>): Change<KubeObject> => ({ type: "Updated", object: objectOf(after), previous: objectOf(before), initial: undefined })

describe("Predicate", () => {
  it.each<[keyof typeof Predicate, Partial<ObjectMeta>, Partial<ObjectMeta>, boolean]>([
    ["generationChanged", { generation: 1 }, { generation: 1, labels: { a: "b" } }, false],
    ["generationChanged", { generation: 1 }, { generation: 2 }, true],
    ["resourceVersionChanged", { resourceVersion: "1" }, { resourceVersion: "1" }, false],
    ["resourceVersionChanged", { resourceVersion: "1" }, { resourceVersion: "2" }, true],
    ["labelsChanged", { labels: { a: "1", b: "2" } }, { labels: { b: "2", a: "1" }, annotations: { c: "3" } }, false],
    ["labelsChanged", {}, { labels: {} }, false],
    ["labelsChanged", { labels: { a: "1" } }, { labels: { a: "2" } }, true],
    ["labelsChanged", { labels: { a: "1" } }, {}, true],
    ["annotationsChanged", { annotations: { a: "1" } }, { annotations: { a: "1" }, labels: { a: "2" } }, false],
    ["annotationsChanged", {}, { annotations: { a: "1" } }, true],
    ["finalizersChanged", {}, { finalizers: [] }, false],
    ["finalizersChanged", { finalizers: ["a", "b"] }, { finalizers: ["b", "a"] }, true],
    ["deletionRequested", {}, { labels: { a: "1" } }, false],
    ["deletionRequested", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }, true]
  ])("%s of %j to %j is %s", (name, before, after, passes) => {
    const predicate = Predicate[name] as Predicate
    expect(predicate(updated(before, after))).toBe(passes)
    expect(predicate({ type: "Added", object: objectOf(after), previous: undefined, initial: undefined } as Change<KubeObject>)).toBe(true)
    expect(predicate({ ...updated(before, before), type: "Deleted" } as Change<KubeObject>)).toBe(true)
  })

  it("combines", () => {
    const [yes, no]: ReadonlyArray<Predicate> = [() => true, () => false]
    const change = updated({}, {})
    expect([Predicate.and(yes!, no!), Predicate.and(yes!, yes!), Predicate.or(yes!, no!), Predicate.or(no!, no!), Predicate.not(no!)].map((it) => it(change))).toEqual([false, true, true, false, true])
  })
})
