import type { Container } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Probes from "../../src/internal/probeRecord.ts"

const probe = { httpGet: { port: 1 } }

/** Plays answers, one each period, and tells what holds after each. */
const play = (container: Partial<Container>, answers: ReadonlyArray<readonly [Probes.ProbeKind, boolean]>): string => {
  let record = Probes.make({ name: "c", ...container }, 0)!
  const seen: Array<string> = []
  let now = 0
  for (const [kind, succeeded] of answers) {
    now = Math.max(now, Probes.nextAt(record) ?? now)
    if (!Probes.due(record, now).includes(kind)) seen.push("not due")
    record = Probes.answer(Probes.begin(record, kind, now), kind, succeeded, now)
    seen.push(Probes.failedKind(record) ?? (Probes.isReady(record) ? "ready" : Probes.isStarted(record) ? "started" : "starting"))
  }
  return seen.join(", ")
}

describe("probes", () => {
  it.each([
    ["readiness comes with one success and goes with three failures", { readinessProbe: probe }, "rrRrrr", "started, started, ready, ready, ready, started"],
    ["a success in between starts the count anew", { readinessProbe: probe }, "RrrRrr", "ready, ready, ready, ready, ready, ready"],
    ["a threshold of successes", { readinessProbe: { ...probe, successThreshold: 2 } }, "RRr", "started, ready, ready"],
    ["liveness fails after three", { livenessProbe: probe }, "lLlll", "ready, ready, ready, ready, liveness"],
    ["the start holds the others back", { startupProbe: probe, readinessProbe: probe }, "sSR", "starting, started, ready"],
    ["the start fails after its threshold", { startupProbe: { ...probe, failureThreshold: 2 } }, "ss", "starting, startup"]
  ] as const)("%s", (_, container, answers, expected) => {
    const kinds = { r: "readiness", l: "liveness", s: "startup" } as const
    expect(play(container, [...answers].map((it) => [kinds[it.toLowerCase() as "r"], it === it.toUpperCase()]))).toBe(expected)
  })

  it("wait for their initial delay, and then for their period", () => {
    const record = Probes.make({ name: "c", livenessProbe: { ...probe, initialDelaySeconds: 5, periodSeconds: 7 } }, 1000)!
    expect(Probes.nextAt(record)).toBe(6000)
    expect(Probes.due(record, 5999)).toEqual([])
    const running = Probes.begin(record, "liveness", 6000)
    expect(Probes.nextAt(running)).toBeUndefined()
    expect(Probes.nextAt(Probes.answer(running, "liveness", true, 6100))).toBe(13_000)
  })
})
