/** Ten thousand TaskActions at once on the cluster in memory, with pods that end at once: how long, and how much memory. */
import { Effect } from "effect"
import { onCluster } from "../test/clusterWorld.ts"
import { create, taskAction } from "../test/world.ts"

const count = 10_000
const names = Array.from({ length: count }, (_, index) => `n${index}`)
const instant = { default: { start: 0, run: 0 } }

const start = performance.now()
const cpuBefore = process.cpuUsage()
const requests = onCluster(Object.fromEntries(names.map((name) => [name, instant])), (calls) => Effect.gen(function*() {
  yield* create(...names.map((name) => taskAction(name, { task: { container: { image: "img" } } })))
  const ended = (): number => calls.filter((it) => it === "patch taskactions").length
  while (ended() < 2 * count) yield* Effect.sleep("1 second")
  return calls.length - count
}), { gcInterval: "0 seconds" }, 34, { cpu: "1000", memory: "4Ti", pods: "1000" })
const seconds = (performance.now() - start) / 1000
const cpu = process.cpuUsage(cpuBefore)

const print = (name: string, value: number, unit: string, bars: object = {}): void => console.log(JSON.stringify({ name: `10,000 tasks at once: ${name}`, value: Number(value.toFixed(2)), unit, ...bars }))
print("time", seconds, "s", { atMost: 20 })
print("speed", count / seconds, "tasks/s", { atLeast: 500 })
print("processor time", (cpu.user + cpu.system) / 1e6, "s")
print("memory", process.resourceUsage().maxRSS / 1024, "MiB", { atMost: 1024 })
print("requests", requests / count, "1/task", { atMost: 4 })
