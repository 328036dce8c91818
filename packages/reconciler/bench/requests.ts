/** Requests for one task, by verb, resource and status code, on the cluster in memory; and tasks per second. */
import { Effect } from "effect"
import { onCluster, type Scripts } from "../test/clusterWorld.ts"
import { create, taskAction } from "../test/world.ts"

const count = 500
const instant = { default: { start: 0, run: 0 } }
const failsOnce: Scripts[string] = (attempt) => (attempt === 1 ? { default: { start: 0, run: 0, exitCode: 1 } } : instant)
const scripts = (script: (index: number) => Scripts[string]): Scripts => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, script(index)]))

/** With most requests for one task. A failed launch costs three more: its status, the end of its pod, the next pod. */
const cases: ReadonlyArray<readonly [string, number, Scripts]> = [
  ["pods that end at once", 4, scripts(() => instant)],
  ["pods that are seen running", 5, scripts(() => ({ default: { start: 100, run: "20 seconds" } }))],
  ["a tenth of the pods fails once", 4.3, scripts((index) => (index % 10 === 0 ? failsOnce : instant))]
]

/** What a task in a quiet cluster never costs: everything is in the caches, and nobody is in the engine's way. */
const isNeedless = (call: string): boolean => call.startsWith("get") || call.startsWith("list") || / (\d+|no answer)$/.test(call)

for (const [name, budget, script] of cases) {
  const start = performance.now()
  const calls = onCluster(script, (seen) => Effect.gen(function*() {
    for (const action of Object.keys(script)) yield* create(taskAction(action, { task: { container: { image: "img" }, retries: 1 } }))
    yield* Effect.sleep("5 minutes")
    return seen.filter((it) => it !== "create taskactions")
  }), { gcInterval: "0 seconds" }, 34)
  const seconds = (performance.now() - start) / 1000
  const print = (what: string, value: number, bars: object = {}): void => console.log(JSON.stringify({ name: `${name}: ${what}`, value: Number(value.toFixed(3)), unit: "1/task", ...bars }))
  print("requests", calls.length / count, { atMost: budget })
  for (const [call, its] of Map.groupBy(calls, (it) => it)) print(call, its.length / count)
  print("reads, conflicts and other refusals", calls.filter(isNeedless).length / count, { atMost: 0 })
  console.log(JSON.stringify({ name: `${name}: speed`, value: Math.round(count / seconds), unit: "tasks/s", atLeast: 100 }))
}
