/** Three tasks, driven to their end. */
import { TaskAction } from "@fairlead/core"
import { KubeClient, type KubeObject, KubeResource } from "@fairlead/kube"
import { Effect, Schedule } from "effect"
import { embedded } from "./embedded.ts"
import { images } from "./images.ts"

type Action = TaskAction.TaskAction & KubeObject

const namespace = "default"

const taskAction = (name: string, image: string, args: ReadonlyArray<string> = []): Action => ({
  apiVersion: "flyte.org/v1",
  kind: "TaskAction",
  metadata: { name, namespace },
  spec: { runName: "demo", project: "examples", domain: "development", actionName: name, task: { container: { image, args }, retries: 1 } }
})

const tasks = [
  taskAction("count", "count-words", ["one engine,", "many worlds"]),
  taskAction("upload", "flaky-upload"),
  taskAction("burn", "never-works")
]

/** How a task ended. */
export interface Outcome {
  readonly name: string
  readonly ended: "Succeeded" | "Failed"
  readonly attempts: number
  readonly error?: string | undefined
}

const outcomeOf = ({ metadata, status = {} }: Action): Outcome => ({
  name: metadata.name!,
  ended: status.conditions?.some(({ status: holds, type }) => type === "Succeeded" && holds === "True") === true ? "Succeeded" : "Failed",
  attempts: status.attempts ?? 1,
  error: status.errorState?.message
})

const run = Effect.fnUntraced(function*(task: Action) {
  const kube = yield* KubeClient
  yield* kube.create(KubeResource.taskActions, task)
  const look = kube.get<Action>(KubeResource.taskActions, { namespace, name: task.metadata.name! })
  return outcomeOf(yield* Effect.repeat(look, { until: TaskAction.isTerminal, schedule: Schedule.spaced("20 millis") }))
})

/** Runs the tasks side by side and says how each ended. */
export const demo = Effect.provide(Effect.forEach(tasks, run, { concurrency: "unbounded" }), embedded(images))
