import type { PodCondition, PodStatus } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import type { KubeletStatus } from "../../src/internal/podStatus.ts"
import { statusPatch } from "../../src/internal/statusPatch.ts"

const condition = (type: string, status: string, more: Partial<PodCondition> = {}): PodCondition => ({ type, status, lastTransitionTime: "t", ...more })
const wanted = (more: Partial<KubeletStatus> = {}): KubeletStatus => ({ phase: "Running", conditions: [], containerStatuses: [], ...more })

describe("statusPatch", () => {
  it("is nothing when the stored status says the same", () => {
    expect(statusPatch({ phase: "Running", containerStatuses: [], qosClass: "Burstable" } as PodStatus, wanted())).toBeUndefined()
  })

  it("names only the fields that differ", () => {
    expect(statusPatch({ phase: "Pending", containerStatuses: [] }, wanted())).toEqual({ phase: "Running" })
  })

  it("names only the conditions that differ, and leaves those of others alone", () => {
    const stored = { phase: "Running", containerStatuses: [], conditions: [condition("Ready", "False"), condition("Other", "True"), condition("Initialized", "True")] }
    const conditions = [condition("Ready", "True"), condition("Initialized", "True", { lastTransitionTime: "later" })]
    expect(statusPatch(stored, wanted({ conditions }))).toEqual({ conditions: [condition("Ready", "True")] })
  })

  it("takes a reason and a message away that no longer hold", () => {
    const stored = { phase: "Running", containerStatuses: [], reason: "Old", conditions: [condition("Ready", "False", { reason: "R", message: "M" })] }
    expect(statusPatch(stored, wanted({ conditions: [condition("Ready", "True")] }))).toEqual({
      reason: null,
      conditions: [{ ...condition("Ready", "True"), reason: null, message: null }]
    })
  })

  it("keeps the address of a pod that has lost it", () => {
    expect(statusPatch({ phase: "Running", containerStatuses: [], podIP: "10.1.1.1", podIPs: [{ ip: "10.1.1.1" }] }, wanted())).toBeUndefined()
  })
})
