/** Carries a plan of faults out: engines that are killed, pods that vanish, history that is forgotten, rules that hold for a time. */
import { FakeApiServer } from "@fairlead/api-server"
import { type KubeObject, KubeResource, type Pod } from "@fairlead/kube"
import type { SeededRandom, Simulation } from "@fairlead/simulation"
import { Effect, Exit, Layer, Scope } from "effect"
import { type FaultKind, type FaultPlan, type FaultRules, install } from "./Faults.ts"
import type { Life } from "./KubeTransportFaults.ts"
import type { EngineOf } from "./Layers.ts"
import { place } from "./Workload.ts"

/** A pod of one task is taken away so often at most: more would use up the failures that an engine forgives. */
const lossesMost = 2

/** The plan at work. */
export class Misfortune {
  readonly plan: FaultPlan
  readonly rules: FaultRules
  /** Names of the pods that were taken away. */
  readonly taken = new Set<string>()
  private readonly simulation: Simulation.Simulation
  private readonly done = { "engines killed": 0, "pods taken": 0, "history forgotten": 0 }

  constructor(plan: FaultPlan, rules: FaultRules, simulation: Simulation.Simulation) {
    this.plan = plan
    this.rules = rules
    this.simulation = simulation
  }

  /** Starts the first engine, and everything that goes wrong until the plan's end. */
  begin(engineOf: EngineOf) {
    const { plan, rules, simulation } = this
    const random = simulation.fork("misfortune")
    return Effect.gen({ self: this }, function*() {
      if (plan.until > 0) yield* Effect.forkScoped(Effect.scoped(Effect.andThen(install(rules, plan, random), Effect.sleep(plan.until))))
      yield* this.again("history", random.fork("history"), (server) => this.forget(server))
      yield* this.again("pods", random.fork("pods"), this.robber(random.fork("which pod")))
      yield* Effect.forkScoped(this.lives(engineOf, random.fork("engine")))
    })
  }

  /** How often what happened. */
  counts(): { readonly [fault: string]: number } {
    if (this.plan.kinds.length === 0) return {}
    const { calls, files, watches } = this.rules
    const struck = [calls, watches, files].flatMap((rules) => rules.counts().map(({ name, struck }) => [name, struck] as const))
    return { ...Object.fromEntries(struck), ...this.done }
  }

  /** One engine after the other: each is killed in the middle of its work, the last one stays. */
  private lives(engineOf: EngineOf, random: SeededRandom.SeededRandom) {
    const { plan, simulation } = this
    return Effect.gen({ self: this }, function*() {
      const outer = yield* Effect.scope
      for (let number = 1; ; number++) {
        const life: Life = { isOver: false }
        const scope = yield* Scope.fork(outer)
        const started = Layer.buildWithScope(engineOf(number === 1 ? "the engine" : `the engine, life ${number}`, life), scope)
        const end = simulation.elapsed() + 1000 + pause(random, plan.engine)
        if (!plan.kinds.includes("engine") || end > plan.until) {
          yield* started
          return yield* Effect.never
        }
        // It may well be killed while it starts.
        yield* Effect.forkScoped(started)
        yield* Effect.sleep(end - simulation.elapsed())
        life.isOver = true
        this.done["engines killed"]++
        yield* Effect.forkScoped(Scope.close(scope, Exit.void))
        yield* Effect.sleep(pause(random, 2000))
      }
    })
  }

  private again(kind: FaultKind & ("history" | "pods"), random: SeededRandom.SeededRandom, strike: (server: FakeApiServer["Service"]) => void) {
    const { plan, simulation } = this
    if (!plan.kinds.includes(kind)) return Effect.void
    return Effect.asVoid(Effect.forkScoped(Effect.gen(function*() {
      const server = yield* FakeApiServer
      for (;;) {
        yield* Effect.sleep(pause(random, plan[kind]))
        if (simulation.elapsed() >= plan.until) return
        strike(server)
      }
    })))
  }

  private forget(server: FakeApiServer["Service"]): void {
    server.compact(server.revision())
    this.done["history forgotten"]++
  }

  /** Takes a pod that is at work away for good, without asking it to stop. */
  private robber(random: SeededRandom.SeededRandom): (server: FakeApiServer["Service"]) => void {
    const losses = new Map<string, number>()
    const ownerOf = (pod: KubeObject): string => pod.metadata.ownerReferences?.[0]?.name ?? ""
    const mayBeTaken = (pod: Pod): boolean =>
      pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed" && (losses.get(ownerOf(pod)) ?? 0) < lossesMost
    return (server) => {
      const { body } = server.handle({ verb: "list", ...KubeResource.pods, namespace: place.namespace })
      const pods = (body as { readonly items: ReadonlyArray<Pod> }).items.filter(mayBeTaken)
      const pod = pods[random.nextBelow(Math.max(1, pods.length))]
      if (pod === undefined) return
      losses.set(ownerOf(pod), (losses.get(ownerOf(pod)) ?? 0) + 1)
      server.handle({ verb: "delete", ...KubeResource.pods, namespace: place.namespace, name: pod.metadata.name, body: { gracePeriodSeconds: 0 } })
      this.taken.add(pod.metadata.name ?? "")
      this.done["pods taken"]++
    }
  }
}

/** A time around `mean`, as between events that know nothing of each other. */
const pause = (random: SeededRandom.SeededRandom, mean: number): number => 1 - Math.log(1 - random.next()) * mean
