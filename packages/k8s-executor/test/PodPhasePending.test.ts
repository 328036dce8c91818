import type { Phase } from "@fairlead/core"
import { describe, expect, it } from "vitest"
import type { PhaseContext, PhaseReading } from "../src/KubeObjectPlugin.ts"
import { type PendingLimits, readPending } from "../src/PodPhasePending.ts"
import { at, containerStatus, epoch, phaseContext, running, terminated, waiting } from "./support/fixtures.ts"

const minute = 60_000
const limits: PendingLimits = { imagePull: 3 * minute, createContainer: 3 * minute, createContainerConfig: 4 * minute, unknown: minute, pending: 0 }

const notReady = { type: "Ready", status: "False", reason: "ContainersNotReady", message: "ContainersNotReady", lastTransitionTime: at(0) }

const stuck = (reason: string, message?: string, extra: object = {}) =>
  ({ phase: "Pending", conditions: [notReady], containerStatuses: [containerStatus("main", waiting(reason, message))], ...extra }) as never

/** Reads twice: once when the fault shows, once `after` milliseconds later. */
const readLater = (status: never, after: number, own: Partial<PendingLimits> = {}): PhaseReading => {
  const all = { ...limits, ...own }
  const first = readPending(status, phaseContext({ now: epoch }), all)
  return readPending(status, phaseContext({ now: epoch + after, memory: first.memory }), all)
}

const summary = ({ phase }: PhaseReading): readonly [Phase.Phase, string | undefined, boolean] => [phase.phase, phase.error?.kind, phase.cleanupOnFailure]

describe("conditions", () => {
  it("queues a pod that could not be scheduled, with the scheduler's words", () => {
    const status = { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes are available", lastTransitionTime: at(7) }] }
    const { phase } = readPending(status as never, phaseContext(), limits)
    expect(phase).toMatchObject({ phase: "Queued", version: 0, reason: "Unschedulable:0/3 nodes are available", info: { occurredAt: epoch + 7000 } })
  })

  it("queues on a condition of type Unschedulable, whatever its status", () => {
    const status = { conditions: [{ type: "Unschedulable", status: "Unknown", reason: "r", message: "m" }] }
    expect(readPending(status as never, phaseContext(), limits).phase).toMatchObject({ phase: "Queued", reason: "r:m" })
  })

  it("lets the first condition that tells something decide", () => {
    const unscheduled = { type: "PodScheduled", status: "False", reason: "a", message: "b" }
    const containers = [containerStatus("main", waiting("InvalidImageName"))]
    expect(readPending({ conditions: [unscheduled, notReady], containerStatuses: containers } as never, phaseContext(), limits).phase.phase).toBe("Queued")
    expect(readPending({ conditions: [notReady, unscheduled], containerStatuses: containers } as never, phaseContext(), limits).phase.phase).toBe("PermanentFailure")
  })

  it("queues a pod of which nothing is known", () => {
    expect(readPending({}, phaseContext(), limits).phase).toMatchObject({ phase: "Queued", reason: "the pod waits to be scheduled" })
    const scheduled = { conditions: [{ type: "PodScheduled", status: "True" }, { ...notReady, status: "True" }] }
    expect(readPending(scheduled as never, phaseContext(), limits).phase.phase).toBe("Queued")
  })

  it("keeps the words of the round before while nothing new is known, so that nothing is reported again", () => {
    const previous = { phase: "Queued", version: 0, reason: "task submitted to K8s" } as const
    expect(readPending({}, phaseContext({ previous }), limits).phase.reason).toBe("task submitted to K8s")
  })
})

describe("reasons of waiting", () => {
  it.each(["ContainerCreating", "PodInitializing", "ErrImagePull"])("%s is initializing for as long as it takes", (reason) => {
    for (const after of [0, 100 * minute]) expect(summary(readLater(stuck(reason), after))).toEqual(["Initializing", undefined, false])
  })

  it.each([
    ["ImagePullBackOff", 3 * minute, ["RetryableFailure", "USER", true], "3m0s"],
    ["CreateContainerError", 3 * minute, ["PermanentFailure", "USER", true], "3m0s"],
    ["CreateContainerConfigError", 4 * minute, ["PermanentFailure", "USER", true], "4m0s"],
    ["RegistryUnavailable", minute, ["RetryableFailure", "SYSTEM", true], "1m0s"],
    ["RandomError", minute, ["RetryableFailure", "SYSTEM", true], "1m0s"]
  ] as const)("%s is initializing within its grace period and a failure after it", (reason, grace, failed, written) => {
    expect(summary(readLater(stuck(reason), grace - 1))).toEqual(["Initializing", undefined, false])
    const reading = readLater(stuck(reason), grace)
    expect(summary(reading)).toEqual(failed)
    expect(reading.phase.error).toMatchObject({
      code: `ContainersNotReady|${reason}`,
      message: `Grace period [${written}] exceeded|ContainersNotReady|msg`
    })
  })

  it("ImagePullBackOff that the registry explains with 429 Too Many Requests is charged to the system", () => {
    const message = "Back-off pulling image: 429 Too Many Requests"
    expect(summary(readLater(stuck("ImagePullBackOff", message), 3 * minute))).toEqual(["RetryableFailure", "SYSTEM", true])
  })

  it("InvalidImageName fails at once", () => {
    const reading = readPending(stuck("InvalidImageName"), phaseContext(), limits)
    expect(summary(reading)).toEqual(["PermanentFailure", "USER", true])
    expect(reading.phase.error).toMatchObject({ code: "ContainersNotReady|InvalidImageName", message: "ContainersNotReady|msg" })
  })

  it("a condition without a reason leaves its half of the code empty", () => {
    const status = { conditions: [{ type: "Ready", status: "False" }], containerStatuses: [containerStatus("main", waiting("InvalidImageName"))] }
    expect(readPending(status as never, phaseContext(), limits).phase.error).toMatchObject({ code: "|InvalidImageName", message: "|msg" })
  })

  it("CreateContainerConfigError without a grace period fails at once", () => {
    const reading = readPending(stuck("CreateContainerConfigError"), phaseContext(), { ...limits, createContainerConfig: 0 })
    expect(summary(reading)).toEqual(["PermanentFailure", "USER", true])
    expect(reading.phase.error?.message).toBe("Grace period [0s] exceeded|ContainersNotReady|msg")
  })

  it("an unknown reason without a grace period is an immediate system failure, as with Flyte", () => {
    const reading = readPending(stuck("RegistryUnavailable"), phaseContext(), { ...limits, unknown: 0 })
    expect(summary(reading)).toEqual(["RetryableFailure", "SYSTEM", true])
    expect(reading.phase.error?.message).toBe("ContainersNotReady|msg")
  })

  it("a reason named like a property of every object is just unknown", () => {
    expect(readPending(stuck("constructor"), phaseContext(), limits).phase.phase).toBe("Initializing")
  })

  it("says in the reason what it waits for", () => {
    const { phase } = readPending(stuck("ContainerCreating", "pulling"), phaseContext(), limits)
    expect(phase.reason).toBe("[ContainersNotReady|ContainerCreating]: ContainersNotReady|pulling")
  })
})

describe("clocks of grace periods", () => {
  it("start with the failure, not with the pod: a slow pull leaves the whole grace period", () => {
    const status = stuck("ImagePullBackOff")
    const late: Partial<PhaseContext> = { now: epoch + 60 * minute, launchedAt: epoch }
    expect(readPending(status, phaseContext(late), limits).phase.phase).toBe("Initializing")
  })

  it("go on while ErrImagePull and ImagePullBackOff alternate", () => {
    const first = readPending(stuck("ErrImagePull"), phaseContext({ now: epoch }), limits)
    const second = readPending(stuck("ImagePullBackOff"), phaseContext({ now: epoch + minute, memory: first.memory }), limits)
    const third = readPending(stuck("ErrImagePull"), phaseContext({ now: epoch + 2 * minute, memory: second.memory }), limits)
    const fourth = readPending(stuck("ImagePullBackOff"), phaseContext({ now: epoch + 3 * minute, memory: third.memory }), limits)
    expect([first, second, third, fourth].map((it) => it.phase.phase)).toEqual(["Initializing", "Initializing", "Initializing", "RetryableFailure"])
  })

  it("start anew after the container recovered", () => {
    const failing = readPending(stuck("ImagePullBackOff"), phaseContext({ now: epoch }), limits)
    const recovered = readPending(stuck("ContainerCreating"), phaseContext({ now: epoch + minute, memory: failing.memory }), limits)
    expect(recovered.memory).toBeUndefined()
    const again = readPending(stuck("ImagePullBackOff"), phaseContext({ now: epoch + 4 * minute, memory: recovered.memory }), limits)
    expect(again.phase.phase).toBe("Initializing")
  })

  it("start anew for another container and for another fault", () => {
    const failing = readPending(stuck("ImagePullBackOff"), phaseContext({ now: epoch }), limits)
    const other = { conditions: [notReady], containerStatuses: [containerStatus("other", waiting("ImagePullBackOff"))] }
    for (const status of [other, stuck("CreateContainerError")]) {
      expect(readPending(status as never, phaseContext({ now: epoch + 5 * minute, memory: failing.memory }), limits).phase.phase).toBe("Initializing")
    }
  })
})

describe("which container decides", () => {
  const init = (...statuses: ReadonlyArray<ReturnType<typeof containerStatus>>) =>
    stuck("PodInitializing", "", { initContainerStatuses: statuses })

  it.each([
    ["ErrImagePull", 0, ["Initializing", undefined, false]],
    ["ImagePullBackOff", minute, ["Initializing", undefined, false]],
    ["ImagePullBackOff", 3 * minute, ["RetryableFailure", "USER", true]],
    ["InvalidImageName", 0, ["PermanentFailure", "USER", true]],
    ["CreateContainerConfigError", 4 * minute, ["PermanentFailure", "USER", true]],
    ["CreateContainerError", 3 * minute, ["PermanentFailure", "USER", true]],
    ["SomethingElse", minute, ["RetryableFailure", "SYSTEM", true]]
  ] as const)("an init container in %s after %i ms comes before the containers that wait for it", (reason, after, expected) => {
    const reading = readLater(init(containerStatus("setup", waiting(reason))), after)
    expect(summary(reading)).toEqual(expected)
    if (reading.phase.error !== undefined) expect(reading.phase.error.code).toBe(`ContainersNotReady|${reason}`)
  })

  it("init containers that have ended leave the word to the others", () => {
    const status = stuck("InvalidImageName", "", { initContainerStatuses: [containerStatus("setup", terminated(0))] })
    expect(readPending(status, phaseContext(), limits).phase.error?.code).toBe("ContainersNotReady|InvalidImageName")
  })

  it("finds the second init container when the first has succeeded", () => {
    const status = init(containerStatus("one", terminated(0)), containerStatus("two", waiting("InvalidImageName")))
    expect(readPending(status, phaseContext(), limits).phase.error?.code).toBe("ContainersNotReady|InvalidImageName")
  })

  it("counts native sidecars, which are init containers too", () => {
    const status = init(containerStatus("uploader", running()), containerStatus("downloader", waiting("InvalidImageName")))
    expect(readPending(status, phaseContext(), limits).phase.phase).toBe("PermanentFailure")
  })

  it("finds a fault behind a container that is merely being created", () => {
    const status = { conditions: [notReady], containerStatuses: [containerStatus("a", waiting("ContainerCreating")), containerStatus("b", waiting("InvalidImageName"))] }
    expect(readPending(status as never, phaseContext(), limits).phase.phase).toBe("PermanentFailure")
  })

  it("passes over containers that are ready", () => {
    const status = {
      conditions: [notReady],
      containerStatuses: [containerStatus("a", waiting("InvalidImageName"), { ready: true }), containerStatus("b", waiting("ContainerCreating"))]
    }
    expect(readPending(status as never, phaseContext(), limits).phase.phase).toBe("Initializing")
  })
})

describe("time in pending altogether", () => {
  const timeout: PendingLimits = { ...limits, pending: 10 * minute }

  it("ends in PodPendingTimeout, a system failure that cleans up, with the reason so far", () => {
    const reading = readPending(stuck("ContainerCreating"), phaseContext({ now: epoch + 10 * minute }), timeout)
    expect(summary(reading)).toEqual(["RetryableFailure", "SYSTEM", true])
    expect(reading.phase.error).toMatchObject({ code: "PodPendingTimeout", message: "[ContainersNotReady|ContainerCreating]: ContainersNotReady|msg" })
  })

  it("is not over before", () => {
    expect(readPending(stuck("ContainerCreating"), phaseContext({ now: epoch + 10 * minute - 1 }), timeout).phase.phase).toBe("Initializing")
  })

  it("does not hide a failure with a better explanation", () => {
    expect(readPending(stuck("InvalidImageName"), phaseContext({ now: epoch + 99 * minute }), timeout).phase.error?.code).toBe("ContainersNotReady|InvalidImageName")
  })
})

it("says of a pod that never started that no code has run", () => {
  expect(readPending(stuck("InvalidImageName"), phaseContext(), limits).ran).toBe(false)
})
