import { describe, expect, it } from "vitest"
import { readFailed, readSucceeded } from "../src/PodPhaseEnded.ts"
import { containerStatus, terminated } from "./support/fixtures.ts"

const failed = (status: object, primary = "main") => readFailed(status as never, primary, {})

describe("readFailed", () => {
  it("charges a failure that nobody explains to the system", () => {
    expect(failed({}).error).toEqual({ code: "Interrupted", kind: "SYSTEM", message: "Pod failed. No message received from kubernetes." })
  })

  it("takes the pod's reason as code and charges the user", () => {
    expect(failed({ reason: "hello" })).toMatchObject({ phase: "RetryableFailure", error: { code: "hello", kind: "USER" } })
  })

  it("knows OOMKilled, which is the user's", () => {
    expect(failed({ containerStatuses: [containerStatus("main", terminated(137, "OOMKilled"))] }).error).toMatchObject({ code: "OOMKilled", kind: "USER" })
  })

  it.each([137, 247])("charges exit code %i of the primary container to the system", (exitCode) => {
    const status = containerStatus("main", {}, { lastState: terminated(exitCode, "some reason") })
    expect(failed({ containerStatuses: [status] }).error).toMatchObject({ code: "Interrupted", kind: "SYSTEM" })
  })

  it("charges a kill of another container to the user", () => {
    const status = containerStatus("other", {}, { lastState: terminated(137, "some reason") })
    expect(failed({ containerStatuses: [status] }).error).toMatchObject({ code: "Interrupted", kind: "USER" })
  })

  it.each(["Terminated", "Shutdown", "NodeShutdown", "NodeAffinity"])("charges pod reason %s to the system and keeps the message", (reason) => {
    expect(failed({ reason, message: "Test pod status message", containerStatuses: [] }).error)
      .toEqual({ code: "Interrupted", kind: "SYSTEM", message: "Test pod status message" })
  })

  it("lets the container explain an ordinary exit code, for which the kubelet gives no reason", () => {
    const error = failed({ containerStatuses: [containerStatus("main", terminated(1, "Error", { message: "boom" }))] }).error
    expect(error).toEqual({ code: "Error", kind: "USER", message: "\r\n[main] terminated with exit code (1). Reason [Error]. Message: \nboom." })
  })

  it("lets the primary container explain before others, and others before nobody", () => {
    const setup = containerStatus("setup", terminated(3, "SetupBroken"))
    const status = { initContainerStatuses: [setup], containerStatuses: [containerStatus("main", terminated(1, "MainBroken"))] }
    expect(failed(status).error?.code).toBe("MainBroken")
    expect(failed({ initContainerStatuses: [setup] }).error).toMatchObject({ code: "SetupBroken", kind: "USER" })
  })

  it("charges inputs that could not be brought to the system", () => {
    const status = { initContainerStatuses: [containerStatus("flyte-copilot-downloader", terminated(1))] }
    expect(readFailed(status as never, "main", {}, "flyte-copilot-downloader").error).toMatchObject({ code: "InputDownloadFailed", kind: "SYSTEM" })
  })

  it("charges DeadlineExceeded to the user", () => {
    expect(failed({ reason: "DeadlineExceeded" }).error).toMatchObject({ code: "DeadlineExceeded", kind: "USER" })
  })

  it("appends how each container ended: init, main and ephemeral ones", () => {
    const message = failed({
      reason: "Error",
      message: "sad",
      initContainerStatuses: [containerStatus("setup", terminated(0))],
      containerStatuses: [containerStatus("main", terminated(3, "Error", { message: "trace" }))],
      ephemeralContainerStatuses: [containerStatus("debug", terminated(4, "Odd"))]
    }).error?.message
    expect(message).toBe(
      "sad\r\n[setup] terminated with ExitCode 0.\r\n[main] terminated with exit code (3). Reason [Error]. Message: \ntrace." +
        "\r\n[debug] terminated with exit code (4). Reason [Odd]. Message: \n."
    )
  })

  it("prefers the state before the last restart", () => {
    const status = containerStatus("main", terminated(0), { lastState: terminated(9, "Before") })
    expect(failed({ reason: "Error", containerStatuses: [status] }).error?.message).toContain("exit code (9). Reason [Before]")
  })
})

describe("evictions are charged to whoever caused them", () => {
  it.each([
    ["The node was low on resource: memory. Container main was using 2Gi, request is 0.", "SYSTEM"],
    ["The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 1Mi.", "SYSTEM"],
    ["Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.", "USER"],
    ["Usage of EmptyDir volume \"x\" exceeds the limit \"1Gi\".", "USER"],
    ["Container main exceeded its local ephemeral storage limit \"1Gi\".", "USER"]
  ])("%s → %s", (message, kind) => {
    expect(failed({ reason: "Evicted", message }).error).toMatchObject({ kind, code: kind === "USER" ? "Evicted" : "Interrupted" })
  })

  it.each(["PreemptionByScheduler", "DeletionByTaintManager", "EvictionByEvictionAPI", "DeletionByPodGC"])("disruption %s → SYSTEM", (reason) => {
    const conditions = [{ type: "DisruptionTarget", status: "True", reason }]
    expect(failed({ reason: "Error", conditions }).error?.kind).toBe("SYSTEM")
  })

  it("leaves the kubelet's own terminations to the pod's reason", () => {
    const conditions = [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" }]
    expect(failed({ reason: "Evicted", message: "Container main exceeded its local ephemeral storage limit", conditions }).error?.kind).toBe("USER")
  })
})

describe("readSucceeded", () => {
  it("is success", () => {
    expect(readSucceeded({ containerStatuses: [containerStatus("main", terminated(0))] }, {}).phase).toBe("Success")
  })

  it.each(["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"])("is not believed when one of %s was OOMKilled", (field) => {
    expect(readSucceeded({ [field]: [containerStatus("x", terminated(0, "OOMKilled"))] }, {}))
      .toMatchObject({ phase: "RetryableFailure", error: { code: "OOMKilled", kind: "USER", message: "Pod reported success despite being OOMKilled" } })
  })
})
