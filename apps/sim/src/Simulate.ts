/** One simulated run: tasks arrive, the engine works, everything settles, the promises are checked. */
import { FakeApiServer, type StoreWrite } from "@fairlead/api-server"
import { TaskActionCrd } from "@fairlead/core"
import { KubeClient, type KubeError, type KubeObject, KubeResource } from "@fairlead/kube"
import { Checker, JournalHash, Simulation } from "@fairlead/simulation"
import { Cause, Data, Effect, Exit, Layer, Logger } from "effect"
import { makeChecks } from "./Checks.ts"
import { drawFaults, type FaultKind, type FaultPlan, makeRules } from "./Faults.ts"
import { Misfortune } from "./Misfortune.ts"
import { lineOf } from "./JournalLines.ts"
import { type TransportKind, world } from "./Layers.ts"
import { actionOf, drawWorkload, place, type TaskPlan } from "./Workload.ts"

/** Everything that a run follows from. */
export interface SimulateOptions {
  readonly seed: number
  readonly tasks: number
  readonly transport: TransportKind
  readonly nodes: number
  readonly arrivalRate: number
  readonly failureRate: number
  /** Longest run of one attempt in virtual milliseconds. */
  readonly durationMax: number
  /** What goes wrong until the last task has had its time. */
  readonly faults: ReadonlyArray<FaultKind>
}

/** What came of a run. */
export interface SimulateReport {
  readonly options: SimulateOptions
  /** Hash over every change at the API server, in order. */
  readonly journal: string
  readonly writes: number
  readonly writesByKind: { readonly [kind: string]: number }
  readonly pods: number
  /** Tasks by their planned end. */
  readonly outcomes: { readonly succeeded: number; readonly failed: number }
  /** What went wrong, by kind; empty without faults. */
  readonly faults: { readonly [fault: string]: number }
  /** Virtual milliseconds. */
  readonly elapsed: number
  readonly steps: number
  readonly verdict: Checker.Verdict
}

/** The run could not be carried out to its end. */
export class SimulationBroken extends Data.TaggedError("SimulationBroken")<{ readonly description: string }> {
  override get message(): string {
    return `the simulation broke: ${this.description}`
  }
}

/**
 * Virtual time without any change after which the run counts as over: longer than any attempt and than every pause of the
 * engine. A watch that fell silent is noticed after five minutes.
 */
const quietOf = ({ durationMax, faults }: SimulateOptions): number => Math.max(faults.length > 0 ? 900_000 : 120_000, 2 * durationMax)

/** More virtual time than any run takes whose tasks come to their end: the slowest attempts one after the other, the quiet at the end, and a month for the engine, in milliseconds. */
export const enoughFor = (plans: ReadonlyArray<TaskPlan>, { durationMax }: SimulateOptions): number => (plans.at(-1)?.arrival ?? 0) + 10 * durationMax + 30 * 86_400_000

/** What goes wrong in a run with these tasks; nothing without faults. */
const planOf = (simulation: Simulation.Simulation, plans: ReadonlyArray<TaskPlan>, options: SimulateOptions): FaultPlan =>
  drawFaults(simulation.fork("faults"), options.faults, options.faults.length === 0 ? 0 : (plans.at(-1)?.arrival ?? 0) + options.durationMax)

/** What a run with these options draws before its first step. */
export const faultsOf = (options: SimulateOptions): FaultPlan => {
  const simulation = Simulation.make({ seed: options.seed })
  return planOf(simulation, drawWorkload(simulation.fork("workload"), options), options)
}

/** Runs it. `settle` waits for one turn of the event loop; only the byte transport needs it. */
export const simulate = (options: SimulateOptions, settle: () => Promise<void>): Effect.Effect<SimulateReport, SimulationBroken> =>
  Effect.tryPromise({
    try: () => run(options, settle),
    catch: (cause) => new SimulationBroken({ description: cause instanceof Error ? cause.message : String(cause) })
  })

const run = async (options: SimulateOptions, settle: () => Promise<void>): Promise<SimulateReport> => {
  const plans = drawWorkload(Simulation.make({ seed: options.seed }).fork("workload"), options)
  const simulation = Simulation.make({ seed: options.seed, virtualTimeMax: enoughFor(plans, options) })
  const misfortune = new Misfortune(planOf(simulation, plans, options), makeRules(), simulation)
  const observer = new Observer(simulation, makeChecks(plans, misfortune.taken))
  const program = drive(simulation, plans, options, observer, misfortune).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  const exit = options.transport === "bytes" ? await simulation.runAsync(program, settle) : simulation.run(program)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return {
    options,
    ...observer.report(),
    outcomes: {
      succeeded: plans.filter((plan) => plan.outcome === "Succeeded").length,
      failed: plans.filter((plan) => plan.outcome === "Failed").length
    },
    faults: misfortune.counts(),
    elapsed: observer.lastChange,
    steps: simulation.steps()
  }
}

const drive = (
  simulation: Simulation.Simulation,
  plans: ReadonlyArray<TaskPlan>,
  options: SimulateOptions,
  observer: Observer,
  misfortune: Misfortune
) => {
  const rules = options.faults.length === 0 ? undefined : misfortune.rules
  const { cluster, engineOf, ground, users } = world({ simulation, transport: options.transport, nodes: options.nodes, plans, rules })
  const prepared = Layer.effectDiscard(prepare(observer)).pipe(Layer.provideMerge(ground))
  const quiet = quietOf(options)
  return Effect.gen(function*() {
    const kube = yield* KubeClient
    const submit = (plan: TaskPlan): Effect.Effect<unknown, KubeError.KubeError> => kube.create(KubeResource.taskActions, actionOf(plan) as KubeObject)
    yield* misfortune.begin(engineOf)
    for (const plan of plans) {
      const wait = plan.arrival - simulation.elapsed()
      if (wait > 0) yield* Effect.sleep(wait)
      yield* Effect.forkScoped(Effect.orDie(submit(plan)))
    }
    // The last task may come long after everything was quiet.
    const since = simulation.elapsed()
    const { until } = misfortune.plan
    while (simulation.elapsed() < until || simulation.elapsed() - Math.max(since, observer.lastChange) < quiet) yield* Effect.sleep(quiet / 10)
  }).pipe(Effect.provide(Layer.mergeAll(users, cluster).pipe(Layer.provideMerge(prepared))))
}

/** The definition and the namespace are there before anybody looks, as on a cluster where Fairlead is installed. */
const prepare = (observer: Observer): Effect.Effect<void, never, FakeApiServer> =>
  Effect.map(FakeApiServer, (server) => {
    const create = (resource: KubeResource.KubeResource, body: unknown): void => {
      const { body: answer, code } = server.handle({ verb: "create", ...resource, body })
      if (code >= 400) throw new Error(`cannot prepare the cluster: ${JSON.stringify(answer)}`)
    }
    create(KubeResource.customResourceDefinitions, TaskActionCrd.definition)
    create(KubeResource.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: place.namespace } })
    server.onWrite((write) => observer.observe(write))
  })

/** Sees every write of a run. */
class Observer {
  lastChange = 0
  private readonly journal = JournalHash.make()
  private readonly checkers: Checker.Checkers<StoreWrite>
  private readonly writesByKind = new Map<string, number>()
  private pods = 0
  private readonly simulation: Simulation.Simulation

  constructor(simulation: Simulation.Simulation, checks: ReadonlyArray<Checker.Checker<StoreWrite>>) {
    this.simulation = simulation
    this.checkers = Checker.make(checks, simulation.elapsed)
  }

  observe(write: StoreWrite): void {
    const { event, resource } = write
    this.lastChange = this.simulation.elapsed()
    this.writesByKind.set(resource.plural, (this.writesByKind.get(resource.plural) ?? 0) + 1)
    if (resource.plural === "pods" && event.type === "ADDED") this.pods++
    this.journal.add(lineOf(write, this.lastChange))
    this.checkers.observe(write)
  }

  report(): Pick<SimulateReport, "journal" | "writes" | "writesByKind" | "pods" | "verdict"> {
    return {
      journal: this.journal.hex(),
      writes: this.journal.lines(),
      writesByKind: Object.fromEntries([...this.writesByKind].sort(([a], [b]) => (a < b ? -1 : 1))),
      pods: this.pods,
      verdict: this.checkers.finish()
    }
  }
}
