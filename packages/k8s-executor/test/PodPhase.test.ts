import { Phase } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import { isTerminalPod, podOutlivesTask, readPod } from "../src/PodPhase.ts"
import { podPluginDefaults } from "../src/PodPluginConfig.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import { at, containerStatus, epoch, phaseContext, pod, running, terminated, waiting } from "./support/fixtures.ts"

const settings = PodPlugin.phaseSettings(podPluginDefaults)
const withLogs = PodPlugin.phaseSettings({
  ...podPluginDefaults,
  logLinks: [{ name: "Logs", uri: "https://logs/{{ .podName }}", linkType: "external", messageFormat: "json", showWhilePending: false, hideOnceFinished: false }]
})
const read = (it: ReturnType<typeof pod>, own = settings) => readPod(it, phaseContext(), own).phase

describe("phases of pods", () => {
  it("Unknown is undefined", () => {
    expect(read(pod({ phase: "Unknown" })).phase).toBe("Undefined")
  })

  it("a pod without a status is queued", () => {
    expect(read({ metadata: { name: "p" } } as never).phase).toBe("Queued")
  })

  it.each([
    ["Pending", "Queued"],
    ["Succeeded", "Success"],
    ["Failed", "RetryableFailure"],
    ["Running", "Running"]
  ])("%s without details is %s", (phase, expected) => {
    expect(read(pod({ phase })).phase).toBe(expected)
  })

  it("a running pod has version 1 once it has logs", () => {
    const it = pod({ phase: "Running", containerStatuses: [containerStatus("main", running())] })
    expect(read(it)).toMatchObject({ phase: "Running", version: 0 })
    expect(read(it, withLogs)).toMatchObject({ phase: "Running", version: 1, info: { logs: [{ name: "Logs", uri: "https://logs/run1-a0-0" }] } })
  })

  it("malformed times and missing parts do no harm", () => {
    const broken = pod({
      phase: "Failed",
      containerStatuses: [{ name: "main", state: { terminated: { exitCode: 1, finishedAt: "yesterday" } } }],
      conditions: [{ type: "Ready", status: "False", lastTransitionTime: "soon" }]
    }, { metadata: { deletionTimestamp: "never", creationTimestamp: null } })
    expect(read(broken).phase).toBe("RetryableFailure")
  })
})

describe("a running pod without a primary container", () => {
  const two = { spec: { containers: [{ name: "a", image: "x" }, { name: "b", image: "x" }] } } as const

  it("succeeds when all containers have ended with 0, before the pod says so", () => {
    expect(read(pod({ phase: "Running", containerStatuses: [containerStatus("a", terminated(0)), containerStatus("b", terminated(0))] }, two)).phase).toBe("Success")
  })

  it.each([
    ["a container still runs", [containerStatus("a", terminated(0)), containerStatus("b", running())], []],
    ["a container has failed", [containerStatus("a", terminated(0)), containerStatus("b", terminated(1))], []],
    ["a native sidecar still runs", [containerStatus("a", terminated(0))], [containerStatus("uploader", running())]],
    ["nothing is known of its containers", [], []]
  ])("goes on while %s", (_name, containerStatuses, initContainerStatuses) => {
    expect(read(pod({ phase: "Running", containerStatuses, initContainerStatuses }, two)).phase).toBe("Running")
  })
})

describe("a running pod with a primary container", () => {
  const primary = { primary: "main" }

  it("runs while the primary container waits or runs", () => {
    expect(read(pod({ phase: "Running", containerStatuses: [containerStatus("main", waiting("x"))] }, primary)).phase).toBe("Running")
  })

  it("succeeds with the primary container although others still run", () => {
    const it = pod({ phase: "Running", containerStatuses: [containerStatus("main", terminated(0)), containerStatus("other", running())] }, primary)
    expect(read(it).phase).toBe("Success")
  })

  it("fails with the primary container", () => {
    expect(read(pod({ phase: "Running", containerStatuses: [containerStatus("main", terminated(1))] }, primary)).error?.code).toBe("Error")
  })

  it("runs while the kubelet has not yet reported the primary container", () => {
    expect(read(pod({ phase: "Running", containerStatuses: [containerStatus("other", running())] }, primary)).phase).toBe("Running")
  })

  it("fails for good when the spec has no such container either", () => {
    expect(read(pod({ phase: "Running" }, { primary: "gone" })).error?.code).toBe("PrimaryContainerNotFound")
  })
})

describe("a pod whose outputs are uploaded", () => {
  const uploader = "flyte-copilot-uploader"
  const spec = { containers: [{ name: "main", image: "x" }], initContainers: [{ name: uploader, image: "x" }] }
  const running2 = (main: object, uploaderState: object) =>
    pod({ phase: "Running", containerStatuses: [containerStatus("main", main)], initContainerStatuses: [containerStatus(uploader, uploaderState)] }, { primary: "main", spec })

  it("goes on after the end of the task until the uploader has ended", () => {
    expect(read(running2(terminated(0), running())).phase).toBe("Running")
    expect(read(running2(terminated(0), terminated(0))).phase).toBe("Success")
  })

  it("goes on after the failure of the task too, for its error document", () => {
    expect(read(running2(terminated(1), running())).phase).toBe("Running")
    expect(read(running2(terminated(1), terminated(0))).phase).toBe("RetryableFailure")
  })

  it("charges a broken uploader to the system", () => {
    expect(read(running2(terminated(0), terminated(2, "Error", { message: "no route" }))).error)
      .toMatchObject({ code: "OutputUploadFailed", kind: "SYSTEM", message: expect.stringContaining("no route") as string })
  })
})

describe("pods that somebody deletes", () => {
  const deleted = (requestedAt: number) => ({ deletionTimestamp: at(requestedAt + 30), deletionGracePeriodSeconds: 30 })

  it.each([143, 1])("exit code %i after the request is the system's doing", (exitCode) => {
    const it = pod({ phase: "Failed", containerStatuses: [containerStatus("main", terminated(exitCode))] }, { metadata: deleted(4) })
    expect(read(it).error).toMatchObject({ code: "UnexpectedObjectDeletion", kind: "SYSTEM" })
  })

  it("a failure before the request stays the task's", () => {
    const it = pod({ phase: "Failed", reason: "Error", containerStatuses: [containerStatus("main", terminated(1))] }, { metadata: deleted(6) })
    expect(read(it).error).toMatchObject({ code: "Error", kind: "USER" })
  })

  it("a success is a success", () => {
    expect(read(pod({ phase: "Succeeded" }, { metadata: deleted(0) })).phase).toBe("Success")
  })
})

describe("times", () => {
  const statuses = [containerStatus("main", terminated(0)), containerStatus("other", running())]

  it("occurredAt is the last start or end of a container", () => {
    expect(read(pod({ phase: "Running", containerStatuses: statuses })).info.occurredAt).toBe(epoch + 5000)
  })

  it("occurredAt is now while no container has started", () => {
    expect(read(pod({ phase: "Running" })).info.occurredAt).toBe(phaseContext().now)
  })

  it("reportedAt is when the kubelet reported completion", () => {
    const conditions = [{ type: "Ready", status: "False", reason: "PodCompleted", lastTransitionTime: at(9) }]
    expect(read(pod({ phase: "Succeeded", containerStatuses: statuses, conditions })).info.reportedAt).toBe(epoch + 9000)
    expect(read(pod({ phase: "Succeeded", containerStatuses: statuses })).info.reportedAt).toBe(epoch + 5000)
  })
})

describe("the log context", () => {
  it("names pod, containers and their times", () => {
    const it = pod({ phase: "Running", containerStatuses: [containerStatus("main", terminated(0))], initContainerStatuses: [containerStatus("setup", terminated(0))] }, { primary: "main" })
    expect(read(it).info.logContext).toMatchObject({
      primaryPodName: "run1-a0-0",
      pods: [{
        namespace: "flyte",
        podName: "run1-a0-0",
        primaryContainerName: "main",
        containers: [{ containerName: "main", process: { containerStartTime: { seconds: BigInt(epoch / 1000 + 1) }, containerEndTime: { seconds: BigInt(epoch / 1000 + 5) } } }],
        initContainers: [{ containerName: "setup" }]
      }]
    })
  })
})

describe("editor servers", () => {
  const editorSettings = PodPlugin.phaseSettings({
    ...podPluginDefaults,
    dynamicLogLinks: { vscode: { name: "Editor", uri: "https://editor/{{ .podName }}", linkType: "external", messageFormat: "json", showWhilePending: false, hideOnceFinished: false } }
  })
  const spec = { containers: [{ name: "main", image: "x", env: [{ name: "_F_E_VS", value: "true" }] }] }
  const editorPod = (ready: boolean) =>
    pod({ phase: "Running", containerStatuses: [containerStatus("main", running(), { ready })] }, { primary: "main", spec })

  it.each([[true, "Vscode server is ready"], [false, "Vscode server is not ready"]] as const)("ready %s is told in link and reason", (ready, reason) => {
    expect(read(editorPod(ready), editorSettings)).toMatchObject({ reason, info: { logs: [{ ready, linkType: 2 }] } })
  })
})

describe("isTerminalPod and podOutlivesTask", () => {
  it.each([["Succeeded", true], ["Failed", true], ["Running", false], ["Pending", false], ["Unknown", false]])("%s is terminal: %s", (phase, terminal) => {
    expect(isTerminalPod(pod({ phase }))).toBe(terminal)
  })

  it.each([
    ["ended", { phase: "Succeeded" }, false],
    ["pending", { phase: "Pending" }, true],
    ["only its primary container, which has ended", { phase: "Running", containerStatuses: [containerStatus("main", terminated(0))] }, false],
    ["another container at work", { phase: "Running", containerStatuses: [containerStatus("main", terminated(0)), containerStatus("other", running())] }, true]
  ])("a pod that has %s", (_name, status, outlives) => {
    expect(podOutlivesTask(pod(status))).toBe(outlives)
  })
})

it("never throws, and reads equal pods equally", () => {
  const it = pod({ phase: "Failed", containerStatuses: [containerStatus("main", terminated(1))] })
  expect(readPod(it, phaseContext(), settings)).toEqual(readPod(structuredClone(it), phaseContext(), settings))
  for (const status of [null, {}, { phase: 7 }, { phase: "Pending", conditions: [{}] }, { phase: "Running", containerStatuses: [{}] }]) {
    expect(Phase.phases).toContain(readPod({ ...it, status } as never, phaseContext(), settings).phase.phase)
  }
})
