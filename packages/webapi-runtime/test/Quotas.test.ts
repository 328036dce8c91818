import { describe, expect, test } from "vitest"
import { Quotas, type QuotaRequest, waiterPatience } from "../src/index.ts"

const request = (key: string, more: Partial<QuotaRequest> = {}): QuotaRequest => ({ key, pool: "default", project: "p", namespace: "p-d", since: 0, wake: () => undefined, ...more })
const made = (quota: number): Quotas => {
  const quotas = new Quotas()
  quotas.configure({ default: quota }, 0)
  return quotas
}

describe("Quotas (A4)", () => {
  test("grant as many as there are, the same again for the same key, and tell the others why they wait", () => {
    const quotas = made(2)
    expect(["a", "b", "a", "c"].map((key) => quotas.request(request(key), 0).isGranted)).toEqual([true, true, true, false])
    expect(quotas.request(request("c"), 0)).toEqual({ isGranted: false, reason: "the quota of 2 jobs of \"default\" is used up" })
    expect(quotas.heldOf("default")).toBe(2)
  })

  test("serve the oldest first, however they ask, and wake it", () => {
    const quotas = made(1)
    const woken: Array<string> = []
    quotas.request(request("holder"), 0)
    for (const [key, since] of [["young", 30], ["old", 10], ["middle", 20]] as const) quotas.request(request(key, { since, wake: () => woken.push(key) }), 40)
    quotas.release("holder", 50)
    expect(woken).toEqual(["old"])
    expect(quotas.request(request("young", { since: 30 }), 60).isGranted).toBe(false)
    expect(quotas.request(request("old", { since: 10 }), 60).isGranted).toBe(true)
    quotas.release("old", 70)
    quotas.release("middle", 70)
    expect(woken).toEqual(["old", "middle", "young"])
  })

  test("keep projects and namespaces within their bounds, and one at its bound holds nobody else up", () => {
    const quotas = made(10)
    const bounds = { projectMax: 2, namespaceMax: 1 }
    expect(quotas.request(request("a1", { project: "a", namespace: "a-dev", ...bounds }), 0).isGranted).toBe(true)
    expect(quotas.request(request("a2", { project: "a", namespace: "a-dev", ...bounds }), 0)).toEqual({ isGranted: false, reason: "a-dev has all 1 jobs of \"default\" that it may have" })
    expect(quotas.request(request("a3", { project: "a", namespace: "a-prod", ...bounds }), 0).isGranted).toBe(true)
    expect(quotas.request(request("a4", { project: "a", namespace: "a-test", ...bounds }), 0)).toEqual({ isGranted: false, reason: "project a has all 2 jobs of \"default\" that it may have" })
    // The name of one project is the beginning of the other's.
    expect(quotas.request(request("ab1", { project: "ab", namespace: "ab-dev", ...bounds }), 0).isGranted).toBe(true)
  })

  test("count what was held before a restart, before anything new is granted", () => {
    const quotas = made(2)
    quotas.hold("before", { pool: "default", project: "p", namespace: "p-d" })
    quotas.hold("before", { pool: "default", project: "p", namespace: "p-d" })
    expect(["x", "y", "before"].map((key) => quotas.request(request(key), 0).isGranted)).toEqual([true, false, true])
  })

  test("survive that they are changed or removed: leases are given back by who has them, not by what is configured", () => {
    const quotas = made(2)
    for (const key of ["a", "b", "c"]) quotas.request(request(key), 0)
    quotas.configure({ default: 1 }, 0)
    quotas.release("a", 0)
    expect(quotas.request(request("c"), 0).isGranted).toBe(false)
    quotas.configure({}, 0)
    expect(quotas.request(request("c"), 0).isGranted).toBe(true)
    for (const key of ["b", "c", "a", "c"]) quotas.release(key, 0)
    expect(quotas.heldOf("default")).toBe(0)
  })

  test("do not wait for who does not come: neither for a lease that was kept, nor with a request that nobody renews", () => {
    const quotas = made(1)
    quotas.request(request("holder"), 0)
    quotas.request(request("gone", { since: 1 }), 0)
    quotas.request(request("silent", { since: 2 }), 0)
    quotas.release("holder", 1)
    const later = waiterPatience + 2
    expect(quotas.request(request("alive", { since: 3 }), later).isGranted).toBe(true)
    expect(quotas.waiting).toBe(0)
  })
})
