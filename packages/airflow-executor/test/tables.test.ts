import { KubeError, type Pod } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { collectPodFailureDetails, hasTaskStarted, textOfFailure } from "../src/FailureDetails.ts"
import { fatalReasonsDefault, type PodEvent, processStatus, type StatusVerdict } from "../src/ProcessStatus.ts"
import { classifyPublishError, decidePublishError, genericRetryWaitSeconds, messageOf, parseRetryAfter, PodMutationHookException, PodReconciliationError, publishBackoffMillis } from "../src/PublishError.ts"

interface Shape {
  readonly phase?: string
  readonly reason?: string
  readonly labels?: { readonly [name: string]: string }
  readonly deleting?: boolean
  readonly init?: ReadonlyArray<object>
  readonly main?: ReadonlyArray<object>
}

const status = (name: string, state: object): object => ({ name, state })
const waiting = (reason?: string, message?: string): object => ({ waiting: { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) } })
const podOf = ({ deleting = false, init, labels = {}, main, phase, reason }: Shape): Pod => ({
  metadata: { name: "p", namespace: "default", labels, ...(deleting ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) },
  spec: { containers: [], nodeName: "node-1" },
  status: { phase, reason, initContainerStatuses: init, containerStatuses: main }
}) as unknown as Pod

type Row = readonly [number, string, PodEvent["type"], Shape, StatusVerdict["row"], StatusVerdict["state"] | "nothing", StatusVerdict["state"] | "nothing"]

/** The last two columns are what the provider and what Airflow 1.10 report. */
const rows: ReadonlyArray<Row> = [
  [1, "revoked, whatever else", "MODIFIED", { phase: "Failed", labels: { airflow_pod_revoked: "True" } }, "Revoked", "nothing", "failed"],
  [1, "revoked and deleted", "DELETED", { phase: "Running", labels: { airflow_pod_revoked: "True" } }, "Revoked", "nothing", "nothing"],
  [2, "gone without deletion, pending", "DELETED", { phase: "Pending" }, "Adopted", "adopted", "nothing"],
  [2, "gone without deletion, running", "DELETED", { phase: "Running" }, "Adopted", "adopted", "nothing"],
  [2, "gone without deletion, succeeded", "DELETED", { phase: "Succeeded" }, "Adopted", "adopted", null],
  [2, "gone without deletion, failed", "DELETED", { phase: "Failed" }, "Adopted", "adopted", "failed"],
  [3, "the node's provider failed", "MODIFIED", { phase: "Pending", reason: "ProviderFailed" }, "ProviderFailed", "failed", "nothing"],
  [4, "pending and deleted", "DELETED", { phase: "Pending", deleting: true }, "PendingDeleted", "nothing", "nothing"],
  ...fatalReasonsDefault.map((reason): Row => [5, `main container waits: ${reason}`, "MODIFIED", { phase: "Pending", main: [status("base", waiting(reason))] }, "FatalWaiting", "failed", "nothing"]),
  [5, "an init container waits", "ADDED", { phase: "Pending", init: [status("init", waiting("ErrImagePull"))], main: [status("base", waiting("PodInitializing"))] }, "FatalWaiting", "failed", "nothing"],
  [6, "the pull was slowed down", "MODIFIED", { phase: "Pending", main: [status("base", waiting("ErrImagePull", "pull QPS exceeded"))] }, "Pending", "nothing", "nothing"],
  [6, "one pull was slowed down, another container cannot start", "MODIFIED", { phase: "Pending", init: [status("init", waiting("ErrImagePull", "pull QPS exceeded"))], main: [status("base", waiting("InvalidImageName"))] }, "FatalWaiting", "failed", "nothing"],
  [7, "pending", "ADDED", { phase: "Pending" }, "Pending", "nothing", "nothing"],
  [7, "waiting without a reason", "MODIFIED", { phase: "Pending", main: [status("base", waiting())] }, "Pending", "nothing", "nothing"],
  [7, "waiting for another reason", "MODIFIED", { phase: "Pending", main: [status("base", waiting("ImagePullBackOff"))] }, "Pending", "nothing", "nothing"],
  [7, "a crash loop", "MODIFIED", { phase: "Pending", main: [status("base", waiting("CrashLoopBackOff"))] }, "Pending", "nothing", "nothing"],
  [7, "only the second main container waits", "MODIFIED", { phase: "Pending", main: [status("base", { running: {} }), status("sidecar", waiting("ErrImagePull"))] }, "Pending", "nothing", "nothing"],
  [8, "failed", "MODIFIED", { phase: "Failed" }, "Failed", "failed", "failed"],
  [8, "failed and deleted", "DELETED", { phase: "Failed", deleting: true }, "Failed", "failed", "failed"],
  [9, "succeeded, seen first", "ADDED", { phase: "Succeeded" }, "Succeeded", null, null],
  [9, "succeeded", "MODIFIED", { phase: "Succeeded" }, "Succeeded", null, null],
  [9, "succeeded and deleted", "DELETED", { phase: "Succeeded", deleting: true }, "Succeeded", null, null],
  [10, "running and deleted", "DELETED", { phase: "Running", deleting: true }, "RunningDeleted", "failed", "nothing"],
  [11, "running", "MODIFIED", { phase: "Running" }, "Running", "nothing", "nothing"],
  [11, "running and being deleted", "MODIFIED", { phase: "Running", deleting: true }, "Running", "nothing", "nothing"],
  [12, "unknown", "MODIFIED", { phase: "Unknown" }, "Unknown", "nothing", "nothing"],
  [12, "no phase", "ADDED", {}, "Unknown", "nothing", "nothing"]
]

const reported = ({ state }: StatusVerdict): StatusVerdict["state"] | "nothing" => (state === undefined ? "nothing" : state)

describe("processStatus", () => {
  it.each(rows)("row %i: %s", (_, __, type, shape, row, provider, contrib) => {
    const verdict = processStatus("provider", { type, pod: podOf(shape) })
    expect(verdict.row).toBe(row)
    expect(reported(verdict)).toBe(provider)
    expect(reported(processStatus("contrib", { type, pod: podOf(shape) }))).toBe(contrib)
  })

  it("an empty list of fatal reasons turns row 5 off", () => {
    const pod = podOf({ phase: "Pending", main: [status("base", waiting("ErrImagePull"))] })
    expect(processStatus("provider", { type: "MODIFIED", pod }, [])).toEqual({ row: "Pending" })
    expect(processStatus("provider", { type: "MODIFIED", pod })).toEqual({ row: "FatalWaiting", state: "failed", container: "base", reason: "ErrImagePull" })
  })
})

describe("collectPodFailureDetails", () => {
  const terminated = (exitCode: number, reason?: string): object => ({ terminated: { exitCode, reason, message: "m" } })

  it("names the first init container that failed before any main container", () => {
    const pod = podOf({ phase: "Failed", init: [status("a", terminated(0, "Completed")), status("b", terminated(3, "Error"))], main: [status("base", terminated(1, "Error"))] })
    expect(collectPodFailureDetails(pod)).toMatchObject({ containerType: "init", containerName: "b", exitCode: 3, containerReason: "Error", podStatus: "Failed", node: "node-1" })
  })

  it("takes the last waiting container when none has ended badly", () => {
    const pod = podOf({ phase: "Failed", main: [status("a", waiting("X")), status("b", waiting("Y"))] })
    expect(collectPodFailureDetails(pod)).toMatchObject({ containerState: "waiting", containerName: "b", containerReason: "Y" })
  })

  it("tells reason, exit code, OOM and node in words", () => {
    const details = collectPodFailureDetails(podOf({ phase: "Failed", reason: "Evicted", main: [status("base", terminated(137, "OOMKilled"))] }))
    expect(textOfFailure(details)).toBe("the pod failed with Evicted, container base ended with 137 (OOMKilled), m, on node node-1")
    expect(textOfFailure(undefined)).toBe("the pod failed")
  })

  it("has nothing to say of pods that did not fail or have no container statuses", () => {
    expect(collectPodFailureDetails(podOf({ phase: "Running" }))).toBeUndefined()
    expect(collectPodFailureDetails(podOf({ phase: "Failed" }))).toMatchObject({ podStatus: "Failed" })
  })

  it("a pod whose main container never ran has not started its task", () => {
    expect(hasTaskStarted(podOf({ phase: "Failed", init: [status("i", terminated(1))], main: [status("base", waiting("PodInitializing"))] }))).toBe(false)
    expect(hasTaskStarted(podOf({ phase: "Failed" }))).toBe(false)
    expect(hasTaskStarted(podOf({ phase: "Failed", main: [status("base", terminated(128, "StartError"))] }))).toBe(false)
    expect(hasTaskStarted(podOf({ phase: "Failed", main: [status("base", terminated(1, "Error"))] }))).toBe(true)
  })
})

const answer = (code: number, message?: string, retryAfterSeconds?: number): KubeError.KubeError =>
  KubeError.fromStatus("create pods", {
    kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code,
    ...(message === undefined ? {} : { message }), ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } })
  })
const lost = new KubeError.KubeError({ method: "create pods", reason: { _tag: "TransportFailed", description: "connection reset" } })

describe("decidePublishError", () => {
  it.each([
    ["the pod could not be put together", new PodReconciliationError({ description: "x" }), false],
    ["the mutation hook broke", new PodMutationHookException({ cause: new Error("x") }), false],
    ["403, quota", answer(403, `pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1`), true],
    ["403, other", answer(403, "may not"), false],
    ["409, modified", answer(409, "Operation cannot be fulfilled: the object has been modified"), true],
    ["409, already exists", answer(409, `pods "x" already exists`), false],
    ["410, too old", answer(410, "too old resource version: 1 (2)"), true],
    ["410, other", answer(410, "gone"), false],
    ["429", answer(429, "slow down"), true],
    ["500", answer(500), true],
    ["502", answer(502), true],
    ["503", answer(503), true],
    ["504", answer(504), true],
    ["connection lost", lost, true],
    ["400", answer(400, "bad"), false],
    ["401", answer(401), false],
    ["404", answer(404, "namespace not found"), false],
    ["422", answer(422, "invalid"), false],
    ["an unknown status", answer(418), false]
  ])("%s", (_, error, isRetried) => {
    expect(decidePublishError(error, 0, 0).action).toBe("Fail")
    expect(decidePublishError(error, 0, 1).action).toBe(isRetried ? "Requeue" : "Fail")
    expect(decidePublishError(error, 1, 1).action).toBe("Fail")
    expect(decidePublishError(error, 99, -1).action).toBe(isRetried ? "Requeue" : "Fail")
    expect(classifyPublishError(error) === "Permanent").toBe(!isRetried)
  })

  it("a retried 429 and any retried answer with a time stop the batch", () => {
    expect(decidePublishError(answer(429), 0, 1)).toEqual({ action: "Requeue", pauseSeconds: 0 })
    expect(decidePublishError(answer(429, "x", 7), 0, 1)).toEqual({ action: "Requeue", pauseSeconds: 7 })
    expect(decidePublishError(answer(503, "x", 3), 0, 1)).toEqual({ action: "Requeue", pauseSeconds: 3 })
    expect(decidePublishError(answer(503), 0, 1)).toEqual({ action: "Requeue" })
    expect(decidePublishError(answer(429, "x", 7), 1, 1)).toEqual({ action: "Fail" })
  })

  it("an empty message falls back to the reason", () => {
    expect(messageOf(answer(500, ""))).toBe("Unknown")
    expect(messageOf(answer(500, "not json"))).toBe("not json")
    expect(messageOf(lost)).toBe("connection reset")
  })

  it("reads Retry-After as whole seconds and nothing else", () => {
    expect(["15", " 3 ", "1.5", "soon", "", undefined].map(parseRetryAfter)).toEqual([15, 3, undefined, undefined, undefined, undefined])
  })

  it("operators wait as long as a 429 says, else 1, 2, 4, 8, 15 s", () => {
    expect(genericRetryWaitSeconds(1, answer(429, "x", 15))).toBe(15)
    expect([1, 2, 3, 4, 5, 6].map((attempt) => genericRetryWaitSeconds(attempt))).toEqual([1, 2, 4, 8, 15, 15])
  })

  it("backs off by doubling with chance, within limits, never sooner than asked", () => {
    expect(publishBackoffMillis(0, 0)).toBe(125)
    expect(publishBackoffMillis(0, 1)).toBe(250)
    expect(publishBackoffMillis(50, 1)).toBe(30_000)
    expect(publishBackoffMillis(0, 0, 12)).toBe(12_000)
  })
})
