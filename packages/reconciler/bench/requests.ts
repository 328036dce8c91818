/** Requests per task, by verb, resource and status code, and tasks per second, on the cluster in memory. Prints one JSON line for each case; fails above the budget. */
import { Effect } from "effect"
import { onCluster, type Scripts } from "../test/clusterWorld.ts"
import { create, taskAction } from "../test/world.ts"

const count = 500
const instant = { default: { start: 0, run: 0 } }
const failsOnce: Scripts[string] = (attempt) => (attempt === 1 ? { default: { start: 0, run: 0, exitCode: 1 } } : instant)
const scripts = (script: (index: number) => Scripts[string]): Scripts => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, script(index)]))

const cases: ReadonlyArray<readonly [string, number, Scripts]> = [
  ["pods that end at once", 4, scripts(() => instant)],
  ["pods that are seen running", 5, scripts(() => ({ default: { start: 100, run: "20 seconds" } }))],
  ["pods that end at once, a tenth of them failing once", 4.3, scripts((index) => (index % 10 === 0 ? failsOnce : instant))]
]

for (const [name, budget, script] of cases) {
  const start = performance.now()
  const calls = onCluster(script, (seen) => Effect.gen(function*() {
    for (const action of Object.keys(script)) yield* create(taskAction(action, { task: { container: { image: "img" }, retries: 1 } }))
    yield* Effect.sleep("5 minutes")
    return seen.filter((it) => it !== "create taskactions")
  }), { gcInterval: "0 seconds" }, 34)
  const perTask: { [request: string]: number } = {}
  for (const call of calls) perTask[call] = (perTask[call] ?? 0) + 1 / count
  for (const [call, amount] of Object.entries(perTask)) perTask[call] = Number(amount.toFixed(3))
  const total = calls.length / count
  console.log(JSON.stringify({ name, requestsPerTask: total, budget, perTask, tasksPerSecond: Math.round(count / ((performance.now() - start) / 1000)) }))
  if (total > budget || calls.some((it) => it.startsWith("get") || it.startsWith("list") || it.endsWith(" 409"))) process.exitCode = 1
}
