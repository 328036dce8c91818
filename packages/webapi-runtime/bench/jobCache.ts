/** Looks after a hundred thousand live jobs, with and without a limit on calls. Run with `node --expose-gc bench/jobCache.ts`. */
import { Simulation } from "@fairlead/simulation"
import { Effect, Exit, Result } from "effect"
import { type JobCache, makeJobCache, parsePluginConfig, type PluginConfigInput } from "../src/index.ts"

const jobs = 100_000
const interval = 30
type Meta = { readonly id: string }
interface Resource {
  readonly state: string
}

const gc = globalThis.gc ?? (() => undefined)
const heap = (): number => {
  for (let i = 0; i < 4; i++) gc()
  return process.memoryUsage().heapUsed
}

const measure = (name: string, value: number, unit: string, bar: { readonly atMost?: number; readonly atLeast?: number } = {}): void =>
  console.log(JSON.stringify({ name, value, unit, ...bar }))

const percentile = (values: Array<number>, part: number): number => values.sort((a, b) => a - b)[Math.floor(values.length * part)] ?? 0

const secrets = { get: () => Effect.die("none") }

interface Scenario {
  readonly config: PluginConfigInput
  /** Seconds before anything is measured, and seconds that are. */
  readonly settle: number
  readonly measured: number
}

/** Adds all jobs, lets virtual time pass, and tells what it cost. */
const run = ({ config, measured, settle }: Scenario) => {
  const lateness: Array<number> = []
  let isMeasuring = false
  const program = Effect.scoped(Effect.gen(function*() {
    const empty = heap()
    const cache: JobCache<Meta, Resource> = yield* makeJobCache<Meta, Resource>({
      plugin: { get: () => Effect.succeed({ state: "running" }) },
      config: Result.getOrThrow(parsePluginConfig(config)),
      observe: (millis) => void (isMeasuring && lateness.push(millis))
    })
    for (let i = 0; i < jobs; i++) {
      const key = `00000000-0000-8000-8000-${String(i).padStart(12, "0")}`
      // As the engine does when it is woken: it looks, and goes back to sleep.
      cache.add({ key, meta: { id: `job-${i}` }, secrets, endpoint: "", tenant: `project-${i % 10}`, wake: () => void cache.look(key) })
    }
    const full = heap()
    yield* Effect.sleep(settle * 1000)
    isMeasuring = true
    const before = cache.stats().polls
    const cpu = process.cpuUsage()
    yield* Effect.sleep(measured * 1000)
    const { system, user } = process.cpuUsage(cpu)
    const { polls, stalest } = cache.stats()
    return { bytes: (full - empty) / jobs, polls: polls - before, micros: (user + system) / (polls - before), stalest }
  }))
  const exit = Simulation.make({ seed: 1, virtualTimeMax: "30 days" }).run(program as Effect.Effect<{ bytes: number; polls: number; micros: number; stalest: number }>)
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return { ...exit.value, p99: percentile(lateness, 0.99) / 1000 }
}

const caching = { size: 100_000, resyncInterval: `${interval} seconds`, workers: 1000 }
const free = run({ config: { caching, readRateLimiter: { qps: 100_000, burst: 10_000 } }, settle: 300, measured: 120 })
measure("memory per live job", Math.round(free.bytes), "bytes", { atMost: 1000 })
measure("cost of a look without limit", Number(free.micros.toFixed(2)), "µs", { atMost: 60 })
measure("looks in a second without limit", Math.round(free.polls / 120), "1/s", { atLeast: 3000 })
measure("lateness without limit, p99", Number(free.p99.toFixed(3)), "s", { atMost: interval })

const limited = run({ config: { caching, readRateLimiter: { qps: 10, burst: 100 } }, settle: 12_000, measured: 20_000 })
measure("cost of a look at 10 calls in a second", Number(limited.micros.toFixed(2)), "µs", { atMost: 120 })
measure("looks in a second at 10 calls in a second", Number((limited.polls / 20_000).toFixed(2)), "1/s", { atLeast: 9 })
measure("lateness at 10 calls in a second, p99", Number(limited.p99.toFixed(3)), "s", { atMost: interval })
measure("oldest knowledge at 10 calls in a second", Math.round(limited.stalest / 1000), "s", { atMost: 2 * jobs / 10 })
