/** A runner on an in-memory API server, with a cache that lags as long as a test likes and faults on demand. */
import { ApiServer, KubeTransportApiServer } from "@fairlead/api-server"
import type { Idl, PluginError, PluginState, TaskExecutionContext, TaskOutcome, Transition } from "@fairlead/core"
import { KubeClient, KubeError, type KubeObject, type KubeRequest, KubeResource, KubeTransport, type Status } from "@fairlead/kube"
import { Effect, Exit, Layer } from "effect"
import type { KubeObjectPlugin } from "../../src/KubeObjectPlugin.ts"
import { ObjectReader } from "../../src/ObjectReader.ts"
import * as ObjectRunner from "../../src/ObjectRunner.ts"
import { containerTemplate, epoch, metadata, paths } from "./fixtures.ts"

/** What happens to a call: it fails with this, before or after it was carried out. */
export interface Fault {
  readonly error: KubeError.KubeError
  readonly applied?: boolean
}

export type Rule = (request: KubeRequest) => Fault | undefined

/** An error as a server would answer it. */
export const answer = (code: number, reason: string | undefined, message: string, more: object = {}): KubeError.KubeError =>
  KubeError.fromStatus("create /pods", { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, message, ...(reason === undefined ? {} : { reason }), ...more } as Status)

/** No answer at all. */
export const noAnswer = new KubeError.KubeError({ method: "create /pods", reason: { _tag: "TransportFailed", description: "connection reset" } })

export interface World {
  now: number
  readonly calls: ReadonlyArray<string>
  readonly rules: Array<Rule>
  /** Brings the cache up to date. */
  readonly sync: () => void
  readonly client: KubeClient["Service"]
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Exit.Exit<A, E>
  readonly value: <A, E>(effect: Effect.Effect<A, E>) => A
  readonly objects: () => ReadonlyArray<KubeObject>
  readonly setStatus: (name: string, status: object) => void
  readonly runner: <A extends KubeObject>(plugin: KubeObjectPlugin<A>, options?: ObjectRunner.ObjectRunnerOptions & { readonly live?: boolean }) => Driver
}

/** Plays the engine for one TaskAction: keeps the state between rounds. */
export interface Driver {
  state: PluginState | undefined
  launch: number
  outcome: TaskOutcome
  template: Idl.TaskTemplate
  context: () => TaskExecutionContext
  /** A round that succeeds. */
  readonly handle: () => Transition
  /** A round that fails. */
  readonly refuse: () => PluginError
  readonly abort: () => void
  readonly finalize: () => void
  readonly abortFails: () => PluginError
}

export const makeWorld = (resource: KubeResource.KubeResource = KubeResource.pods): World => {
  const calls: Array<string> = []
  const rules: Array<Rule> = []
  const cache = new Map<string, KubeObject>()
  const clock = { now: epoch }
  let seed = 1
  const server = ApiServer.make({
    now: () => clock.now,
    random: () => (seed = (seed * 16807) % 2147483647) / 2147483647,
    schedule: () => () => undefined,
    freeze: true
  })
  const inner = KubeTransportApiServer.make(server)
  const transport: KubeTransport["Service"] = {
    watch: inner.watch,
    request: (request) => {
      calls.push(`${request.verb} ${request.resource.plural}`)
      const fault = rules.map((rule) => rule(request)).find((it) => it !== undefined)
      if (fault === undefined) return inner.request(request)
      return fault.applied === true ? Effect.andThen(Effect.ignore(inner.request(request)), Effect.fail(fault.error)) : Effect.fail(fault.error)
    }
  }
  const clients = (it: KubeTransport["Service"]) => Effect.runSync(Effect.provide(KubeClient, Layer.provide(KubeClient.layer, Layer.succeed(KubeTransport, it))))
  const client = clients(transport)
  const quiet = clients(inner)
  const run = <A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> => Effect.runSyncExit(effect)
  const objects = (): ReadonlyArray<KubeObject> => Effect.runSync(quiet.list<KubeObject>(resource, "flyte")).items
  const world: World = {
    get now() {
      return clock.now
    },
    set now(millis: number) {
      clock.now = millis
    },
    calls,
    rules,
    client: quiet,
    run,
    value: (effect) => Effect.runSync(effect as Effect.Effect<never>),
    objects,
    sync: () => {
      cache.clear()
      for (const it of objects()) cache.set(`${it.metadata.namespace}/${it.metadata.name}`, it)
    },
    setStatus: (name, status) => void Effect.runSync(quiet.patch(resource, { namespace: "flyte", name, subresource: "status" }, "merge", { status })),
    runner: (plugin, options = {}) => {
      const reader = options.live === true
        ? ObjectReader.layerLive
        : ObjectReader.layerStores([[resource, { get: (namespace, name) => cache.get(`${namespace}/${name}`) }]])
      const made = Effect.runSync(ObjectRunner.make(plugin, options).pipe(Effect.provideService(KubeClient, client), Effect.provide(reader)))
      return makeDriver(world, made)
    }
  }
  Effect.runSync(quiet.create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "flyte" } }))
  Effect.runSync(Effect.ignore(quiet.create(KubeResource.serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "flyte" } })))
  return world
}

const makeDriver = (world: World, plugin: Effect.Success<ReturnType<typeof ObjectRunner.make>>): Driver => {
  const failureOf = (exit: Exit.Exit<unknown, PluginError>): PluginError => {
    if (Exit.isSuccess(exit)) throw new Error("succeeded against expectation")
    const reason = exit.cause.reasons[0]!
    if (reason._tag !== "Fail") throw new Error(`not a failure: ${reason._tag}`, { cause: exit.cause })
    return reason.error
  }
  const driver: Driver = {
    state: undefined,
    launch: 0,
    outcome: { _tag: "Nothing" },
    template: containerTemplate(),
    context: () => ({
      metadata: metadata(),
      template: driver.template,
      paths,
      inputs: Effect.die("inputs were read without need"),
      outcome: Effect.sync(() => driver.outcome),
      putOutputs: () => Effect.die("outputs are not the runner's to write"),
      state: driver.state,
      launch: driver.launch,
      now: world.now,
      idempotencyKey: "00000000-0000-8000-8000-000000000000",
      secrets: { get: () => Effect.die("no secret is the runner's to read") },
      wake: () => undefined
    }),
    handle: () => {
      const transition = world.value(plugin.handle(driver.context()))
      if (transition.state !== undefined) driver.state = transition.state
      return transition
    },
    refuse: () => failureOf(world.run(plugin.handle(driver.context()))),
    abort: () => world.value(plugin.abort(driver.context(), "because")),
    finalize: () => world.value(plugin.finalize(driver.context())),
    abortFails: () => failureOf(world.run(plugin.abort(driver.context(), "because")))
  }
  return driver
}
