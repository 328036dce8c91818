/** Runs are handed in and taken back at random, several of one task, while calls fail and the service is killed again and again. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, type KubeRequest, type Pod } from "@fairlead/kube"
import { Effect, Exit, Scope } from "effect"
import { describe, expect, it } from "vitest"
import { ExecutorHttp } from "../src/index.ts"
import { inWorld, lost, newWire, providerConfig, refusal, startExecutor, type Wire } from "./support/world.ts"

type Draw = () => number

/** Numbers from 0 to 1 that follow from a seed. */
const drawsOf = (seed: number): Draw => {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Answer {
  readonly runs?: ReadonlyArray<Answer>
  readonly id?: string
  readonly state?: string
  readonly final?: boolean
  readonly error?: { readonly reason: string }
}

interface Wanted {
  readonly task: string
  isWanted: boolean
  readonly ends: Set<string>
}

/** Who hands runs in, and what it was told. */
class Caller {
  readonly runs = new Map<string, Wanted>()
  readonly newest = new Map<string, string>()
  service: ExecutorHttp.RequestHandler | undefined

  call(method: string, path: string, body?: object): Effect.Effect<Answer> {
    return Effect.promise(async () => {
      const init = { method, headers: { "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const answer = await (await this.service!(new Request(`http://service${path}`, init))).json() as Answer
      for (const { final, id = "", state = "" } of answer.runs ?? [answer]) if (final === true) this.runs.get(id)?.ends.add(state)
      return answer
    })
  }

  open(isWanted: boolean): ReadonlyArray<string> {
    return [...this.runs].filter(([, it]) => it.ends.size === 0 && it.isWanted === isWanted).map(([id]) => id)
  }

  handIn(ids: ReadonlyArray<string>): Effect.Effect<unknown> {
    const key = (id: string) => ({ dag_id: "dag", task_id: this.runs.get(id)!.task, run_id: "run", try_number: 1, map_index: -1 })
    return this.call("POST", "/v1/runs", { runs: ids.map((id) => ({ id, key: key(id), command: ["airflow"] })) })
  }

  takeBack(id: string): Effect.Effect<void> {
    this.runs.get(id)!.isWanted = false
    return Effect.map(this.call("DELETE", `/v1/runs/${id}`), ({ error }) => {
      // A service that began anew and found no pod of it.
      if (error?.reason === "NotFound") this.runs.get(id)!.ends.add("revoked")
    })
  }

  /** What a scheduler does when the service has begun anew. */
  readonly again = Effect.suspend(() => Effect.andThen(this.handIn(this.open(true)), Effect.forEach(this.open(false), (id) => this.takeBack(id), { discard: true })))

  step(chance: number, task: string): Effect.Effect<unknown> {
    const newest = this.newest.get(task)
    if (chance >= 0.5) return newest === undefined || this.runs.get(newest)!.ends.size > 0 ? Effect.void : this.takeBack(newest)
    const id = `r-${this.runs.size + 1}`
    this.runs.set(id, { task, isWanted: true, ends: new Set() })
    this.newest.set(task, id)
    return this.handIn([id])
  }
}

const faultOf = (draw: Draw) => ({ resource, verb }: KubeRequest): ReturnType<Wire["fault"]> => {
  if (resource.plural === "leases" || verb === "list") return undefined
  const chance = draw()
  if (chance < 0.05) return { error: lost, lost: "Answer" }
  if (chance < 0.08) return { error: lost }
  if (chance < 0.1) return { error: refusal(503, "ServiceUnavailable") }
  return chance < 0.12 && verb === "create" ? { error: lost, late: 3000 } : undefined
}

const scriptOf = (seed: number) => ({ metadata: { annotations } }: Pod) => {
  const draw = drawsOf(seed * 1000 + Number(annotations!["fairlead.dev/airflow-run"]!.slice(2)) + 7 * Number(annotations!["fairlead.dev/airflow-launch"]))
  return draw() < 0.2
    ? { default: { start: 300, startFailure: { reason: "CreateContainerConfigError" } } }
    : { default: { start: 300, run: 500 + draw() * 5000, exitCode: draw() < 0.2 ? 1 : 0 } }
}

const quotas = { group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota", namespaced: true }
const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "three", namespace: "default" }, spec: { hard: { pods: "3" } } }

const run = (seed: number) => inWorld({ seed, nodes: 2, isAsync: true, script: scriptOf(seed) }, () => Effect.gen(function*() {
  const draw = drawsOf(seed)
  const cluster = yield* FakeCluster
  if (draw() < 0.3) yield* (yield* KubeClient).create(quotas, quota)
  const caller = new Caller()
  const ran = new Map<string, Set<string>>()
  const isRunning = ({ status }: Pod): boolean => status?.containerStatuses?.some(({ state }) => state?.running !== undefined) === true
  const look = Effect.sync(() => {
    for (const { metadata } of cluster.pods().filter(isRunning)) {
      const id = metadata.annotations!["fairlead.dev/airflow-run"]!
      ran.set(id, (ran.get(id) ?? new Set()).add(metadata.uid!))
    }
  })
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.sleep("50 millis"))))
  const serve = Effect.gen(function*() {
    const wire = { ...newWire(), fault: faultOf(draw) }
    const executor = yield* startExecutor({ worker: "service", naming: "safe", lease: { namespace: "default" }, config: providerConfig({ pod_launch_failure_retries: "2" }, { parallelism: "4" }) }, wire)
    caller.service = yield* ExecutorHttp.make({ executor })
    yield* Effect.forkScoped(ExecutorHttp.beat(executor))
    return { executor, wire }
  })
  let scope = yield* Scope.make()
  let service = yield* Scope.provide(serve, scope)
  for (let step = 0; step < 60; step++) {
    if (draw() < 0.07) {
      service.wire.fault = () => ({ error: lost })
      service.wire.events = () => []
      yield* Scope.close(scope, Exit.void)
      yield* Effect.sleep(draw() * 20_000)
      scope = yield* Scope.make()
      service = yield* Scope.provide(serve, scope)
      yield* caller.again
    } else yield* caller.step(draw() * 0.7, `t${Math.floor(draw() * 5)}`)
    yield* caller.call("GET", "/v1/runs")
    yield* Effect.sleep(draw() * 1500)
  }
  service.wire.fault = () => undefined
  for (let second = 0; second < 240 && caller.open(true).length + caller.open(false).length > 0; second++) {
    yield* Effect.sleep("1 second")
    yield* caller.again
  }
  yield* Effect.sleep("12 minutes")
  const { queued, running, waitingForQuota } = service.executor.stats()
  const wrong = [...caller.runs].flatMap(([id, { ends, isWanted, task }]) => [
    ...(ends.size === 1 ? [] : [`${id} ended ${ends.size} times: ${[...ends].join(", ")}`]),
    ...((ran.get(id)?.size ?? 0) > 1 ? [`${id} ran ${ran.get(id)!.size} times`] : []),
    ...(isWanted && caller.newest.get(task) === id && ends.has("revoked") ? [`${id} was taken back by nobody`] : [])
  ])
  const live = cluster.pods().filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending").length
  return { wrong, left: { queued, running, waitingForQuota, live } }
}))

describe("a service under random calls, faults and kills", () => {
  const seeds = Array.from({ length: Number(process.env["AIRFLOW_SEEDS"] ?? 6) }, (_, at) => at + 1)
  it.each(seeds)("seed %i: every run ends once, runs once, and leaves no slot and no pod", async (seed) => {
    expect(await run(seed)).toEqual({ wrong: [], left: { queued: 0, running: 0, waitingForQuota: 0, live: 0 } })
  })
})
