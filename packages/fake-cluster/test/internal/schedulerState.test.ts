import type { Informer } from "@fairlead/controller"
import type { Node, Pod } from "@fairlead/kube"
import { beforeEach, describe, expect, it } from "vitest"
import { demandOf } from "../../src/internal/podDemand.ts"
import { SchedulerState } from "../../src/internal/schedulerState.ts"

const node: Node = { metadata: { name: "n" }, status: { allocatable: { cpu: "1", pods: "10" } } }

const podOf = (version: string, nodeName?: string, phase = "Pending"): Pod => ({
  metadata: { namespace: "d", name: "a", uid: "u", resourceVersion: version },
  spec: { containers: [{ name: "c", resources: { requests: { cpu: "1" } } }], ...(nodeName === undefined ? {} : { nodeName }) },
  status: { phase }
})

describe("SchedulerState", () => {
  let seen: Pod | undefined
  let state: SchedulerState
  const isFree = (): boolean => state.ledger.fits("n", demandOf(podOf("0")), [], {})
  const hear = (pod: Pod): void => {
    const previous = seen
    seen = pod
    state.onPod(previous === undefined ? { type: "Added", object: pod } : { type: "Updated", object: pod, previous })
  }
  const gone = (): void => {
    const last = seen!
    seen = undefined
    state.onPod({ type: "Deleted", object: last, previous: last })
  }

  beforeEach(() => {
    seen = undefined
    const store = { get: () => seen, list: () => (seen === undefined ? [] : [seen]) }
    state = new SchedulerState({
      pods: { store } as unknown as Informer<Pod>,
      nodes: { store: { get: () => node } } as unknown as Informer<Node>,
      schedulerName: "default-scheduler",
      namespaceLabels: () => undefined,
      violates: () => false
    })
    state.onNode({ type: "Added", object: node })
    hear(podOf("1"))
    state.assign(seen!, "n")
  })

  it("takes a booking back that did not come about", () => {
    state.unassign(seen!)
    expect(isFree()).toBe(true)
  })

  it("keeps a booking whose answer was lost when the pod was seen on the node", () => {
    const before = seen!
    hear(podOf("2", "n"))
    state.unassign(before)
    expect(isFree()).toBe(false)
    hear(podOf("3", "n", "Running"))
    expect(isFree()).toBe(false)
    gone()
    expect(isFree()).toBe(true)
  })

  it("gives the room back once, when the pod ends", () => {
    hear(podOf("2", "n", "Running"))
    hear(podOf("3", "n", "Succeeded"))
    expect(isFree()).toBe(true)
    gone()
    expect(isFree()).toBe(true)
  })

  it("books a pod that a later one of the same name has replaced", () => {
    hear(podOf("2", "n", "Succeeded"))
    const { metadata, ...rest } = podOf("3", "n")
    hear({ metadata: { ...metadata, uid: "v" }, ...rest })
    expect(isFree()).toBe(false)
  })
})
