/** Microseconds to build a pod and to read its phase. */
import { TaskTemplates } from "@fairlead/core"
import { Result } from "effect"
import * as PodPlugin from "../src/PodPlugin.ts"
import { at, buildContext, containerStatus, phaseContext, pod, running, terminated, waiting } from "../test/support/fixtures.ts"

const measure = (name: string, atMost: number, run: () => unknown): void => {
  const operations = 10_000
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 6; round++) {
    const start = performance.now()
    for (let i = 0; i < operations; i++) run()
    best = Math.min(best, performance.now() - start)
  }
  console.log(JSON.stringify({ name, value: Number(((best * 1000) / operations).toFixed(2)), unit: "µs", atMost }))
}

const plugin = PodPlugin.make()
const plain = buildContext()
const withFiles = buildContext({
  template: Result.getOrThrow(TaskTemplates.fromTask({
    container: { image: "busybox", command: ["sh", "-c", "true"] },
    interface: { inputs: { x: { type: "integer" } }, outputs: { y: { type: "integer" } } }
  }, { project: "p", domain: "d", name: "greet" }))
})
measure("build a pod of one container", 60, () => plugin.build(plain))
measure("build a pod with copilot", 120, () => plugin.build(withFiles))

const context = phaseContext()
const notReady = { type: "Ready", status: "False", reason: "ContainersNotReady", message: "", lastTransitionTime: at(0) }
const pods = {
  "pending": pod({ phase: "Pending", conditions: [notReady], containerStatuses: [containerStatus("main", waiting("ImagePullBackOff"))] }, { primary: "main" }),
  "running": pod({ phase: "Running", containerStatuses: [containerStatus("main", running())] }, { primary: "main" }),
  "succeeded": pod({ phase: "Succeeded", containerStatuses: [containerStatus("main", terminated(0))] }, { primary: "main" }),
  "failed": pod({ phase: "Failed", containerStatuses: [containerStatus("main", terminated(1))] }, { primary: "main" })
}
for (const [name, it] of Object.entries(pods)) measure(`read the phase of a ${name} pod`, 10, () => plugin.readPhase(it, context))
