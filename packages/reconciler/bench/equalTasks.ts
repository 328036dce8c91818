/** A thousand equal serializable tasks at once: one works, the others wait for its result. */
import { CatalogMemory } from "@fairlead/catalog"
import { Literals, type Plugin, type TaskAction } from "@fairlead/core"
import { KubeClient, KubeResource } from "@fairlead/kube"
import { Effect } from "effect"
import { makeScriptedPlugin, succeed } from "../test/scriptedPlugin.ts"
import { create, inWorld, taskAction, untilConcluded, withEngine } from "../test/world.ts"

const count = 1000
const names = Array.from({ length: count }, (_, index) => `n${index}`)
const equal = (name: string) => taskAction(name, { task: { name: "work", container: { image: "img" }, interface: { outputs: { total: { type: "integer" } } }, cache: { version: "v1", serializable: true } } })

const scripted = makeScriptedPlugin(() => succeed)
const plugin: Plugin = {
  ...scripted.plugin,
  handle: (context) => Effect.tap(scripted.plugin.handle(context), ({ phase }) =>
    phase.phase === "Success" ? context.putOutputs(Literals.literalMap({ total: Literals.integer(1) })) : Effect.void)
}

const started = process.cpuUsage()
const ends = inWorld({ plugins: [plugin], catalog: CatalogMemory.make() }, (_, config) => withEngine(config, Effect.gen(function*() {
  yield* create(...names.map(equal))
  yield* Effect.forEach(names, untilConcluded)
  const { items } = yield* (yield* KubeClient).list(KubeResource.taskActions, "default")
  return (items as ReadonlyArray<TaskAction.TaskAction>).map((it) => Date.parse(it.status!.phaseHistory!.at(-1)!.occurredAt))
})))
const { system, user } = process.cpuUsage(started)

const print = (name: string, value: number, unit: string, atMost: number): void => console.log(JSON.stringify({ name: `1,000 equal serializable tasks: ${name}`, value, unit, atMost }))
print("executions", scripted.workloads.length, "executions", 1)
print("virtual time from the first end to the last", Math.max(...ends) - Math.min(...ends), "ms", 1000)
print("processor for each task", Number(((user + system) / 1000 / count).toFixed(2)), "ms", 15)
