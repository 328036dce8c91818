/** A process of its own with an API server and a cluster, for engines in other processes. Tells on its output what became of pods and actions. */
import { FakeApiServer } from "@fairlead/api-server"
import { listen } from "@fairlead/api-server/node"
import { FakeCluster, PodRuntimeScripted } from "@fairlead/fake-cluster"
import type { KubeObject } from "@fairlead/kube"
import { Effect, Layer } from "effect"

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

interface WithConditions extends KubeObject {
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }> }
}

const isEnded = (object: WithConditions | undefined): boolean =>
  object?.status?.conditions?.some(({ status, type }) => status === "True" && (type === "Succeeded" || type === "Failed")) ?? false

const program = Effect.gen(function*() {
  const server = yield* FakeApiServer
  server.onWrite(({ event, resource }) => {
    const { name } = event.object.metadata
    if (resource.plural === "pods" && event.previous === undefined) say({ pod: name, action: event.object.metadata.labels?.["action"] })
    if (resource.plural === "taskactions" && isEnded(event.object) && !isEnded(event.previous)) say({ ended: name })
  })
  const { url } = yield* listen({ server })
  say({ url })
  return yield* Effect.never
})

const runtime = PodRuntimeScripted.make({ default: { start: 50, run: Number(process.argv[2] ?? 500) } })
const layer = FakeCluster.layer({ nodes: 1, runtime, allocatable: { cpu: "1000", memory: "1Ti", pods: "1000" } }).pipe(
  Layer.provideMerge(FakeApiServer.layerWith({ tokens: { admin: { name: "admin", groups: ["system:masters"] } } }))
)
await Effect.runPromise(Effect.scoped(Effect.provide(program, layer)))
