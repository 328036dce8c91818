import { Effect } from "effect"
import { simulate } from "../src/Simulate.ts"
const t = performance.now(); const c0 = process.cpuUsage()
const n = Number(process.argv[2] ?? 10)
const r = await Effect.runPromise(simulate({ seed: Number(process.argv[4] ?? 7), tasks: n, transport: (process.argv[3] ?? "in-process") as any, nodes: 3, arrivalRate: 100, failureRate: 0.1, durationMax: 60_000 }, () => new Promise((r) => setImmediate(r))))
const c = process.cpuUsage(c0); const cpu = (c.user + c.system) / 1000
console.log(n, process.argv[3], r.journal, JSON.stringify(r.writesByKind), "pods", r.pods, "steps", r.steps, JSON.stringify(r.verdict).slice(0, 200))
console.log("wall", Math.round(performance.now() - t), "cpu", Math.round(cpu), "per task us", Math.round(cpu * 1000 / n), "RSS", Math.round(process.resourceUsage().maxRSS / 1024), "MB")
