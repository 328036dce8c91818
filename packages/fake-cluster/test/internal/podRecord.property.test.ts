import { SeededRandom } from "@fairlead/simulation"
import type { Container, Pod } from "@fairlead/kube"
import { describe, expect, it } from "vitest"
import * as Containers from "../../src/internal/containerRecord.ts"
import * as Records from "../../src/internal/podRecord.ts"
import { podStatus } from "../../src/internal/podStatus.ts"
import { container, epoch, podOf } from "./podMachine.ts"

const runs = 400
const steps = 40

const randomPod = (random: SeededRandom.SeededRandom): Pod => {
  const many = (name: string, most: number, more: Partial<Container> = {}) =>
    Array.from({ length: random.nextBelow(most + 1) }, (_, at) => container(`${name}${at}`, more))
  const initContainers = [...many("init", 2), ...many("side", 2, { restartPolicy: "Always" })].sort(() => random.next() - 0.5)
  return podOf({
    restartPolicy: ["Never", "OnFailure", "Always"][random.nextBelow(3)]!,
    initContainers,
    containers: [container("main"), ...many("other", 1)],
    ...(random.next() < 0.2 ? { activeDeadlineSeconds: 30 } : {})
  })
}

const isTerminal = (phase: string): boolean => phase === "Succeeded" || phase === "Failed"

/** Checks that a start is allowed, and answers the record after it. */
const start = (record: Records.PodRecord, name: string, now: number, random: SeededRandom.SeededRandom): Records.PodRecord => {
  const it = Records.containerOf(record, name)
  expect(Containers.isLive(it), `${name} is started while it runs`).toBe(false)
  expect(record.ending, `${name} is started although the pod is ending`).toBeUndefined()
  for (const before of record.containers.slice(0, record.containers.indexOf(it))) {
    if (record.isInitialized || before.kind === "main") break
    const isReady = before.kind === "init" ? Containers.endedRun(before)?.exitCode === 0 : before.hasStarted
    expect(isReady, `${name} is started before ${before.spec.name} is done`).toBe(true)
  }
  const begun = Records.begin(record, name, now)
  const luck = random.next()
  if (luck < 0.1) return Records.failStart(begun, name, "ErrImagePull", "no", now)
  if (luck < 0.2) return begun
  return Records.report(begun, name, { _tag: "Started", containerId: "x" }, now)
}

/** Carries out everything that is due; a machine that never rests fails here. */
const settle = (before: Records.PodRecord, now: number, random: SeededRandom.SeededRandom): Records.PodRecord => {
  let record = before
  for (let round = 0; round < 100; round++) {
    const next = Records.advance(record, now)
    record = next.record
    if (next.steps.length === 0) return record
    for (const step of next.steps) {
      if (step._tag === "Open") record = random.next() < 0.8 ? Records.opened(record, "ip") : Records.failOpen(record, "no", now)
      if (step._tag === "Start") record = start(record, step.container, now, random)
      if (step._tag === "Stop") {
        expect(Containers.isLive(Records.containerOf(record, step.container)), `${step.container} is stopped while it does not run`).toBe(true)
        record = Records.stopped(record, step.container, step.graceSeconds, now)
      }
    }
  }
  throw new Error("the record never comes to rest")
}

const disturb = (record: Records.PodRecord, now: number, random: SeededRandom.SeededRandom): Records.PodRecord => {
  const live = record.containers.filter(Containers.isLive)
  if (random.next() < 0.05) return Records.end(record, { reason: undefined, message: undefined, since: now, graceSeconds: random.nextBelow(60) })
  if (live.length === 0) return record
  const { spec } = live[random.nextBelow(live.length)]!
  return Records.report(record, spec.name, random.next() < 0.2 ? { _tag: "Started", containerId: "x" } : { _tag: "Exited", exitCode: random.nextBelow(2) }, now)
}

describe("whatever happens to a pod", () => {
  it("no container starts twice or out of order, the end is final, and ending it always succeeds", () => {
    const root = SeededRandom.make("pod records")
    let ends = 0
    for (let run = 0; run < runs; run++) {
      const random = root.fork(`${run}`)
      let now = epoch
      let record = Records.make(randomPod(random), now)
      let phase = "Pending"
      const look = (): void => {
        const status = podStatus(record, undefined, "ip", now)
        if (isTerminal(phase)) expect(status.phase).toBe(phase)
        if (isTerminal(status.phase)) expect(record.containers.some(Containers.isLive)).toBe(false)
        expect(isTerminal(status.phase), "the phase and the end of the pod disagree").toBe(Records.isOver(record))
        phase = status.phase
      }
      for (let step = 0; step < steps; step++) {
        record = settle(record, now, random)
        look()
        now += random.nextBelow(20_000)
        record = disturb(record, now, random)
      }
      record = Records.end(record, { reason: undefined, message: undefined, since: now, graceSeconds: 5 })
      for (let round = 0; round < record.containers.length + 1; round++) {
        record = settle(record, now, random)
        for (const it of record.containers) {
          if (it.killAt !== undefined && Containers.isLive(it)) record = Records.report(record, it.spec.name, { _tag: "Exited", exitCode: 137 }, now)
        }
      }
      expect(Records.isOver(record)).toBe(true)
      if (isTerminal(phase)) ends++
    }
    expect(ends).toBeGreaterThan(runs / 10)
  })
})
