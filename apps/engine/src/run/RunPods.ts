/** Remembers the pods of a run beyond their end: what they wrote, and whether they had to be killed. */
import type { TaskAction } from "@fairlead/core"
import type { PodRuntime, PodSandbox } from "@fairlead/fake-cluster"
import type { Pod } from "@fairlead/kube"
import { Context, Effect } from "effect"
import { cut } from "./Progress.ts"

/** Looks at pods that may be gone already: the engine deletes the pod of a failed task at once. */
export class RunPods extends Context.Service<RunPods, {
  /** The same runtime; what it does is remembered. It must keep the folders of its pods. */
  readonly follow: (runtime: PodRuntime) => PodRuntime
  /** The last lines that the newest pod of an action wrote. */
  readonly log: (action: TaskAction.TaskAction, lines: number) => Effect.Effect<ReadonlyArray<string>>
  /** True when the action's own container was asked to end and had to be killed after its grace period. */
  readonly wasKilled: (action: TaskAction.TaskAction) => boolean
}>()("@fairlead/engine/RunPods") {
  /** Remembers nothing yet. */
  static readonly make = (): RunPods["Service"] => {
    const newest = new Map<string, RememberedPod>()
    return RunPods.of({
      follow: (runtime) => ({
        name: runtime.name,
        open: (pod, sources) =>
          Effect.map(runtime.open(pod, sources), (sandbox) => {
            const remembered = new RememberedPod(pod, sandbox)
            for (const owner of pod.metadata.ownerReferences ?? []) newest.set(`${pod.metadata.namespace}/${owner.name}`, remembered)
            return remembered
          })
      }),
      log: (action, lines) => newest.get(keyOf(action))?.log(lines) ?? Effect.succeed([]),
      wasKilled: (action) => newest.get(keyOf(action))?.wasKilled ?? false
    })
  }
}

const keyOf = ({ metadata }: TaskAction.TaskAction): string => `${metadata.namespace}/${metadata.name}`

/** Longest line of a log that is shown whole; programs that write one line of megabytes mean no reader. */
const lineLongest = 2000

/** Exit code of a process that was killed: 128 and the number of SIGKILL. */
const killed = 137

/** A sandbox that takes note of what happens to the container of the task, which is the first. */
class RememberedPod implements PodSandbox {
  wasKilled = false
  readonly ip: string
  readonly stop: PodSandbox["stop"]
  readonly start: PodSandbox["start"]
  readonly logs: PodSandbox["logs"]
  readonly logFrom: PodSandbox["logFrom"]
  readonly close: PodSandbox["close"]
  readonly log: (lines: number) => Effect.Effect<ReadonlyArray<string>>

  constructor(pod: Pod, sandbox: PodSandbox) {
    const own = pod.metadata.annotations?.["primary_container_name"] ?? pod.spec?.containers[0]?.name ?? ""
    let wasAsked = false
    this.ip = sandbox.ip
    this.close = sandbox.close
    this.logs = (options) => sandbox.logs(options)
    this.logFrom = (container, run, position) => sandbox.logFrom(container, run, position)
    this.stop = (container, grace) => {
      if (container === own) wasAsked = true
      return sandbox.stop(container, grace)
    }
    this.start = (container, run, report) =>
      sandbox.start(container, run, (event) => {
        if (container.name === own && event._tag === "Exited" && event.exitCode === killed && wasAsked) this.wasKilled = true
        report(event)
      })
    this.log = (lines) =>
      Effect.map(sandbox.logs({ container: own, tailLines: lines }), (text) => (text ?? "").split("\n").filter((line) => line !== "").map((line) => cut(line, lineLongest)))
  }
}
