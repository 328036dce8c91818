/** What people write into tasks and what the cluster shows may be anything: it is answered, never thrown over. */
import { PluginError } from "@fairlead/core"
import { Quantity } from "@fairlead/kube"
import * as fc from "fast-check"
import { Result } from "effect"
import { expect, it } from "vitest"
import * as PodPlugin from "../src/PodPlugin.ts"
import * as PodResources from "../src/PodResources.ts"
import { buildContext, phaseContext, pod, podTemplate, template } from "./support/fixtures.ts"

const plugin = PodPlugin.make()

/** JSON with the keys of pods, so that it gets past the first look. */
const podLike = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(null, "main", "", 0, -1, true, "1Gi", "Never"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("name", "containers", "initContainers", "env", "envFrom", "args", "command", "resources", "limits", "requests", "cpu", "affinity", "nodeAffinity",
        "volumes", "volumeMounts", "tolerations", "securityContext", "capabilities", "nodeSelector", "__proto__", "constructor"),
      tie("value"),
      { maxKeys: 5 }
    )
  )
})).value

it("any pod in a task is built or refused with a reason", () => {
  fc.assert(fc.property(podLike, podLike, (spec, main) => {
    const specs = [spec, { containers: [main] }, { containers: [{ name: "main" }, main], initContainers: [main], affinity: spec }]
    for (const it of specs) {
      for (const task of [podTemplate(it as object), template({ type: "sidecar", taskTypeVersion: 1, config: { primary_container_name: "main" }, custom: it as never })]) {
        const built = plugin.build(buildContext({ template: task }))
        if (Result.isFailure(built)) {
          expect(built.failure).toBeInstanceOf(PluginError)
          expect(built.failure.description.length).toBeGreaterThan(10)
        }
      }
    }
  }), { numRuns: 300 })
})

const time = fc.constantFrom(undefined, null, "2026-03-01T12:00:00Z", "never")
const state = fc.record({
  waiting: fc.record({ reason: fc.constantFrom("ImagePullBackOff", "ContainerCreating", "?"), message: fc.string() }),
  running: fc.record({ startedAt: time }),
  terminated: fc.record({ exitCode: fc.constantFrom(0, 1, 137), reason: fc.constantFrom("Error", "OOMKilled", undefined), finishedAt: time })
}, { requiredKeys: [] })
const statuses = fc.array(fc.record({ name: fc.constantFrom("main", "other"), ready: fc.boolean(), state, lastState: state }, { requiredKeys: ["name"] }), { maxLength: 3 })
const status = fc.record({
  phase: fc.constantFrom("Pending", "Running", "Succeeded", "Failed", "Unknown", "?"),
  reason: fc.constantFrom("", "Evicted", "Shutdown"),
  message: fc.string(),
  conditions: fc.array(fc.record({
    type: fc.constantFrom("PodScheduled", "Ready", "DisruptionTarget"),
    status: fc.constantFrom("True", "False"),
    lastTransitionTime: time
  }, { requiredKeys: [] }), { maxLength: 3 }),
  containerStatuses: statuses,
  initContainerStatuses: statuses,
  ephemeralContainerStatuses: statuses
}, { requiredKeys: [] })

it("any status of a pod is some phase, and a failure always says whose and why", () => {
  fc.assert(fc.property(status, fc.option(fc.constantFrom("main", "gone"), { nil: undefined }), (it, primary) => {
    const { phase } = plugin.readPhase(pod(it, primary === undefined ? {} : { primary }), phaseContext())
    if (phase.phase === "RetryableFailure" || phase.phase === "PermanentFailure") {
      expect(["USER", "SYSTEM"]).toContain(phase.error?.kind)
      expect(phase.error?.code).not.toBe("")
    }
    expect(Number.isNaN(phase.info.occurredAt)).toBe(false)
  }), { numRuns: 500 })
})

it("any amounts end within the platform's limits, with no request above its limit", () => {
  const amount = fc.option(fc.constantFrom("0", "100m", "1", "1500m", "2", "10", "3Gi", "1e3"), { nil: undefined })
  fc.assert(fc.property(amount, amount, amount, amount, fc.boolean(), (request, limit, fallback, ceiling, fill) => {
    const only = (value: string | undefined): Record<string, string> => (value === undefined ? {} : { cpu: value })
    const { limits, requests } = PodResources.fit({ requests: only(request), limits: only(limit) }, {
      resources: { requests: only(fallback), limits: only(ceiling) },
      defaultCpus: "1",
      defaultMemory: "1Gi",
      acceleratorNames: new Set()
    }, fill)
    expect([Object.keys(requests), Object.keys(limits)]).toEqual([["cpu", "memory"], ["cpu", "memory"]])
    const nanos = (value: string): bigint => Quantity.parse(value)!.nanos
    const isCapped = ceiling !== undefined && nanos(ceiling) > 0n
    if (nanos(limits["cpu"]!) > 0n) expect(nanos(requests["cpu"]!)).toBeLessThanOrEqual(nanos(limits["cpu"]!))
    if (isCapped) for (const it of [requests, limits]) expect(nanos(it["cpu"]!)).toBeLessThanOrEqual(nanos(ceiling))
    if (fill && fallback !== "0") expect(nanos(requests["cpu"]!)).toBeGreaterThan(0n)
  }))
})
