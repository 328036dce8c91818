import { describe, expect, it } from "vitest"
import * as KubeError from "../src/KubeError.ts"
import type { Status } from "../src/KubeObject.ts"

const status = (more: Partial<Status>): Status => ({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", ...more })

describe("KubeError", () => {
  it.each([
    ["Conflict", 409, true], ["Expired", 410, true], ["TooManyRequests", 429, true], ["Timeout", 504, true], ["ServiceUnavailable", 503, true],
    ["NotFound", 404, false], ["AlreadyExists", 409, false], ["Invalid", 422, false], ["Forbidden", 403, false], ["Unauthorized", 401, false]
  ] as const)("a %s is retryable or not", (reason, code, retryable) => {
    const error = KubeError.fromStatus("get /x", status({ reason, code, message: "why" }))
    expect([error.reason._tag, error.code, error.retryable]).toEqual([reason, code, retryable])
    expect(error.message).toBe(`get /x failed: ${reason}: why`)
  })

  it("a reason that Kubernetes does not define is Unknown, and retryable when the server is at fault", () => {
    const error = (code: number) => KubeError.fromStatus("get /x", status({ reason: "Weather", code }))
    expect(error(502).reason._tag).toBe("Unknown")
    expect([error(502).retryable, error(418).retryable]).toEqual([true, false])
    expect(error(418).message).toBe("get /x failed: Unknown: the server answered 418 without a message")
  })

  it("a broken connection has no code and is retryable", () => {
    const error = new KubeError.KubeError({ method: "get /x", reason: { _tag: "TransportFailed", description: "reset" } })
    expect([error.code, error.retryable, error.retryAfterSeconds]).toEqual([0, true, undefined])
  })

  it("isReason tells reasons apart, and other values are none", () => {
    const error = KubeError.fromStatus("get /x", status({ reason: "Gone", code: 410 }))
    expect(KubeError.isReason(error, "Expired", "Gone")).toBe(true)
    expect(KubeError.isReason(error, "NotFound")).toBe(false)
    expect(KubeError.isReason(new Error("Gone"), "Gone")).toBe(false)
  })
})
