/** Reads the log of a task from its pod. */
import { KubeClient, type KubeError, KubeResource, type Pod } from "@fairlead/kube"
import { Effect } from "effect"
import { providerSelector, type TaskKey } from "./TaskKey.ts"

/** What a log is read with. */
export interface TaskLogOptions {
  readonly key: TaskKey
  readonly namespace: string
  /** Last lines that are wanted: `running_pod_log_lines`. */
  readonly tailLines: number
  /** Reads the log of a container; how depends on the way to the cluster. */
  readonly readLog: (namespace: string, pod: string, container: string, tailLines: number) => Effect.Effect<string, KubeError.KubeError>
}

/** The lines, and what there is to say about how they were found. */
export interface TaskLog {
  readonly messages: ReadonlyArray<string>
  readonly log: ReadonlyArray<string>
}

/** The provider's `get_task_log`: of the one pod with the labels of the task, container `base`. What goes wrong is a message and no log. */
export const getTaskLog = ({ key, namespace, readLog, tailLines }: TaskLogOptions): Effect.Effect<TaskLog, never, KubeClient> =>
  Effect.gen(function*() {
    const client = yield* KubeClient
    const labelSelector = providerSelector(key)
    const { items } = yield* client.list<Pod>(KubeResource.pods, namespace, { query: { labelSelector } })
    const [pod] = items
    if (pod === undefined || items.length > 1) return failed(`${items.length === 0 ? "no pod has" : `${items.length} pods have`} the labels ${labelSelector}; there must be one`)
    const text = yield* readLog(namespace, pod.metadata.name!, "base", tailLines)
    const lines = text.split("\n")
    return { messages: [`the last lines of the pod ${pod.metadata.name}`], log: [(lines.at(-1) === "" ? lines.slice(0, -1) : lines).join("\n")] }
  }).pipe(Effect.catch((error) => Effect.succeed(failed(error.message))))

const failed = (why: string): TaskLog => ({ messages: [`the log could not be read from the cluster: ${why}`], log: [] })
