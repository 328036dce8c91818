import { KubeResource } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import { objectRunnerDefaults } from "../src/ObjectRunnerConfig.ts"
import * as ObjectState from "../src/ObjectState.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import { containerStatus, containerTemplate, running, terminated, waiting } from "./support/fixtures.ts"
import { answer, makeWorld, noAnswer, type World } from "./support/world.ts"

const name = "run1-a0-0"
const start = () => {
  const world = makeWorld()
  return { world, task: world.runner(PodPlugin.make()) }
}
const writes = (world: World) => world.calls.filter((it) => !it.startsWith("get"))
const stateOf = (task: { readonly state: Parameters<typeof ObjectState.decode>[0] | undefined }) => ObjectState.decode(task.state!)!

describe("launch", () => {
  it("creates one pod under the attempt's name, owned by the TaskAction, and reports it queued", () => {
    const { task, world } = start()
    const { deferrable, phase } = task.handle()
    expect(phase).toMatchObject({ phase: "Queued", version: 0, reason: "task submitted to K8s" })
    expect(deferrable).toBe(true)
    expect(world.calls).toEqual(["create pods"])
    expect(world.objects()).toMatchObject([{
      metadata: {
        name,
        labels: { "flyte.org/managed": "true", run: "run1" },
        annotations: { "flyte.org/launch": "0", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
        ownerReferences: [{ uid: "uid-of-run1-a0", controller: true }]
      }
    }])
  })

  it("remembers name, uid and launch", () => {
    const { task, world } = start()
    task.handle()
    expect(stateOf(task)).toMatchObject({ name, uid: world.objects()[0]!.metadata.uid, launch: 0, since: world.now, phase: "Queued", phaseVersion: 0 })
  })

  it("names every relaunch differently, so that it never meets the pod it replaces", () => {
    const { task, world } = start()
    task.handle()
    task.state = undefined
    task.launch = 1
    expect(task.handle().phase.phase).toBe("Queued")
    expect(world.objects().map((it) => it.metadata.name)).toEqual([name, `${name}r1`])
  })

  it("fails for good with what is wrong with the task", () => {
    const { task, world } = start()
    task.template = containerTemplate({ resources: { requests: [{ name: 1, value: "many" }] } })
    expect(task.refuse()).toMatchObject({ code: "BadTaskSpecification", retryable: false, message: expect.stringContaining('requests.cpu is "many"') as string })
    expect(world.calls).toEqual([])
  })
})

describe("answers to a create", () => {
  it.each([
    ["Invalid", answer(422, "Invalid", "Pod is invalid"), "PermanentFailure", "InvalidResource"],
    ["BadRequest of a webhook", answer(400, "BadRequest", "admission webhook denied"), "PermanentFailure", "BadRequest"],
    ["a bare 400", answer(400, undefined, "no"), "PermanentFailure", "BadRequest"],
    ["Forbidden", answer(403, "Forbidden", "pods is forbidden: User cannot create resource"), "RetryableFailure", "RuntimeFailure"],
    ["Forbidden by pod security", answer(403, "Forbidden", "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\""), "RetryableFailure", "RuntimeFailure"],
    ["a quota that a spec cannot pass", answer(403, "Forbidden", "failed quota: q: must specify limits.cpu"), "RetryableFailure", "RuntimeFailure"],
    ["RequestEntityTooLarge", answer(413, "RequestEntityTooLarge", "limit is 3145728"), "PermanentFailure", "EntityTooLarge"],
    ["etcd's own limit", answer(500, "InternalError", "etcdserver: request is too large"), "PermanentFailure", "EntityTooLarge"]
  ] as const)("%s ends the attempt and is the user's", (_name, error, phase, code) => {
    const { task, world } = start()
    world.rules.push(() => ({ error }))
    expect(task.handle()).toMatchObject({ phase: { phase, error: { code, kind: "USER", message: expect.stringContaining(error.message) as string } } })
    expect(task.state).toBeUndefined()
  })

  it.each([
    ["TooManyRequests", answer(429, "TooManyRequests", "slow down", { details: { retryAfterSeconds: 7 } }), /slow down.*\(the server asks to wait 7 s\)/],
    ["Timeout", answer(504, "Timeout", "timed out"), /timed out/],
    ["InternalError", answer(500, "InternalError", "oops"), /oops/],
    ["Unauthorized", answer(401, "Unauthorized", "who are you"), /who are you/],
    ["NotFound", answer(404, "NotFound", 'namespaces "flyte" not found'), /namespaces/],
    ["TransportFailed", noAnswer, /connection reset/]
  ] as const)("%s leaves all open and is tried again", (code, error, message) => {
    const { task, world } = start()
    world.rules.push(() => ({ error }))
    expect(task.refuse()).toMatchObject({ code, kind: "SYSTEM", retryable: true, message: expect.stringMatching(message) as string })
    world.rules.pop()
    expect(task.handle().phase.phase).toBe("Queued")
    expect(world.objects()).toHaveLength(1)
  })

  it("adopts a pod whose create was carried out although no answer came", () => {
    const { task, world } = start()
    world.rules.push((request) => (request.verb === "create" ? { error: noAnswer, applied: true } : undefined))
    task.refuse()
    world.rules.pop()
    expect(task.handle().phase.phase).toBe("Queued")
    expect(world.objects()).toHaveLength(1)
    expect(stateOf(task).uid).toBe(world.objects()[0]!.metadata.uid)
  })

  it("adopts it from the cache without another create once the cache shows it", () => {
    const { task, world } = start()
    world.rules.push((request) => (request.verb === "create" ? { error: noAnswer, applied: true } : undefined))
    task.refuse()
    world.sync()
    task.handle()
    expect(world.calls).toEqual(["create pods"])
    expect(stateOf(task).uid).toBe(world.objects()[0]!.metadata.uid)
  })

  it.each([
    ["of another owner", { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "other", uid: "u2" }], annotations: { "flyte.org/launch": "0" } }, "ConfigMap other (u2)"],
    ["of another launch", { ownerReferences: [{ apiVersion: "flyte.org/v1", kind: "TaskAction", name: "run1-a0", uid: "uid-of-run1-a0" }], annotations: { "flyte.org/launch": "5" } }, "TaskAction run1-a0"],
    ["of nobody", {}, "nobody"]
  ])("does not adopt a pod %s, but says whose it is", (_name, own, owner) => {
    for (const synced of [false, true]) {
      const { task, world } = start()
      world.value(world.client.create(KubeResource.pods, { metadata: { name, namespace: "flyte", ...own }, spec: { containers: [{ name: "c", image: "i" }] } } as never))
      if (synced) world.sync()
      expect(task.handle().phase.error).toMatchObject({ code: "NameTaken", kind: "SYSTEM", message: expect.stringContaining(owner) as string })
      task.abort()
      expect(world.objects()).toHaveLength(1)
    }
  })

  it("tries again when the pod in the way is gone at the second look", () => {
    const { task, world } = start()
    world.rules.push((request) => (request.verb === "create" ? { error: answer(409, "AlreadyExists", "taken") } : undefined))
    expect(task.refuse()).toMatchObject({ code: "AlreadyExists", retryable: true })
  })
})

describe("a quota that is used up", () => {
  const quota = answer(403, "Forbidden", 'pods "x" is forbidden: exceeded quota: q, requested: cpu=1, used: cpu=1, limited: cpu=1')
  const full = () => {
    const { task, world } = start()
    world.rules.push((request) => (request.verb === "create" ? { error: quota } : undefined))
    return { task, world, creates: () => world.calls.filter((it) => it === "create pods").length }
  }

  it("is waited for, and charges nobody", () => {
    const { task } = full()
    const { phase } = task.handle()
    expect(phase).toMatchObject({ phase: "WaitingForResources", version: 0, reason: expect.stringContaining("exceeded quota: q") as string })
    expect(phase.error).toBeUndefined()
  })

  it("is asked again after growing pauses, without a write of the state in between", () => {
    const { creates, task, world } = full()
    task.handle()
    const first = task.state
    const tries: Array<number> = []
    for (let second = 1; second <= 600; second++) {
      world.now += 1000
      const before = creates()
      expect(task.handle()).toMatchObject({ phase: { phase: "WaitingForResources" } })
      if (creates() > before) tries.push(second)
    }
    expect(tries.slice(0, 8)).toEqual([5, 10, 15, 23, 35, 53, 80, 120])
    expect(tries.slice(-2).reduce((a, b) => b - a)).toBe(60)
    expect(task.state).toBe(first)
  })

  it("ends in a launch when there is room again", () => {
    const { task, world } = full()
    task.handle()
    world.rules.pop()
    world.now += 5000
    expect(task.handle().phase).toMatchObject({ phase: "Queued", version: 0 })
    expect(stateOf(task).uid).toBeDefined()
  })

  it("tells another reason as news", () => {
    const { task, world } = full()
    task.handle()
    world.rules[0] = () => ({ error: answer(403, "Forbidden", "exceeded quota: other") })
    world.now += 5000
    expect(task.handle().phase).toMatchObject({ phase: "WaitingForResources", version: 1 })
  })
})

describe("check", () => {
  const launched = () => {
    const it = start()
    it.task.handle()
    it.world.sync()
    return it
  }

  it("needs no call at all while the cache answers", () => {
    const { task, world } = launched()
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    world.sync()
    expect(task.handle().phase.phase).toBe("Running")
    world.setStatus(name, { phase: "Succeeded", containerStatuses: [containerStatus(name, terminated(0))] })
    world.sync()
    expect(task.handle().phase.phase).toBe("Success")
    expect(world.calls).toEqual(["create pods"])
  })

  it("believes in its own create while the cache lags, and asks the server only later", () => {
    const { task, world } = start()
    task.handle()
    world.now += 29_000
    expect(task.handle().phase.phase).toBe("Queued")
    expect(world.calls).toEqual(["create pods"])
    world.now += 2000
    expect(task.handle().phase.phase).toBe("Queued")
    expect(world.calls).toEqual(["create pods", "get pods"])
  })

  it("after a restart asks the server before it believes the pod gone", () => {
    const { task, world } = start()
    task.handle()
    const restarted = world.runner(PodPlugin.make())
    restarted.state = task.state
    expect(restarted.handle().phase.phase).toBe("Queued")
    expect(world.calls).toEqual(["create pods", "get pods"])
  })

  it("without any state finds the pod of its launch in the cache", () => {
    const { task, world } = launched()
    task.state = undefined
    const restarted = world.runner(PodPlugin.make())
    world.setStatus(name, { phase: "Succeeded" })
    world.sync()
    expect(restarted.handle().phase.phase).toBe("Success")
    expect(writes(world)).toEqual(["create pods"])
  })

  it("follows a pod that the cache never shows, by asking the server", () => {
    const { task, world } = start()
    task.handle()
    world.now += 60_000
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    expect(task.handle().phase.phase).toBe("Running")
    world.setStatus(name, { phase: "Succeeded", containerStatuses: [containerStatus(name, terminated(0))] })
    expect(task.handle().phase.phase).toBe("Success")
    expect(writes(world)).toEqual(["create pods"])
  })

  it("charges a pod that is gone to the system", () => {
    const { task, world } = launched()
    world.value(world.client.delete(KubeResource.pods, { namespace: "flyte", name }, { gracePeriodSeconds: 0 }))
    world.sync()
    world.now += 60_000
    expect(task.handle().phase).toMatchObject({ phase: "RetryableFailure", error: { code: "ResourceDeletedExternally", kind: "SYSTEM", message: expect.stringContaining(`flyte/${name}`) as string } })
  })

  it("does not take another pod of the same name for its own", () => {
    const { task, world } = launched()
    world.value(world.client.delete(KubeResource.pods, { namespace: "flyte", name }, { gracePeriodSeconds: 0 }))
    world.value(world.client.create(KubeResource.pods, { metadata: { name, namespace: "flyte" }, spec: { containers: [{ name: "c", image: "i" }] } } as never))
    world.sync()
    expect(task.handle().phase.error).toMatchObject({ code: "ResourceDeletedExternally", message: expect.stringContaining("the one of that name now has uid") as string })
  })

  it("trusts the server where the cache shows an older pod of the name", () => {
    const { task, world } = launched()
    const real = stateOf(task).uid
    world.sync()
    task.state = ObjectState.encode({ ...stateOf(task), uid: "other" })
    expect(task.handle().phase.error?.code).toBe("ResourceDeletedExternally")
    task.state = ObjectState.encode({ ...stateOf(task), uid: real! })
    expect(task.handle().phase.phase).toBe("Queued")
  })

  it("charges a pod that somebody is deleting to the system", () => {
    const { task, world } = launched()
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    world.value(world.client.patch(KubeResource.pods, { namespace: "flyte", name }, "merge", { metadata: { finalizers: ["example.com/hold"] } }))
    world.value(world.client.delete(KubeResource.pods, { namespace: "flyte", name }))
    world.sync()
    expect(task.handle().phase.error).toMatchObject({ code: "UnexpectedObjectDeletion", kind: "SYSTEM" })
  })

  it.each([answer(500, "InternalError", "oops"), noAnswer])("passes on that it could not look: $reason._tag", (error) => {
    const { task, world } = start()
    task.handle()
    world.now += 60_000
    world.rules.push(() => ({ error }))
    expect(task.refuse()).toMatchObject({ code: error.reason._tag, retryable: true })
  })

  it("reads every round live where nothing is cached", () => {
    const world = makeWorld()
    const task = world.runner(PodPlugin.make(), { live: true })
    task.handle()
    task.handle()
    expect(world.calls).toEqual(["create pods", "get pods"])
  })
})

describe("versions of a phase", () => {
  const initializing = (message: string) => ({
    phase: "Pending",
    conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady", message: "", lastTransitionTime: "2026-03-01T12:00:00Z" }],
    containerStatuses: [containerStatus(name, waiting("ContainerCreating", message))]
  })

  it("rise with another reason and never fall", () => {
    const { task, world } = start()
    const versions: Array<number> = []
    task.handle()
    for (const message of ["a", "b", "b", "a"]) {
      world.setStatus(name, initializing(message))
      world.sync()
      versions.push(task.handle().phase.version)
    }
    expect(versions).toEqual([0, 1, 1, 2])
  })

  it("start at 0 in every phase, and an unchanged round stores nothing", () => {
    const { task, world } = start()
    task.handle()
    world.setStatus(name, initializing("a"))
    world.sync()
    task.handle()
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    world.sync()
    expect(task.handle().phase).toMatchObject({ phase: "Running", version: 0 })
    expect(task.handle().state).toBeUndefined()
  })

  it("rise while running without being worth a write of their own, apart from the first", () => {
    const { task, world } = start()
    task.handle()
    const run = (more: object) => {
      world.setStatus(name, { phase: "Running", containerStatuses: [{ ...containerStatus(name, running()), ...more }] })
      world.sync()
      return task.handle()
    }
    expect(run({})).toMatchObject({ phase: { phase: "Running" } })
    task.state = ObjectState.encode({ ...stateOf(task), reason: "an older reason" })
    expect(run({ ready: true })).toMatchObject({ phase: { phase: "Running" }, deferrable: true })
    task.state = ObjectState.encode({ ...stateOf(task), phase: "Queued" })
    expect(run({ ready: true }).deferrable).toBeUndefined()
  })

  it.each([
    ["seldom when the cache tells of every change", {}, 300_000],
    ["as usual when every look is a live read", { live: true }, undefined],
    ["as usual when events about it are told of, for they come without a change", { events: { since: () => [], forget: () => undefined } }, undefined]
  ])("ask for looks at a running pod %s", (_name, options, lookAfter) => {
    const world = makeWorld()
    const task = world.runner(PodPlugin.make(), options)
    expect(task.handle().lookAfter).toBeUndefined()
    world.setStatus(name, initializing("a"))
    world.sync()
    expect(task.handle().lookAfter).toBeUndefined()
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    world.sync()
    for (const _round of [1, 2]) expect(task.handle().lookAfter).toBe(lookAfter)
  })

  it("let a plugin remember when a fault began", () => {
    const { task, world } = start()
    task.handle()
    world.setStatus(name, { ...initializing("x"), containerStatuses: [containerStatus(name, waiting("ImagePullBackOff"))] })
    world.sync()
    expect(task.handle()).toMatchObject({ phase: { phase: "Initializing" }, state: expect.anything() as object })
    world.now += 3 * 60_000
    expect(task.handle().phase).toMatchObject({ phase: "RetryableFailure", cleanupOnFailure: true })
  })
})

describe("the end of a task", () => {
  const ended = (status: object) => {
    const { task, world } = start()
    task.handle()
    world.setStatus(name, status)
    world.sync()
    return { task, world }
  }
  const succeeded = { phase: "Succeeded", containerStatuses: [containerStatus(name, terminated(0))] }
  const failed = { phase: "Failed", containerStatuses: [containerStatus(name, terminated(1))] }
  const declares = containerTemplate({}, { interface: { outputs: { variables: [{ key: "y", value: { type: { type: { case: "simple", value: 1 } } } }] } } })
  const error = { code: "ValueError", message: "x must be positive", kind: "USER" } as const

  it("is success for a task without outputs, and nothing is written for it", () => {
    expect(ended(succeeded).task.handle().phase.phase).toBe("Success")
  })

  it("is success for a task whose outputs are there", () => {
    const { task } = ended(succeeded)
    task.template = declares
    task.outcome = { _tag: "Outputs", outputs: {} as never }
    expect(task.handle().phase.phase).toBe("Success")
  })

  it("is a failure when declared outputs are missing", () => {
    const { task } = ended(succeeded)
    task.template = declares
    expect(task.handle().phase).toMatchObject({ phase: "RetryableFailure", error: { code: "OutputsNotFound", kind: "USER", message: expect.stringContaining("it declares y") as string } })
  })

  it.each([
    ["success", succeeded, true, "RetryableFailure"],
    ["success", succeeded, false, "PermanentFailure"],
    ["failure", failed, true, "RetryableFailure"],
    ["failure", failed, false, "PermanentFailure"]
  ] as const)("is what the error document says although the pod says %s", (_name, status, recoverable, phase) => {
    const { task } = ended(status)
    task.outcome = { _tag: "Error", error, recoverable }
    expect(task.handle().phase).toMatchObject({ phase, error })
  })

  it("is the pod's failure where there is no error document", () => {
    expect(ended(failed).task.handle().phase.error).toMatchObject({ code: "Error", kind: "USER" })
  })

  it("stays the system's doing although the task wrote an error document while being killed", () => {
    const { task } = ended({ phase: "Failed", reason: "Shutdown", containerStatuses: [containerStatus(name, terminated(1))] })
    task.outcome = { _tag: "Error", error, recoverable: false }
    expect(task.handle().phase.error?.kind).toBe("SYSTEM")
  })

  it("has no document to look for when the pod never started", () => {
    const { task } = ended({
      phase: "Pending",
      conditions: [{ type: "Ready", status: "False", reason: "r" }],
      containerStatuses: [containerStatus(name, waiting("InvalidImageName"))]
    })
    task.outcome = { _tag: "Error", error, recoverable: true }
    expect(task.handle().phase.error?.code).toBe("r|InvalidImageName")
  })
})

describe("state", () => {
  it.each([
    ["of another layout", { version: 2, bytes: new Uint8Array() }, "the stored plugin state has layout 2, this engine reads layout 1"],
    ["that is no JSON", { version: 1, bytes: new TextEncoder().encode("gob") }, "the stored plugin state is damaged: it does not follow its own layout"],
    ["that is no text", { version: 1, bytes: Uint8Array.of(255, 254) }, "the stored plugin state is damaged: it does not follow its own layout"],
    ["of other JSON", { version: 1, bytes: new TextEncoder().encode("{}") }, "the stored plugin state is damaged: it does not follow its own layout"]
  ])("%s ends the task as the system's failure", (_name, state, message) => {
    const { task, world } = start()
    task.state = state
    expect(task.handle().phase).toMatchObject({ phase: "PermanentFailure", cleanupOnFailure: true, error: { code: "CorruptedPluginState", kind: "SYSTEM", message } })
    expect(world.calls).toEqual([])
  })
})

describe("abort", () => {
  it("deletes the pod under its own uid, and may be repeated", () => {
    const { task, world } = start()
    task.handle()
    task.abort()
    task.abort()
    expect(world.objects().filter((it) => it.metadata.deletionTimestamp === undefined)).toEqual([])
  })

  it("does not take any conflict for a pod that is gone", () => {
    const { task, world } = start()
    task.handle()
    world.rules.push(({ verb }) => verb === "delete" ? { error: answer(409, "Conflict", "the object has been modified") } : undefined)
    expect(task.abortFails()).toMatchObject({ code: "Conflict", retryable: true })
    world.rules.length = 0
    task.abort()
    expect(world.objects()).toEqual([])
  })

  it("leaves another pod of the name alone", () => {
    const { task, world } = start()
    task.handle()
    task.state = ObjectState.encode({ ...stateOf(task), uid: "other" })
    task.abort()
    expect(world.objects()).toHaveLength(1)
  })

  it("finds a pod whose launch was never stored", () => {
    const { task, world } = start()
    world.rules.push((request) => (request.verb === "create" ? { error: noAnswer, applied: true } : undefined))
    task.refuse()
    task.abort()
    expect(world.objects().filter((it) => it.metadata.deletionTimestamp === undefined)).toEqual([])
  })

  it("has nothing to do for a task that was never launched", () => {
    const { task, world } = start()
    task.abort()
    expect(world.calls).toEqual(["get pods"])
  })

  it("passes on that it could not delete", () => {
    const { task, world } = start()
    task.handle()
    world.rules.push((request) => (request.verb === "delete" ? { error: noAnswer } : undefined))
    expect(task.abortFails()).toMatchObject({ code: "TransportFailed", retryable: true })
  })

  it("does not wait for uploads of outputs that nobody wants any more", () => {
    const { task, world } = start()
    task.template = containerTemplate({ dataConfig: { enabled: true } }, { interface: { outputs: { variables: [{ key: "y", value: { type: { type: { case: "simple", value: 1 } } } }] } } })
    task.handle()
    world.value(world.client.createSubresource(KubeResource.pods, { namespace: "flyte", name, subresource: "binding" }, { metadata: { name }, target: { kind: "Node", name: "n" } }))
    task.abort()
    expect(world.objects()[0]?.metadata.deletionGracePeriodSeconds).toBe(30)
  })
})

describe("finalize", () => {
  const after = (status: object, config = objectRunnerDefaults) => {
    const world = makeWorld()
    const task = world.runner(PodPlugin.make(), { config })
    task.handle()
    world.setStatus(name, status)
    world.sync()
    task.finalize()
    return { task, world, live: () => world.objects().filter((it) => it.metadata.deletionTimestamp === undefined) }
  }
  const succeeded = { phase: "Succeeded", containerStatuses: [containerStatus(name, terminated(0))] }

  it("leaves a pod that has ended to its owner, for its logs", () => {
    const { live, world } = after(succeeded)
    expect(live()).toHaveLength(1)
    expect(world.calls).toEqual(["create pods"])
  })

  it.each([
    ["one that never started", { phase: "Pending" }],
    ["one with containers at work", { phase: "Running", containerStatuses: [containerStatus(name, terminated(0)), containerStatus("side", running())] }]
  ])("deletes a pod that would go on: %s", (_name, status) => {
    expect(after(status).live()).toEqual([])
  })

  it("leaves a pod that has ended although the cache still shows it at work", () => {
    const world = makeWorld()
    const task = world.runner(PodPlugin.make())
    task.handle()
    world.setStatus(name, { phase: "Running", containerStatuses: [containerStatus(name, running())] })
    world.sync()
    world.setStatus(name, succeeded)
    task.finalize()
    expect(world.calls).toEqual(["create pods", "get pods"])
    expect(world.objects()).toHaveLength(1)
  })

  it("does not repeat the deletion of an abort that the cache does not show yet", () => {
    const { task, world } = start()
    task.handle()
    world.sync()
    task.abort()
    task.finalize()
    expect(world.calls).toEqual(["create pods", "delete pods"])
  })

  it("deletes any pod when configured", () => {
    expect(after(succeeded, { ...objectRunnerDefaults, deleteOnFinalize: true }).live()).toEqual([])
  })

  it("takes its own finalizer off and leaves others", () => {
    const { world } = after(succeeded, { ...objectRunnerDefaults, injectFinalizer: true })
    expect(world.objects()[0]!.metadata.finalizers).toBeUndefined()
    const other = makeWorld()
    const task = other.runner(PodPlugin.make(), { config: { ...objectRunnerDefaults, injectFinalizer: true } })
    task.handle()
    expect(other.objects()[0]!.metadata.finalizers).toEqual(["flyte/flytek8s"])
    other.value(other.client.patch(KubeResource.pods, { namespace: "flyte", name }, "merge", { metadata: { finalizers: ["example.com/theirs", "flyte/flytek8s"] } }))
    other.setStatus(name, succeeded)
    other.sync()
    task.finalize()
    expect(other.objects()[0]!.metadata.finalizers).toEqual(["example.com/theirs"])
  })

  it("succeeds when there is nothing left, and may be repeated", () => {
    const { task, world } = after({ phase: "Pending" })
    world.sync()
    task.finalize()
    expect(world.objects()).toEqual([])
  })
})
