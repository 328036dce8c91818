/** The service is killed at each of its calls, in the middle of a DAG; whoever uses it loses no task and has none run twice. */
import { FakeCluster } from "@fairlead/fake-cluster"
import type { Pod } from "@fairlead/kube"
import { Effect, Exit, Scope } from "effect"
import { describe, expect, it } from "vitest"
import { ExecutorHttp } from "../src/index.ts"
import { inWorld, lost, newWire, providerConfig, type Services, startExecutor } from "./support/world.ts"

/**
 * How the call that is the last one ends: not carried out, carried out without an answer, carried out when the next service
 * lives. `Asked`: it is one that the service was asked, and carried out without an answer.
 */
type LastCall = "Dropped" | "Unanswered" | "Late" | "Asked"
type RunState = "queued" | "running" | "success" | "failed"

interface Row {
  readonly task: string
  state: RunState
  /** What the executor told of its end. */
  readonly ends: Array<string>
  /** Pods that began to run. */
  readonly ran: Set<string>
  tries: number
}

interface Answer {
  readonly id: string
  readonly key: { readonly task_id: string }
  readonly state: string
  readonly final?: boolean
  readonly pod?: object
  readonly info?: string
  readonly cursor?: string
  readonly type?: string
}

/** More than there are slots, so that some wait. `dies` never begins in its first pod; `bad` fails. */
const tasks = ["a", "bad", "dies", "workload", "b", "c"]
const wireKey = (task: string) => ({ dag_id: "dag", task_id: task, run_id: "run", try_number: 1, map_index: -1 })
const bodyOf = (task: string, id: string) => ({ id, key: wireKey(task), ...(task === "workload" ? { workload: "{}" } : { command: ["airflow"] }) })

/** Airflow's database and its executor: it keeps what it handed in until its end, and hands all of it in again when it is told that the service began anew. */
class Airflow {
  readonly #pods: () => ReadonlyArray<Pod>

  constructor(pods: () => ReadonlyArray<Pod>) {
    this.#pods = pods
  }

  readonly rows = new Map(tasks.map((task): [string, Row] => [task, { task, state: "queued", ends: [], ran: new Set(), tries: 0 }]))
  service: ExecutorHttp.RequestHandler | undefined
  /** Told of each call that the service has carried out, before there is an answer. */
  onCall: () => void = () => undefined
  /** Runs by id; without a body when they were adopted. */
  #runs = new Map<string, { readonly task: string; readonly body: object | undefined; readonly hasPod: boolean }>()
  #outbox: Array<string> = []
  #cursor: string | undefined

  hold(task: string, adopted?: Answer): void {
    const row = this.rows.get(task)!
    const id = adopted?.id ?? `${task}-${++row.tries}`
    this.#runs.set(id, { task, body: adopted === undefined ? bodyOf(task, id) : undefined, hasPod: adopted?.pod !== undefined })
    this.#outbox.push(id)
  }

  get isIdle(): boolean {
    return this.#runs.size === 0
  }

  async call(method: string, path: string, body?: unknown): Promise<{ readonly runs: ReadonlyArray<Answer> } & Answer> {
    const { service } = this
    const response = await service?.(new Request(`http://service${path}`, { method, headers: { "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }))
    this.onCall()
    if (response === undefined || service !== this.service) throw new Error("connection reset")
    return await response.json() as { readonly runs: ReadonlyArray<Answer> } & Answer
  }

  async send(): Promise<void> {
    const held = this.#outbox.flatMap((id) => (this.#runs.has(id) ? [{ id, ...this.#runs.get(id)! }] : []))
    const adopted = held.filter(({ body }) => body === undefined)
    if (adopted.length > 0) {
      const { runs } = await this.call("POST", "/v1/runs/lookup", { ids: adopted.map(({ id }) => id) })
      for (const { hasPod, id, task } of adopted) {
        const known = runs.find((it) => it.id === id)
        if (known !== undefined || hasPod) this.apply(known ?? { id, key: { task_id: task }, state: "failed", final: true, info: "the service does not know the run any more" })
        else {
          // Airflow hears nothing of it, and queues it again some time later.
          this.#runs.delete(id)
          this.hold(task)
        }
      }
    }
    const bodies = held.flatMap(({ body }) => (body === undefined ? [] : [body]))
    if (bodies.length > 0) for (const answer of (await this.call("POST", "/v1/runs", { runs: bodies })).runs) this.apply(answer)
    this.#outbox = this.#outbox.filter((id) => !held.some((it) => it.id === id))
  }

  apply({ cursor, final, id, info, state, type }: Answer): void {
    this.#cursor = cursor ?? this.#cursor
    if (type === "reset") this.#outbox.push(...this.#runs.keys())
    const run = this.#runs.get(id)
    if (run === undefined || final !== true) return
    this.#runs.delete(id)
    this.observe()
    const row = this.rows.get(run.task)!
    row.ends.push(state === "failed" && row.state !== "failed" ? `lost when ${row.state}: ${info}` : state)
  }

  /** Tasks tell of themselves how they go on, before their pods end. */
  observe(): void {
    for (const { metadata, status } of this.#pods()) {
      const row = this.rows.get(metadata.annotations!["task_id"]!)!
      if (status?.containerStatuses?.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined) !== true) continue
      row.ran.add(metadata.uid!)
      row.state = status.phase === "Succeeded" ? "success" : status.phase === "Failed" ? "failed" : "running"
    }
  }

  /** Reads the stream of changes until it breaks. */
  async follow(): Promise<void> {
    const { service } = this
    const response = await service?.(new Request(`http://service/v1/changes${this.#cursor === undefined ? "" : `?after=${this.#cursor}`}`))
    if (response?.status === 410) {
      this.#cursor = undefined
      this.apply({ type: "reset" } as Answer)
    }
    if (response?.status !== 200) return
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (let text = ""; service === this.service;) {
      const { done, value } = await reader.read()
      if (done || service !== this.service) return
      const lines = (text + value).split("\n")
      text = lines.pop()!
      for (const line of lines) this.apply(JSON.parse(line) as Answer)
    }
  }

  /** The scheduler begins anew: it knows the database alone, asks for what the service has, and starts the rest anew. */
  async restart(): Promise<void> {
    const open = Array.from(this.rows.values()).filter((it) => it.state === "queued" || it.state === "running")
    const { runs } = await this.call("POST", "/v1/runs/lookup", { keys: open.map(({ task }) => wireKey(task)) })
    this.#runs.clear()
    this.#outbox = []
    this.#cursor = undefined
    for (const { task } of open) {
      const known = runs.find(({ key }) => key.task_id === task)
      // What has no pod yet would be forgotten with the service.
      const isLaunched = known?.pod !== undefined || known?.final === true
      const now = known === undefined || isLaunched ? known : await this.call("DELETE", `/v1/runs/${known.id}`).catch(() => known)
      this.hold(task, now?.state === "revoked" ? undefined : now)
    }
  }
}

const config = providerConfig({ pod_launch_failure_retries: "2" }, { parallelism: "3" })

/** A service, and the wire that its calls go over. It says nothing any more once its scope is closed. */
const serve = (airflow: Airflow, wire = newWire()) => Effect.gen(function*() {
  const executor = yield* startExecutor({ worker: "service", naming: "safe", lease: { namespace: "default" }, config }, wire)
  const handler = yield* ExecutorHttp.make({ executor })
  yield* Effect.forkScoped(ExecutorHttp.beat(executor))
  airflow.service = handler
  return executor
})

interface Plan {
  /** The call that is its last, from 1; it is not killed if it makes fewer. */
  readonly at: number
  readonly lastCall: LastCall
  /** Airflow's scheduler begins anew before that, so that nobody has the commands any more. */
  readonly isAdopted: boolean
}

const run = (plan: Plan) => inWorld({
  nodes: 1,
  isAsync: true,
  script: ({ metadata: { annotations } }) => ({
    default: annotations?.["task_id"] === "dies" && annotations["fairlead.dev/airflow-launch"] === "0"
      ? { start: 300, startFailure: { reason: "CreateContainerConfigError" } }
      : { start: 300, run: 2500, exitCode: annotations?.["task_id"] === "bad" ? 1 : 0 }
  })
}, () => Effect.gen(function*() {
  const cluster = yield* FakeCluster
  const airflow = new Airflow(cluster.pods)
  for (const task of tasks) airflow.hold(task)
  const wire = newWire()
  const first = yield* Scope.make()
  let isKilled = false
  const kill = (): void => {
    isKilled = true
    airflow.service = undefined
  }
  let asked = 0
  airflow.onCall = () => {
    if (plan.lastCall === "Asked" && airflow.service !== undefined && ++asked === plan.at) kill()
  }
  wire.fault = (request) => {
    if (isKilled) return { error: lost }
    if (plan.lastCall === "Asked" || request.resource.plural === "leases" || wire.calls.length < plan.at) return undefined
    kill()
    return plan.lastCall === "Dropped" ? { error: lost } : plan.lastCall === "Unanswered" ? { error: lost, lost: "Answer" } : { error: lost, late: 25_000 }
  }
  wire.events = (events) => (isKilled ? [] : events)
  const quietly = (work: () => Promise<void>) => Effect.promise(() => work().catch(() => undefined))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(quietly(() => airflow.follow()), Effect.sleep("1 second"))))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(quietly(() => airflow.send()), Effect.sleep("200 millis"))))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sync(() => airflow.observe()), Effect.sleep("50 millis"))))
  yield* Scope.provide(Effect.forkScoped(serve(airflow, wire)), first)
  if (plan.isAdopted) {
    yield* Effect.sleep("700 millis")
    yield* quietly(() => airflow.restart())
  }
  const isOver = (): boolean => airflow.isIdle
  // Ended pods are cleaned up some time later.
  for (let step = 0; step < 60 && !isKilled; step++) yield* Effect.sleep("1 second")
  yield* Scope.close(first, Exit.void)
  yield* Effect.sleep("2 seconds")
  const executor = yield* serve(airflow)
  for (let step = 0; step < 1200 && !isOver(); step++) yield* Effect.sleep("100 millis")
  // What is late has come by then, and is cleaned up.
  yield* Effect.sleep("40 seconds")
  airflow.observe()
  const { queued, running } = executor.stats()
  return {
    isKilled,
    calls: wire.calls.map((it) => it.line),
    rows: Array.from(airflow.rows.values(), ({ ends, ran, state, task }) => `${task}: ${state}, told ${ends.join(", ") || "nothing"}, ran ${ran.size}`),
    left: { queued, running, live: cluster.pods().filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending").length }
  }
}) as Effect.Effect<{ readonly isKilled: boolean; readonly calls: ReadonlyArray<string>; readonly rows: ReadonlyArray<string>; readonly left: object }, unknown, Services>)

const asMeant = new Set(tasks.map((task) => (task === "bad" ? "bad: failed, told failed, ran 1" : `${task}: success, told success, ran 1`)))

describe("a service that is killed", () => {
  const few = [{ lastCall: "Dropped", isAdopted: false }, { lastCall: "Late", isAdopted: true }, { lastCall: "Asked", isAdopted: true }] as const
  const all = (["Dropped", "Unanswered", "Late", "Asked"] as const).flatMap((lastCall) => [{ lastCall, isAdopted: false }, { lastCall, isAdopted: true }])
  const plans = process.env["AIRFLOW_SEEDS"] === undefined ? few : all
  it.each(plans)("at any of its calls: $lastCall, adopted: $isAdopted", async (plan) => {
    const wrong: Array<string> = []
    let at = 0
    for (;;) {
      const outcome = await run({ at: ++at, ...plan })
      if (!outcome.isKilled) break
      const rows = outcome.rows.filter((it) => !asMeant.has(it))
      if (rows.length > 0 || JSON.stringify(outcome.left) !== `{"queued":0,"running":0,"live":0}`) wrong.push(`${at} ${outcome.calls[at - 1]}: ${rows.join("; ")} ${JSON.stringify(outcome.left)}`)
    }
    expect(wrong).toEqual([])
    expect(at).toBeGreaterThan(plan.lastCall === "Asked" ? 1 : 15)
  })
})
