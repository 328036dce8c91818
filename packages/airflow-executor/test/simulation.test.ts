/** Two schedulers, crashes, pauses, lost answers, refusals and a quota: every command ends once, and no slot is lost. */
import { FakeCluster } from "@fairlead/fake-cluster"
import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Simulation } from "@fairlead/simulation"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { KubernetesExecutor, TaskCommand } from "../src/index.ts"
import { inWorld, keyOf, lost, newWire, providerConfig, refusal, startExecutor, type Wire, words } from "./support/world.ts"

/** What the database of Airflow would hold. */
interface Row {
  readonly task: string
  owner: string | undefined
  readonly ends: Array<string>
}

interface Member {
  readonly worker: string
  readonly executor: KubernetesExecutor.KubernetesExecutor
  readonly wire: Wire
  /** Cut off until then; for ever when it crashed. */
  cutUntil: number
}

const seeds = process.env["AIRFLOW_SEED"] === undefined ? Array.from({ length: Number(process.env["AIRFLOW_SEEDS"] ?? 4) }, (_, at) => at + 1) : [Number(process.env["AIRFLOW_SEED"])]
const tasks = 40
/** Half of them have a Secret. */
const commandOf = (task: string): TaskCommand => (Number(task.slice(1)) % 2 === 0 ? words() : { _tag: "Workload", json: task })
const isBad = (task: string): boolean => Number(task.slice(1)) % 5 === 0

const run = (seed: number) => inWorld({
  seed,
  nodes: 4,
  script: ({ metadata }) => {
    const task = metadata.annotations?.["task_id"] ?? ""
    return { default: { start: 300, run: 2000 + (Number(task.slice(1)) % 7) * 1500, exitCode: isBad(task) ? 1 : 0 } }
  }
}, (simulation) => Effect.gen(function*() {
  const random = simulation.fork("chaos")
  const chance = (share: number): boolean => random.next() < share
  const now = (): number => simulation.elapsed()
  let isHealed = false
  const rows: ReadonlyArray<Row> = Array.from({ length: tasks }, (_, at) => ({ task: `t${at}`, owner: undefined, ends: [] }))
  const rowOf = new Map(rows.map((it) => [it.task, it]))
  let workers = 0
  const join = Effect.gen(function*() {
    const worker = `s${++workers}`
    const wire = newWire()
    wire.latency = () => 5 + random.next() * 60
    wire.fault = ({ resource, verb }) => {
      if (isHealed || resource.plural === "leases") return undefined
      const draw = random.next()
      if (draw < 0.05) return { error: lost, lost: "Answer" }
      if (draw < 0.1) return { error: lost, ...(verb === "create" && chance(0.5) ? { late: random.next() * 60_000 } : {}) }
      if (draw < 0.15) return { error: refusal(500, "InternalError") }
      return verb === "create" && draw < 0.18 ? { error: refusal(429, "TooManyRequests", "slow down", 1) } : undefined
    }
    const executor = yield* startExecutor({
      worker,
      config: providerConfig({}, { parallelism: "16" }),
      lease: { namespace: "default" },
      finishedPodDelay: "90 seconds",
      orphanedTasksCheckInterval: "60 seconds"
    }, wire)
    // A scheduler whose executor let go of a task looks into the database: if the task is still its own, it is queued anew.
    executor.subscribe(({ key, state }) => {
      const row = rowOf.get(key.taskId)!
      if (state === "adopted" && row.owner === worker) row.owner = undefined
    })
    return { worker, executor, wire, cutUntil: 0 } satisfies Member as Member
  })
  yield* (yield* KubeClient).create(
    { group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota", namespaced: true },
    { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q", namespace: "default" }, ...{ spec: { hard: { "count/pods": "30" } } } }
  )
  const cluster = yield* FakeCluster
  const ran = new Map<string, Set<string>>()
  let members: ReadonlyArray<Member> = [yield* join, yield* join]

  /** One scheduler loop: hand commands out, beat, note how they ended. */
  const beat = (member: Member) => Effect.gen(function*() {
    for (const row of rows) {
      if (row.owner !== undefined || row.ends.length > 0 || member.executor.slotsAvailable() <= 0 || !chance(0.4)) continue
      row.owner = member.worker
      member.executor.queueCommand(keyOf(row.task), commandOf(row.task), { runId: `run-${row.task}` })
    }
    yield* member.executor.heartbeat
    for (const { info, key, state } of member.executor.getEventBuffer()) {
      if (state !== "queued") rowOf.get(key.taskId)!.ends.push(`${state} by ${member.worker} at ${Math.round(now())}${state === "failed" ? ` (${info})` : ""}`)
    }
  })

  /** What Airflow does with tasks of executors that do not answer. */
  const adopt = (by: Member) => Effect.gen(function*() {
    const dead = rows.filter((it) => it.owner !== undefined && it.ends.length === 0 && !members.some((member) => member.worker === it.owner && member.cutUntil <= now()))
    if (dead.length === 0) return
    const back = yield* by.executor.tryAdoptTaskInstances(dead.map((it) => ({ key: keyOf(it.task), queuedBy: it.owner })))
    for (const { key } of back) rowOf.get(key.taskId)!.owner = undefined
    for (const row of dead) if (by.executor.running().some((it) => it.taskId === row.task)) row.owner = by.worker
  })

  const observe = (): void => {
    for (const { metadata, status } of cluster.pods()) {
      if (status?.phase !== "Running") continue
      const task = metadata.annotations!["task_id"]!
      ran.set(task, (ran.get(task) ?? new Set()).add(metadata.uid!))
    }
  }

  /** A member whose wire is cut: nothing gets out, and what was on its way arrives late. */
  const cut = (member: Member, until: number): void => {
    member.cutUntil = until
    const { latency, fault } = member.wire
    member.wire.latency = (request) => (now() < member.cutUntil && until !== Infinity ? until - now() + random.next() * 2000 : latency(request))
    member.wire.fault = (request) => (now() < member.cutUntil && until === Infinity ? { error: lost } : fault(request))
  }

  for (let step = 0; step < 4000 && rows.some((it) => it.ends.length === 0); step++) {
    if (step > 900) isHealed = true
    const alive = members.filter((it) => it.cutUntil <= now())
    if (!isHealed && alive.length === members.length && chance(0.01)) {
      const victim = members[Math.floor(random.next() * members.length)]!
      if (chance(0.5)) cut(victim, now() + 25_000 + random.next() * 40_000)
      else {
        cut(victim, Infinity)
        yield* victim.executor.terminate
        members = [...members.filter((it) => it !== victim), yield* join]
      }
    }
    for (const member of members) if (member.cutUntil <= now()) yield* beat(member)
    const by = members.find((it) => it.cutUntil <= now())
    if (by !== undefined && step % 60 === 30) yield* adopt(by)
    observe()
    yield* Effect.sleep(200)
  }
  isHealed = true
  for (let step = 0; step < 120; step++) {
    for (const member of members) yield* beat(member)
    observe()
    yield* Effect.sleep("2 seconds")
  }
  // As long as it takes until what nobody owns is swept.
  yield* Effect.sleep("12 minutes")
  const secrets = (yield* (yield* KubeClient).list<KubeObject>(KubeResource.secrets, "default")).items
  const podNames = new Set(cluster.pods().map(({ metadata }) => metadata.name))
  return {
    secretsLeft: secrets.filter(({ metadata }) => !podNames.has(metadata.name)).map(({ metadata }) => `${metadata.name} of ${metadata.ownerReferences?.[0]?.uid ?? "nobody"}, made ${metadata.creationTimestamp}`),
    unfinished: rows.filter((it) => it.ends.length !== 1).map((it) => `${it.task}: ${it.ends.join(", ") || `none, with ${it.owner}`}`),
    wrong: rows.filter((it) => it.ends[0]?.startsWith(isBad(it.task) ? "failed" : "success") !== true).map((it) => `${it.task}: ${it.ends.join()}`),
    ranTwice: [...ran].filter(([, uids]) => uids.size > 1).map(([task]) => task),
    slots: members.map(({ executor }) => executor.stats()).map(({ chores, queued, reports, running, waiting }) => ({ chores, queued, reports, running, waiting })),
    live: cluster.pods().filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending").length,
    workers
  }
}))

describe("two schedulers", () => {
  it.each(seeds)("seed %i: every command ends exactly once, runs once, and leaves no slot", (seed) => {
    const { workers, ...outcome } = run(seed)
    const idle = { chores: 0, queued: 0, reports: 0, running: 0, waiting: 0 }
    expect(outcome).toEqual({ secretsLeft: [], unfinished: [], wrong: [], ranTwice: [], live: 0, slots: [idle, idle] })
    expect(workers).toBeGreaterThanOrEqual(2)
  })

  it("a seed gives the same run again", () => {
    expect(Simulation.make({ seed: 1 }).random()).toBe(Simulation.make({ seed: 1 }).random())
    expect(run(1)).toEqual(run(1))
  })
})
