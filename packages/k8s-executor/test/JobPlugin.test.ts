import type { Job } from "@fairlead/kube"
import { KubeResource } from "@fairlead/kube"
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as JobPlugin from "../src/JobPlugin.ts"
import { at, buildContext, containerTemplate, epoch } from "./support/fixtures.ts"
import { makeWorld } from "./support/world.ts"

const jobTemplate = (custom: object = {}) => containerTemplate({}, { type: "job", custom: custom as never })
const build = (custom?: object) => JobPlugin.make().build(buildContext({ template: jobTemplate(custom) }))

describe("build", () => {
  const job = Result.getOrThrow(build({ parallelism: 3, completions: 5, completionMode: "Indexed" }))

  it("puts the pod that the pod plugin would build into a Job", () => {
    expect(job.spec).toMatchObject({
      parallelism: 3,
      completions: 5,
      completionMode: "Indexed",
      backoffLimit: 0,
      template: { spec: { restartPolicy: "Never", automountServiceAccountToken: false, containers: [{ name: "run1-a0-0", image: "busybox", resources: { limits: { cpu: "1000m" } } }] } }
    })
  })

  it("labels the Job's pods like the task, but not as objects that the engine follows", () => {
    expect(job.spec?.template.metadata?.labels).toEqual({ run: "run1", action: "a0", attempt: "1" })
  })

  it("refuses fields that are the platform's", () => {
    const result = build({ template: {} })
    expect(Result.isFailure(result) && result.failure).toMatchObject({ code: "BadTaskSpecification", description: expect.stringMatching(/^custom\.template is no field of a Job that a task may set; allowed are parallelism,/) as string })
  })

  it("refuses what the pod plugin refuses", () => {
    expect(Result.isFailure(JobPlugin.make().build(buildContext({ template: containerTemplate({ args: ["{{.TaskTemplatePath}}"] }, { type: "job" }) })))).toBe(true)
  })
})

describe("readJob", () => {
  const condition = (type: string, more: object = {}) => ({ type, status: "True", lastTransitionTime: at(9), ...more })

  it.each([
    ["nothing", {}, "Queued", undefined],
    ["active pods", { active: 2 }, "Initializing", undefined],
    ["ready pods", { active: 2, ready: 1 }, "Running", undefined],
    ["some succeeded pods", { active: 1, succeeded: 1 }, "Running", undefined],
    ["Suspended", { conditions: [condition("Suspended")] }, "Queued", undefined],
    ["FailureTarget", { active: 1, ready: 1, conditions: [condition("FailureTarget")] }, "Running", undefined],
    ["Complete", { conditions: [condition("Complete")] }, "Success", undefined],
    ["Failed", { conditions: [condition("Failed", { reason: "BackoffLimitExceeded", message: "too often" })] }, "RetryableFailure", "BackoffLimitExceeded"],
    ["Failed without a reason", { conditions: [condition("Failed")] }, "RetryableFailure", "JobFailed"],
    ["a condition that is not true", { conditions: [{ ...condition("Failed"), status: "False" }] }, "Queued", undefined]
  ])("%s", (_name, status, phase, code) => {
    const reading = JobPlugin.readJob({ metadata: {}, status } as Job, { now: epoch })
    expect([reading.phase.phase, reading.phase.error?.code]).toEqual([phase, code])
  })

  it("tells in the reason how its pods are", () => {
    expect(JobPlugin.readJob({ metadata: {}, status: { active: 1, ready: 1, failed: 2 } } as Job, { now: epoch }).phase.reason).toBe("pods: 1 active, 0 succeeded, 2 failed")
  })

  it("ended when its condition says", () => {
    expect(JobPlugin.readJob({ metadata: {}, status: { conditions: [condition("Complete")] } } as never, { now: 0 }).phase.info.occurredAt).toBe(epoch + 9000)
  })
})

describe("under the runner, like pods", () => {
  it("one Job is created, followed and cleaned up", () => {
    const world = makeWorld(KubeResource.jobs)
    const task = world.runner(JobPlugin.make())
    task.template = jobTemplate()
    expect(task.handle().phase.phase).toBe("Queued")
    world.sync()
    world.setStatus("run1-a0-0", { active: 1, ready: 1, startTime: at(1) })
    world.sync()
    expect(task.handle().phase).toMatchObject({ phase: "Running", reason: "pods: 1 active, 0 succeeded, 0 failed" })
    world.setStatus("run1-a0-0", { active: 0, ready: 0, succeeded: 1, startTime: at(1), completionTime: at(2), conditions: [
      { type: "SuccessCriteriaMet", status: "True", lastTransitionTime: at(2) },
      { type: "Complete", status: "True", lastTransitionTime: at(2) }
    ] })
    world.sync()
    expect(task.handle().phase.phase).toBe("Success")
    task.finalize()
    expect(world.calls).toEqual(["create jobs"])
    task.abort()
    expect(world.objects().filter((it) => it.metadata.deletionTimestamp === undefined)).toEqual([])
  })

  it("an error document explains a failed Job", () => {
    const world = makeWorld(KubeResource.jobs)
    const task = world.runner(JobPlugin.make())
    task.template = jobTemplate()
    task.handle()
    world.setStatus("run1-a0-0", { startTime: at(1), failed: 1, conditions: [
      { type: "FailureTarget", status: "True", lastTransitionTime: at(2), reason: "BackoffLimitExceeded" },
      { type: "Failed", status: "True", lastTransitionTime: at(2), reason: "BackoffLimitExceeded" }
    ] })
    world.sync()
    task.outcome = { _tag: "Error", error: { code: "ValueError", message: "no", kind: "USER" }, recoverable: false }
    expect(task.handle().phase).toMatchObject({ phase: "PermanentFailure", error: { code: "ValueError" } })
  })
})
