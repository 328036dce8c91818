/** A thousand tasks that only run: what they cost while nothing happens. */
import { Effect } from "effect"
import { onCluster } from "../test/clusterWorld.ts"
import { create, taskAction } from "../test/world.ts"

const count = 1000
const minutes = 60
const names = Array.from({ length: count }, (_, index) => `n${index}`)
const forever = { default: { start: 100, run: "forever" } } as const

onCluster(Object.fromEntries(names.map((name) => [name, forever])), (calls) => Effect.gen(function*() {
  yield* create(...names.map((name) => taskAction(name)))
  yield* Effect.sleep("2 minutes")
  const before = calls.length
  const cpuBefore = process.cpuUsage()
  yield* Effect.sleep(`${minutes} minutes`)
  const { system, user } = process.cpuUsage(cpuBefore)
  const print = (name: string, value: number, unit: string, atMost: number): void => console.log(JSON.stringify({ name: `1,000 running tasks: ${name}`, value: Number(value.toFixed(3)), unit, atMost }))
  print("requests in an hour", calls.length - before, "requests", 0)
  // Engine and cluster together, over the hour that the clock showed.
  print("processor", (100 * (user + system)) / 1e6 / (minutes * 60), "%", 1)
}), { gcInterval: "0 seconds" }, 34, { cpu: "1000", memory: "4Ti", pods: "1000" })
