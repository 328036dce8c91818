import type { Change } from "@fairlead/controller"
import type { KubeObject } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { isNews } from "../src/LaunchedObjects.ts"

const pod = (status: object | undefined, more: Partial<KubeObject["metadata"]> = {}): KubeObject =>
  ({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ns", ...more }, ...(status === undefined ? {} : { status }) })

const updated = (object: KubeObject, previous: KubeObject = pod({ phase: "Pending" })): Change => ({ type: "Updated", object, previous })

const scheduled = { type: "PodScheduled", status: "True" }
const unschedulable = { type: "PodScheduled", status: "False", reason: "Unschedulable" }

const status = { phase: "Running" }
const relabelled = updated(pod(status, { labels: { a: "b" } }), pod(status))

describe("isNews", () => {
  it.each<readonly [string, Change]>([
    ["a pod that was only just created", { type: "Added", object: pod({ phase: "Pending" }) }],
    ["new labels under the same status", relabelled],
    ["a pod that got its node", updated(pod({ phase: "Pending", conditions: [scheduled] }))],
    ["a pod that got its node after it had waited for one", updated(pod({ phase: "Pending", conditions: [scheduled] }), pod({ phase: "Pending", conditions: [unschedulable] }))]
  ])("leaves out %s", (_name, change) => {
    expect(isNews(change)).toBe(false)
  })

  it.each<readonly [string, Change]>([
    ["a deletion", { type: "Deleted", object: pod({ phase: "Pending" }) }],
    ["everything that is there at the start", { type: "Added", object: pod({ phase: "Pending" }), initial: true }],
    ["a pod that runs when it is first seen", { type: "Added", object: pod({ phase: "Running" }) }],
    ["a pod that finds no node", updated(pod({ phase: "Pending", conditions: [unschedulable] }))],
    ["a pod whose containers are made", updated(pod({ phase: "Pending", conditions: [scheduled], containerStatuses: [{}] }))],
    ["a pod whose inputs are brought", updated(pod({ phase: "Pending", conditions: [scheduled], initContainerStatuses: [{}] }))],
    ["a pod that runs", updated(pod({ phase: "Running", conditions: [scheduled] }))],
    ["a pod that got its node and is to go", updated(pod({ phase: "Pending", conditions: [scheduled] }, { deletionTimestamp: "2026-01-01T00:00:00Z" }))],
    ["another kind with the same words", updated({ ...pod({ phase: "Pending", conditions: [scheduled] }), kind: "Job" })]
  ])("tells of %s", (_name, change) => {
    expect(isNews(change)).toBe(true)
  })
})
