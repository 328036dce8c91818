/** What the engine works out about an action before it touches the cluster: the plugin, the bounds, the places; or why none of it can be. */
import { formatIssue, type Idl, Names, type Plugin, type TaskAction, TaskActionDecode, type TaskIssue, TaskTemplates } from "@fairlead/core"
import { Result } from "effect"
import type { ActionId } from "./ActionEvent.ts"
import { type CachePlan, cachePlanOf } from "./internal/cachePlan.ts"
import type { Bounds } from "./Decision.ts"
import type { EngineConfig, Limits } from "./EngineConfig.ts"
import { maxAttemptsOf } from "./ExecutionMetadata.ts"
import type { PluginRegistry } from "./PluginRegistry.ts"

/** An action that can be carried out. Holds as long as its spec does. */
export interface Assignment {
  readonly _tag: "Assignment"
  readonly id: ActionId
  readonly plugin: Plugin
  /** By which the plugin was chosen. */
  readonly taskType: string
  readonly template: Idl.TaskTemplate
  readonly bounds: Bounds
  /** URI below which the folders of the attempts are. */
  readonly outputBase: string
  /** Folder of the outputs of the first launch, the only one of most actions. */
  readonly firstOutputPrefix: string
  readonly inputPrefix: string
  /** Inputs that stand in the action itself and have to be written to `inputPrefix`. */
  readonly inputs: Idl.LiteralMap | undefined
  /** How the cache is used; absent if it is not. */
  readonly cache: CachePlan | undefined
}

/** An action that cannot be carried out, and everything that is wrong with it. */
export interface Rejection {
  readonly _tag: "Rejection"
  readonly id: ActionId
  readonly reason: "InvalidSpec" | "PluginNotFound"
  readonly message: string
  /** What is stored as status cannot be read, so nothing in it may be kept. */
  readonly isStatusCorrupt: boolean
}

/** Names an action, whatever else is wrong with it. */
export const actionIdOf = (action: TaskAction.TaskAction): ActionId => {
  const spec: Partial<TaskAction.TaskActionSpec> | undefined = action.spec
  return { project: spec?.project ?? "", domain: spec?.domain ?? "", run: spec?.runName ?? "", action: spec?.actionName ?? "" }
}

/** Prepares an action that nobody has looked at yet, or says everything that is wrong with it in one message. */
export const prepare = (
  action: TaskAction.TaskAction,
  registry: PluginRegistry["Service"],
  config: EngineConfig,
  limits: Limits
): Assignment | Rejection => {
  const decoded = TaskActionDecode.decode(action)
  if (Result.isSuccess(decoded)) return assign(action, registry, config, limits)
  const { issues } = decoded.failure
  const spec: unknown = action.spec
  const missing = typeof spec === "object" && spec !== null ? missingFields(spec as TaskAction.TaskActionSpec, config) : []
  const more = missing.filter((it) => !issues.some((issue) => isSamePlace(it, issue)))
  return {
    _tag: "Rejection",
    id: actionIdOf(action),
    reason: "InvalidSpec",
    message: [...issues, ...more].map(formatIssue).join("; "),
    isStatusCorrupt: issues.some((issue) => issue.path[0] === "status")
  }
}

const assign = (
  action: TaskAction.TaskAction,
  registry: PluginRegistry["Service"],
  config: EngineConfig,
  limits: Limits
): Assignment | Rejection => {
  const id = actionIdOf(action)
  const missing = missingFields(action.spec, config)
  const template = TaskTemplates.fromSpec(action.spec)
  const inputs = Result.flatMap(template, (it) => (isReadable(action.spec) ? TaskTemplates.inputs(action.spec, it) : Result.succeed(undefined)))
  const outputBase = outputBaseOf(action, config)
  const folder = Names.outputPrefix(outputBase, ownerOf(action, 1, 0))
  const issues: Array<TaskIssue> = [...missing]
  if (Result.isFailure(inputs)) issues.push(...inputs.failure.issues.filter((issue) => !missing.some((it) => isSamePlace(it, issue))))
  if (Result.isFailure(folder) && !missing.some((it) => it.path.at(-1) === "runOutputBase")) {
    issues.push({ path: ["spec", "runOutputBase"], problem: folder.failure.message })
  }
  if (issues.length > 0 || Result.isFailure(template) || Result.isFailure(inputs) || Result.isFailure(folder)) {
    return { _tag: "Rejection", id, reason: "InvalidSpec", message: issues.map(formatIssue).join("; "), isStatusCorrupt: false }
  }
  const taskType = TaskTemplates.taskType(action.spec, template.success)
  const plugin = registry.resolve(taskType)
  if (plugin === undefined) {
    const message = `no plugin carries out task type "${taskType}"; there are plugins for: ${registry.taskTypes.join(", ")}`
    return { _tag: "Rejection", id, reason: "PluginNotFound", message, isStatusCorrupt: false }
  }
  const { inputUri } = action.spec
  return {
    _tag: "Assignment",
    id,
    plugin,
    taskType,
    template: template.success,
    bounds: boundsOf(template.success, limits),
    outputBase,
    firstOutputPrefix: folder.success,
    inputPrefix: inputUri === undefined || inputUri === "" ? `${folder.success.slice(0, folder.success.lastIndexOf("/"))}/inputs` : Names.inputPrefix(inputUri),
    inputs: inputs.success,
    cache: cachePlanOf(action, template.success, config.cacheMode)
  }
}

/** Whose folder of outputs it is. */
export const ownerOf = (action: TaskAction.TaskAction, attempt: number, launch: number): Names.OutputOwner => ({
  namespace: action.metadata.namespace ?? "",
  name: action.metadata.name ?? "",
  actionName: action.spec.actionName,
  attempt,
  launch
})

const isSamePlace = (a: TaskIssue, b: TaskIssue): boolean => a.path.join() === b.path.join()

/** True when the task stands in the action in the form for people. */
const isReadable = (spec: TaskAction.TaskActionSpec): boolean => spec.task !== undefined && !spec.taskTemplate

/** Fields that must not be empty. An action in the wire form names everything; the readable form may leave places to the configuration. */
const missingFields = (spec: TaskAction.TaskActionSpec, config: EngineConfig): ReadonlyArray<TaskIssue> => {
  const required = !isReadable(spec) ? neededOnTheWire : config.dataRoot === undefined ? neededWithoutRoot : neededAlways
  return required.filter((field) => spec[field] === undefined || spec[field] === "").map((field) => ({
    path: ["spec", field],
    problem: spec[field] === "" ? "is empty, but needed" : "is missing, but needed"
  }))
}

const neededAlways: ReadonlyArray<keyof TaskAction.TaskActionSpec> = ["runName", "project", "domain", "actionName"]
const neededWithoutRoot: typeof neededAlways = [...neededAlways, "runOutputBase"]
const neededOnTheWire: typeof neededAlways = [...neededAlways, "taskType", "taskTemplate", "inputUri", "runOutputBase"]

/** The base that the action names, or a folder of its own below the configured root: nobody else ever wrote into it. */
const outputBaseOf = (action: TaskAction.TaskAction, config: EngineConfig): string => {
  const { spec, metadata } = action
  if (spec.runOutputBase !== undefined && spec.runOutputBase !== "") return spec.runOutputBase
  const root = (config.dataRoot ?? "").replace(/\/+$/, "")
  return [root, metadata.namespace ?? "", spec.project, spec.domain, spec.runName, (metadata.uid ?? "").slice(0, 8)].join("/")
}

const millis = (duration: { readonly seconds: bigint; readonly nanos: number } | undefined): number =>
  duration === undefined ? 0 : Number(duration.seconds) * 1000 + Math.floor(duration.nanos / 1_000_000)

const boundsOf = (template: Idl.TaskTemplate, limits: Limits): Bounds => {
  const { metadata } = template
  const backoff = metadata?.retries?.backoff
  const base = millis(backoff?.base)
  const factor = Math.max(1, backoff?.factor ?? 1)
  const cap = millis(backoff?.cap) || Infinity
  return {
    maxAttempts: maxAttemptsOf(template),
    retryDelay: base === 0 ? () => 0 : (failed) => Math.min(cap, base * factor ** (failed - 1)),
    queuedTimeout: millis(metadata?.timeouts?.queuedTimeout) || limits.queuedTimeout,
    runningTimeout: millis(metadata?.timeout) || limits.runningTimeout,
    deadline: millis(metadata?.timeouts?.deadline) || limits.deadline
  }
}
