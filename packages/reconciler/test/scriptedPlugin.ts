/** A plugin whose workloads are lines of a script: for each launch, what is reported so many milliseconds after it began. */
import { Phase, type Plugin, PluginError, type TaskExecutionContext, type Transition } from "@fairlead/core"
import { Effect } from "effect"

export interface Line {
  /** Milliseconds since the launch began; the last line that is due counts. */
  readonly at: number
  readonly report: Phase.PhaseInfo | PluginError
}

/** What the plugin has out there for one launch. */
export interface Workload {
  readonly name: string
  /** Name of its TaskAction. */
  readonly action: string
  readonly attempt: number
  readonly launch: number
  readonly since: number
  readonly outputPrefix: string
  stopped: string | undefined
  freed: number
}

/** Which script a launch of an action follows; counted over all its launches, from 0. */
export type Script = (action: string, launchesBefore: number) => ReadonlyArray<Line>

export const running = Phase.running(1, "on a node")
export const succeed: ReadonlyArray<Line> = [{ at: 0, report: Phase.queued(0, "submitted") }, { at: 1000, report: running }, { at: 2000, report: Phase.success() }]
export const quick: ReadonlyArray<Line> = [{ at: 0, report: Phase.queued(0, "submitted") }, { at: 1, report: Phase.success() }]
export const fail = (error: Partial<Phase.TaskError> = {}): ReadonlyArray<Line> => [
  { at: 0, report: Phase.queued(0, "submitted") },
  { at: 1000, report: Phase.retryableFailure({ code: "ExitCode", message: "exit code 3", kind: "USER", ...error }) }
]
export const lose = fail({ code: "Preempted", message: "the node went away", kind: "SYSTEM" })
export const forever: ReadonlyArray<Line> = [{ at: 0, report: Phase.queued(0, "submitted") }, { at: 1000, report: running }]
export const outage = (description: string): PluginError => new PluginError({ plugin: "scripted", code: "StoreDown", description, kind: "SYSTEM", retryable: true })

/** Makes the plugin, and the workloads that it has or had, in the order of their launches. */
export const makeScriptedPlugin = (script: Script, options: Partial<Pick<Plugin, "id" | "taskTypes">> & { readonly deferrable?: boolean } = {}) => {
  const workloads: Array<Workload> = []
  const faults: { abort: number; finalize: number } = { abort: 0, finalize: 0 }
  const find = (context: TaskExecutionContext): Workload | undefined => {
    const { generatedName } = context.metadata.taskExecutionId
    return workloads.find((it) => it.name === `${generatedName}r${context.launch}` && it.outputPrefix === context.paths.outputPrefix)
  }
  const launch = (context: TaskExecutionContext): Workload => {
    const workload: Workload = {
      name: `${context.metadata.taskExecutionId.generatedName}r${context.launch}`,
      action: context.metadata.ownerId.name,
      attempt: Number(context.metadata.labels["attempt"]),
      launch: context.launch,
      since: context.now,
      outputPrefix: context.paths.outputPrefix,
      stopped: undefined,
      freed: 0
    }
    workloads.push(workload)
    return workload
  }
  const state = { version: 1, bytes: new Uint8Array([1]) }

  const handle = (context: TaskExecutionContext): Effect.Effect<Transition, PluginError> => Effect.suspend(() => {
    const workload = find(context) ?? launch(context)
    const before = workloads.slice(0, workloads.indexOf(workload)).filter((it) => it.action === workload.action).length
    const line = script(workload.action, before).findLast((it) => context.now - workload.since >= it.at)!
    return line.report instanceof PluginError
      ? Effect.fail(line.report)
      : Effect.succeed({ phase: line.report, ...(context.state === undefined ? { state } : {}), deferrable: options.deferrable ?? true })
  })
  const break_ = (kind: "abort" | "finalize"): Effect.Effect<void, PluginError> => Effect.suspend(() => {
    if (faults[kind] <= 0) return Effect.void
    faults[kind]--
    return Effect.fail(outage(`${kind} failed`))
  })

  const plugin: Plugin = {
    id: options.id ?? "scripted",
    taskTypes: options.taskTypes ?? ["container"],
    handle,
    abort: (context, reason) => Effect.andThen(break_("abort"), Effect.sync(() => {
      const workload = find(context)
      if (workload !== undefined) workload.stopped ??= reason
    })),
    finalize: (context) => Effect.andThen(break_("finalize"), Effect.sync(() => {
      const workload = find(context)
      if (workload !== undefined) workload.freed++
    }))
  }
  return { plugin, workloads, faults }
}
