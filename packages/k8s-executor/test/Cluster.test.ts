/** Tasks through a whole cluster in memory: scheduler, kubelet and containers that are functions, under virtual time. */
import { FakeApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import { Informer } from "@fairlead/controller"
import { Idl, type Phase, type PluginState, type Task, type TaskExecutionContext, type TaskOutcome, TaskTemplates } from "@fairlead/core"
import { FakeCluster, PodRuntimeFunction } from "@fairlead/fake-cluster"
import { KubeClient, KubeResource, KubeTransport, type Pod } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Clock, Effect, Exit, Layer, Result } from "effect"
import { expect, it } from "vitest"
import { ObjectReader } from "../src/ObjectReader.ts"
import * as ObjectRunner from "../src/ObjectRunner.ts"
import * as PodPlugin from "../src/PodPlugin.ts"
import { type PodPluginConfig, podPluginDefaults } from "../src/PodPluginConfig.ts"
import { metadata, paths } from "./support/fixtures.ts"

type ContainerInput = PodRuntimeFunction.ContainerInput

/** What copilot containers exchange with the engine: files by the prefix that they belong to. */
type Files = Map<string, string>

const option = (input: ContainerInput, name: string): string => input.args[input.args.indexOf(name) + 1] ?? ""

/** Copilot in a few lines: brings one input, and uploads one output once the task has ended, which takes it a while. */
const copilot = (files: Files) => ({
  handlesStop: true,
  program: (input: ContainerInput) =>
    Effect.gen(function*() {
      if (input.args[0] === "download") {
        input.files.write(`${option(input, "--to-local-dir")}/x`, files.get(option(input, "--from-remote")) ?? "")
        return
      }
      yield* input.stopping
      yield* Effect.sleep(5000)
      const output = input.files.readText(`${option(input, "--from-local-dir")}/y`)
      if (output !== undefined) files.set(`${option(input, "--to-output-prefix")}/outputs.pb`, output)
    })
} as const)

const images = (files: Files) => ({
  hello: () => Effect.sleep(2000),
  broken: () => Effect.succeed({ exitCode: 3, message: "no luck" }),
  double: (input: ContainerInput) =>
    Effect.andThen(Effect.sleep(1000), Effect.sync(() => {
      input.files.write("/var/flyte/outputs/y", String(2 * Number(input.files.readText("/var/flyte/inputs/x"))))
    })),
  "fairlead:latest": copilot(files)
})

interface Story {
  readonly phases: ReadonlyArray<string>
  readonly last: Phase.PhaseInfo
  readonly calls: ReadonlyArray<string>
  readonly files: Files
  readonly seconds: number
}

/** Plays the engine for one task until its end, looking every 100 ms. */
const play = (task: Task, config: PodPluginConfig = podPluginDefaults): Story => {
  const template: Idl.TaskTemplate = Result.getOrThrow(TaskTemplates.fromTask(task, { project: "p", domain: "d", name: "t" }))
  const files: Files = new Map([[`${paths.inputPrefix}/inputs.pb`, "21"]])
  const calls: Array<string> = []
  const program = Effect.gen(function*() {
    const inner = yield* KubeTransport
    const counting = KubeTransport.of({
      ...inner,
      request: (request) => {
        calls.push(`${request.verb} ${request.resource.plural}`)
        return inner.request(request)
      }
    })
    const client = yield* KubeClient
    yield* client.create(KubeResource.namespaces, { metadata: { name: "flyte" } })
    const pods = yield* Informer.make<Pod>({ resource: KubeResource.pods })
    yield* pods.synced
    const plugin = yield* ObjectRunner.make(PodPlugin.make(config)).pipe(
      Effect.provide(Layer.merge(
        Layer.fresh(KubeClient.layer).pipe(Layer.provide(Layer.succeed(KubeTransport, counting))),
        ObjectReader.layerStores([[KubeResource.pods, pods.store]])
      ))
    )
    const phases: Array<string> = []
    let state: PluginState | undefined
    for (let round = 0; round < 4000; round++) {
      const context: TaskExecutionContext = {
        metadata: metadata(),
        template,
        paths,
        inputs: Effect.die("not needed"),
        outcome: Effect.sync((): TaskOutcome => files.has(`${paths.outputPrefix}/outputs.pb`) ? { _tag: "Outputs", outputs: {} as never } : { _tag: "Nothing" }),
        putOutputs: () => Effect.void,
        state,
        launch: 0,
        now: yield* Clock.currentTimeMillis,
        idempotencyKey: "00000000-0000-8000-8000-000000000000",
        secrets: { get: () => Effect.die("not needed") },
        wake: () => undefined
      }
      const { phase, state: next } = yield* plugin.handle(context)
      state = next ?? state
      if (phases.at(-1) !== phase.phase) phases.push(phase.phase)
      if (!["Queued", "Initializing", "Running"].includes(phase.phase)) {
        yield* plugin.finalize({ ...context, state })
        return { phases, last: phase }
      }
      yield* Effect.sleep(100)
    }
    throw new Error(`the task did not end; its phases were ${phases.join(", ")}`)
  })
  const simulation = Simulation.make({ seed: 1 })
  const cluster = FakeCluster.layer({ nodes: 1, runtime: PodRuntimeFunction.make({ images: images(files) }) }).pipe(
    Layer.provideMerge(KubeClient.layer),
    Layer.provideMerge(KubeTransportApiServer.layer),
    Layer.provideMerge(FakeApiServer.layer)
  )
  const exit = simulation.run(Effect.scoped(program).pipe(Effect.provide(cluster)))
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return { ...exit.value, calls, files, seconds: simulation.elapsed() / 1000 }
}

it("a container runs to success with one call to the API", () => {
  const { calls, phases } = play({ container: { image: "hello" } })
  expect(phases.at(-1)).toBe("Success")
  expect(phases).toContain("Running")
  expect(calls).toEqual(["create pods"])
})

it("a container that fails explains itself", () => {
  const { calls, last } = play({ container: { image: "broken" } })
  expect(last).toMatchObject({ phase: "RetryableFailure", error: { kind: "USER", code: "Error", message: expect.stringContaining("exit code (3)") as string } })
  expect(last.error?.message).toContain("no luck")
  expect(calls).toEqual(["create pods"])
})

it("inputs come as files, and success waits until the outputs are uploaded", () => {
  const { files, phases, seconds } = play({
    container: { image: "double" },
    interface: { inputs: { x: { type: "integer" } }, outputs: { y: { type: "integer" } } }
  })
  expect(phases.at(-1)).toBe("Success")
  expect(files.get(`${paths.outputPrefix}/outputs.pb`)).toBe("42")
  expect(seconds).toBeGreaterThanOrEqual(6)
})

it("a startup probe holds the task back until its uploader answers, however quick the task is", () => {
  const task = { container: { image: "double" }, interface: { inputs: { x: { type: "integer" } }, outputs: { y: { type: "integer" } } } } as const
  const startupProbe = { tcpSocket: { port: 6061 }, initialDelaySeconds: 20, periodSeconds: 1 }
  const held = play(task, { ...podPluginDefaults, copilot: { ...podPluginDefaults.copilot, startupProbe } })
  expect(held.phases.at(-1)).toBe("Success")
  expect(held.files.get(`${paths.outputPrefix}/outputs.pb`)).toBe("42")
  expect(held.seconds - play(task).seconds).toBeGreaterThanOrEqual(19)
})

it("an image that cannot be pulled fails after its grace period, and nothing of it is left", () => {
  const { calls, last, phases, seconds } = play({ container: { image: "no-such-image" } })
  expect(phases).toEqual(expect.arrayContaining(["Initializing", "RetryableFailure"]))
  expect(last).toMatchObject({ cleanupOnFailure: true, error: { kind: "USER", code: "ContainersNotReady|ImagePullBackOff" } })
  expect(seconds).toBeGreaterThanOrEqual(180)
  expect(calls).toEqual(["create pods", "get pods", "delete pods"])
})
