import { describe, expect, it } from "vitest"
import { advance, failOpen, isOver, make } from "../../src/internal/podRecord.ts"
import { container, epoch, podOf, PodMachine } from "./podMachine.ts"

const sidecar = (name: string) => container(name, { restartPolicy: "Always" })

describe("a pod with one container", () => {
  it("runs and succeeds", () => {
    const pod = new PodMachine(podOf({}))
    expect(pod.steps).toEqual(["open", "start main"])
    expect(pod.phase).toBe("Running")
    expect(pod.containers).toBe("main=running ready")
    pod.after(5).exit("main", 0)
    expect(pod.phase).toBe("Succeeded")
    expect(pod.containers).toBe("main=exit:0:Completed")
    expect(isOver(pod.record)).toBe(true)
  })

  it.each([
    ["Never", 0, "Succeeded", "main=exit:0:Completed"],
    ["Never", 3, "Failed", "main=exit:3:Error"],
    ["OnFailure", 0, "Succeeded", "main=exit:0:Completed"],
    ["OnFailure", 3, "Running", "main=running<3 x1 ready"],
    ["Always", 0, "Running", "main=running<0 x1 ready"],
    ["Always", 3, "Running", "main=running<3 x1 ready"]
  ])("with restart policy %s and exit code %i is %s", (restartPolicy, code, phase, containers) => {
    const pod = new PodMachine(podOf({ restartPolicy })).after(1).exit("main", code)
    expect(pod.phase).toBe(phase)
    expect(pod.containers).toBe(containers)
  })

  it("keeps the reason and the message that the runtime gives for an exit", () => {
    const pod = new PodMachine(podOf({})).exit("main", 137, { reason: "OOMKilled", message: "too big" })
    expect(pod.containers).toBe("main=exit:137:OOMKilled")
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated?.message).toBe("too big")
  })

  it("shows a command that cannot be run as a real node does", () => {
    const pod = new PodMachine(podOf({}))
    pod.record = make(pod.record.pod, pod.now)
    const { record } = advance(pod.record, pod.now)
    expect(record.sandbox._tag).toBe("Absent")
    pod.run()
    pod.event("main", { _tag: "Exited", exitCode: 128, reason: "StartError", message: "exec: \"nope\"", neverStarted: true })
    expect(pod.status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      exitCode: 128,
      reason: "StartError",
      startedAt: "1970-01-01T00:00:00Z"
    })
    expect(pod.phase).toBe("Failed")
  })
})

describe("restarts", () => {
  it("wait 10 s after the second crash, then twice as long each time up to 5 minutes", () => {
    const pod = new PodMachine(podOf({ restartPolicy: "Always" }))
    pod.after(1).exit("main", 1)
    const waits: Array<string | undefined> = []
    for (let crash = 0; crash < 7; crash++) {
      pod.exit("main", 1)
      expect(pod.containers).toMatch(/^main=waiting:CrashLoopBackOff<1/)
      waits.push(/back-off (\S+)/.exec(pod.status?.containerStatuses?.[0]?.state?.waiting?.message ?? "")?.[1])
      const { wakeAt } = advance(pod.record, pod.now)
      pod.after((wakeAt! - pod.now) / 1000 - 1)
      expect(pod.containers).toMatch(/CrashLoopBackOff/)
      pod.after(1)
      expect(pod.containers).toMatch(/^main=running<1/)
    }
    expect(waits).toEqual(["10s", "20s", "40s", "1m20s", "2m40s", "5m0s", "5m0s"])
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(8)
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting).toBeUndefined()
  })

  it("name container and pod in the back-off message", () => {
    const pod = new PodMachine(podOf({ restartPolicy: "Always" })).exit("main", 1).exit("main", 1)
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe("back-off 10s restarting failed container=main pod=p_ns(u-1)")
  })

  it("forget the back-off after ten minutes without a crash", () => {
    const pod = new PodMachine(podOf({ restartPolicy: "Always" })).exit("main", 1).exit("main", 1).after(10)
    expect(pod.containers).toMatch(/running/)
    pod.after(601).exit("main", 1)
    expect(pod.containers).toBe("main=running<1 x3 ready")
  })
})

describe("failed starts", () => {
  it("of an image alternate between ErrImagePull and ImagePullBackOff with growing waits", () => {
    const pod = new PodMachine(podOf({ nodeName: "n" }))
    pod.pulls.set("main", "ErrImagePull")
    pod.record = make(pod.record.pod, pod.now)
    pod.run()
    const seen: Array<string> = [pod.containers]
    for (let i = 0; i < 5; i++) {
      const { wakeAt } = advance(pod.record, pod.now)
      pod.after((wakeAt! - pod.now) / 1000)
      seen.push(`${(pod.now - epoch) / 1000} ${pod.containers}`)
    }
    expect(seen).toEqual([
      "main=waiting:ErrImagePull",
      "1 main=waiting:ImagePullBackOff",
      "10 main=waiting:ErrImagePull",
      "11 main=waiting:ImagePullBackOff",
      "30 main=waiting:ErrImagePull",
      "31 main=waiting:ImagePullBackOff"
    ])
    expect(pod.phase).toBe("Pending")
    expect(pod.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('Back-off pulling image "main-image": ErrImagePull: no such thing')
  })

  it("of the configuration are tried every ten seconds and succeed when the cause is gone", () => {
    const pod = new PodMachine(podOf({}))
    pod.pulls.set("main", "CreateContainerConfigError")
    pod.record = make(pod.record.pod, pod.now)
    pod.run()
    expect(pod.containers).toBe("main=waiting:CreateContainerConfigError")
    pod.pulls.clear()
    pod.after(9)
    expect(pod.containers).toBe("main=waiting:CreateContainerConfigError")
    pod.after(1)
    expect(pod.containers).toBe("main=running ready")
  })

  it("of volumes leave the container in ContainerCreating and are tried again", () => {
    let record = failOpen(make(podOf({}), epoch), "configmap \"x\" not found", epoch)
    expect(advance(record, epoch)).toMatchObject({ steps: [], wakeAt: epoch + 500 })
    expect(advance(record, epoch + 500).steps).toEqual([{ _tag: "Open" }])
    record = failOpen(record, "configmap \"x\" not found", epoch + 500)
    expect(advance(record, epoch + 600).wakeAt).toBe(epoch + 1500)
  })
})

describe("init containers", () => {
  const spec = podOf({ initContainers: [container("one"), container("two")] })

  it("run one after the other before the main containers", () => {
    const pod = new PodMachine(spec)
    expect(pod.containers).toBe("one=running, two=waiting:PodInitializing, main=waiting:PodInitializing")
    expect(pod.phase).toBe("Pending")
    expect(pod.condition("Initialized")?.message).toBe("containers with incomplete status: [one two]")
    pod.after(1).exit("one")
    expect(pod.containers).toBe("one=exit:0:Completed ready, two=running, main=waiting:PodInitializing")
    pod.exit("two")
    expect(pod.containers).toBe("one=exit:0:Completed ready, two=exit:0:Completed ready, main=running ready")
    expect(pod.phase).toBe("Running")
    pod.exit("main")
    expect(pod.phase).toBe("Succeeded")
    expect(pod.steps).toEqual(["open", "start one", "start two", "start main"])
  })

  it("fail the pod with restart policy Never, and main containers never start", () => {
    const pod = new PodMachine(spec).exit("one", 2)
    expect(pod.phase).toBe("Failed")
    expect(pod.containers).toBe("one=exit:2:Error, two=waiting:PodInitializing, main=waiting:PodInitializing")
    expect(pod.conditions).toContain("Initialized=False:ContainersNotInitialized")
  })

  it.each(["OnFailure", "Always"])("are restarted with policy %s", (restartPolicy) => {
    const pod = new PodMachine(podOf({ restartPolicy, initContainers: [container("one")] })).exit("one", 2)
    expect(pod.containers).toBe("one=running<2 x1, main=waiting:PodInitializing")
    expect(pod.phase).toBe("Pending")
    pod.exit("one", 0)
    expect(pod.phase).toBe("Running")
  })
})

describe("sidecars", () => {
  const spec = podOf({ initContainers: [sidecar("side"), container("init"), sidecar("late")] })

  it("start in order among the init containers and stay", () => {
    const pod = new PodMachine(spec)
    expect(pod.steps).toEqual(["open", "start side", "start init"])
    expect(pod.containers).toBe("side=running ready, init=running, late=waiting:PodInitializing, main=waiting:PodInitializing")
    pod.exit("init")
    expect(pod.steps.slice(3)).toEqual(["start late", "start main"])
    expect(pod.phase).toBe("Running")
  })

  it("are stopped one after the other, the last first, once the main containers have ended", () => {
    const pod = new PodMachine(spec).exit("init").exit("main", 0)
    expect(pod.steps.slice(5)).toEqual(["stop late 30"])
    expect(pod.phase).toBe("Running")
    pod.exit("late", 143)
    expect(pod.steps.slice(6)).toEqual(["stop side 30"])
    expect(pod.phase).toBe("Running")
    pod.exit("side", 0)
    expect(pod.phase).toBe("Succeeded")
    expect(pod.containers).toBe("side=exit:0:Completed, init=exit:0:Completed ready, late=exit:143:Error, main=exit:0:Completed")
  })

  it("do not decide the phase by their exit code", () => {
    const pod = new PodMachine(podOf({ initContainers: [sidecar("side")] })).exit("main", 5).exit("side", 0)
    expect(pod.phase).toBe("Failed")
  })

  it("are restarted while the main container runs, whatever the pod's policy", () => {
    const pod = new PodMachine(podOf({ initContainers: [sidecar("side")] })).after(1).exit("side", 1)
    expect(pod.containers).toBe("side=running<1 x1 ready, main=running ready")
    expect(pod.phase).toBe("Running")
    pod.exit("side", 1)
    expect(pod.containers).toBe("side=waiting:CrashLoopBackOff<1 x1, main=running ready")
    expect(pod.conditions).toContain("Ready=False:ContainersNotReady")
    pod.exit("main")
    expect(pod.phase).toBe("Succeeded")
  })

  it("are stopped when an init container fails for good", () => {
    const pod = new PodMachine(spec).exit("init", 1)
    expect(pod.steps.slice(3)).toEqual(["stop side 30"])
    expect(pod.phase).toBe("Pending")
    pod.exit("side", 0)
    expect(pod.phase).toBe("Failed")
  })
})

describe("ending", () => {
  it("stops the main containers first and then the sidecars with what is left of the grace period", () => {
    const pod = new PodMachine(podOf({ initContainers: [sidecar("side")], containers: [container("a"), container("b")] })).end(30)
    expect(pod.steps.slice(4)).toEqual(["stop a 30", "stop b 30"])
    pod.after(10).exit("a", 143)
    expect(pod.steps.slice(6)).toEqual([])
    pod.exit("b", 137)
    expect(pod.steps.slice(6)).toEqual(["stop side 20"])
    pod.exit("side", 0)
    expect(isOver(pod.record)).toBe(true)
    expect(pod.phase).toBe("Failed")
  })

  it("counts as success when every container ends with 0", () => {
    expect(new PodMachine(podOf({})).end(30).exit("main", 0).phase).toBe("Succeeded")
  })

  it("does not restart anything", () => {
    const pod = new PodMachine(podOf({ restartPolicy: "Always" })).end(30).exit("main", 1)
    expect(pod.containers).toBe("main=exit:1:Error")
    expect(pod.phase).toBe("Failed")
  })

  it("takes a shorter grace period over, and ignores a longer one", () => {
    const pod = new PodMachine(podOf({})).end(30).end(60).end(5)
    expect(pod.steps.slice(2)).toEqual(["stop main 30", "stop main 5"])
  })

  it("reports containers that never ran as lost", () => {
    const pod = new PodMachine(podOf({}))
    pod.pulls.set("main", "ErrImagePull")
    pod.record = make(pod.record.pod, pod.now)
    pod.run().end(30)
    expect(pod.phase).toBe("Failed")
    expect(pod.containers).toBe("main=exit:137:ContainerStatusUnknown")
  })

  it("comes by itself at the active deadline", () => {
    const pod = new PodMachine(podOf({ activeDeadlineSeconds: 60 })).after(59)
    expect(advance(pod.record, pod.now)).toMatchObject({ steps: [], wakeAt: epoch + 60_000 })
    pod.after(1)
    expect(pod.steps.slice(2)).toEqual(["stop main 30"])
    expect(pod.phase).toBe("Running")
    pod.exit("main", 0)
    expect(pod.status).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline"
    })
  })

  it("passes the deadline of a pod that has ended", () => {
    const pod = new PodMachine(podOf({ activeDeadlineSeconds: 60 })).exit("main", 0).after(120)
    expect(pod.phase).toBe("Succeeded")
    expect(pod.status?.reason).toBeUndefined()
  })
})

describe("conditions", () => {
  it("come in the order of a kubelet", () => {
    const pod = new PodMachine(podOf({}))
    expect(pod.conditions).toBe("PodReadyToStartContainers=True Initialized=True Ready=True ContainersReady=True PodScheduled=True")
    pod.exit("main", 0)
    expect(pod.conditions).toBe(
      "PodReadyToStartContainers=False Initialized=True:PodCompleted Ready=False:PodCompleted ContainersReady=False:PodCompleted PodScheduled=True"
    )
  })

  it("say PodFailed when the pod failed", () => {
    expect(new PodMachine(podOf({})).exit("main", 1).conditions).toContain("Ready=False:PodFailed ContainersReady=False:PodFailed")
  })

  it("keep their transition time until they change", () => {
    const pod = new PodMachine(podOf({})).after(7)
    expect(pod.condition("Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:00Z")
    pod.exit("main", 0)
    expect(pod.condition("Ready")?.lastTransitionTime).toBe("2026-01-01T00:00:07Z")
    expect(pod.condition("Initialized")?.lastTransitionTime).toBe("2026-01-01T00:00:00Z")
  })

  it("name readiness gates that nobody has set", () => {
    const pod = new PodMachine(podOf({ readinessGates: [{ conditionType: "example.com/gate" }] }))
    expect(pod.condition("Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/gate" does not exist.'
    })
    expect(pod.condition("ContainersReady")?.status).toBe("True")
  })

  it("name the containers that are not ready", () => {
    const pod = new PodMachine(podOf({ containers: [container("a"), container("b")] })).exit("a", 0)
    expect(pod.condition("ContainersReady")).toMatchObject({ reason: "ContainersNotReady", message: "containers with unready status: [a]" })
    expect(pod.phase).toBe("Running")
  })
})
