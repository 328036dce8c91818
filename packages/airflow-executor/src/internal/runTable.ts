/** The runs that an executor is responsible for, and how pods are matched to them. */
import type { Pod } from "@fairlead/kube"
import type { KubernetesJob, Launch } from "../KubernetesJob.ts"
import { podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import type { LooseSecret } from "./workloadSecrets.ts"

/** One run of a command, from being taken from the queue to its end. */
export interface Run {
  readonly key: TaskKey
  readonly keyText: string
  job: KubernetesJob
  readonly runId: string
  /** True for a run that was found as a pod, until its command is handed in again. */
  isRecovered: boolean
  /** Whether the pod is there: not asked for, asked for, or known by its UID. */
  stage: "Waiting" | "Creating" | "Launched"
  /** Launches before this one. */
  launch: number
  /** Launches that ended before the task began. */
  launchFailures: number
  /** Refusals in a row. */
  retries: number
  /** A create went without an answer, so the pod may be there. */
  isUncertain: boolean
  /** A create of the run had no answer, here or perhaps in an executor that had it before: a pod of it may turn up at any time. */
  mayComeLate: boolean
  /** The Secret with the workload, as long as no pod owns it. */
  looseSecret: LooseSecret | undefined
  /** Its pod was known while the lease was certainly held: whoever takes over finds it. */
  isSettled: boolean
  /** The pod of the launch before, which failed before its task began. It stays until the next one is there, as it tells how often that happened. */
  replaced: Pod | undefined
  /** Nobody wants to hear of it any more. */
  isRevoked: boolean
  namespace: string
  podName: string
  uid: string | undefined
  /** Version of the pod as it was created. */
  version: string | undefined
  readonly queuedAt: number
  /** The next run of the same key, which starts when this one is over. */
  next: Run | undefined
}

export const launchOf = ({ job, launch, launchFailures, runId }: Run): Launch => ({ job, runId, number: launch, failures: launchFailures })

/** The annotations of a pod that count launches; 0 where they are missing or say nothing. */
export const launchNumberOf = ({ annotations }: Pod["metadata"]): number => countOf(annotations?.[podMarks.launch])
export const launchFailuresOf = ({ annotations }: Pod["metadata"]): number => countOf(annotations?.[podMarks.launchFailures])
const countOf = (text: string | undefined): number => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0)

export class RunTable {
  readonly #byKey = new Map<string, Run>()
  readonly #byRunId = new Map<string, Run>()
  readonly #byUid = new Map<string, Run>()

  get size(): number {
    return this.#byKey.size
  }

  all(): ReadonlyArray<Run> {
    return Array.from(this.#byKey.values())
  }

  keys(): ReadonlyArray<TaskKey> {
    return Array.from(this.#byKey.values(), (it) => it.key)
  }

  ofKey(key: TaskKey): Run | undefined {
    return this.#byKey.get(textOfKey(key))
  }

  ofRunId(runId: string): Run | undefined {
    return this.#byRunId.get(runId)
  }

  /** Takes responsibility. If the key has a run already, this one waits for its end, in the place of whatever waited for it. */
  add(run: Run): "Started" | "Waits" {
    const before = this.#byKey.get(run.keyText)
    if (before !== undefined) this.removeNext(before)
    this.#byRunId.set(run.runId, run)
    if (before !== undefined) {
      before.next = run
      return "Waits"
    }
    this.#byKey.set(run.keyText, run)
    if (run.uid !== undefined) this.#byUid.set(run.uid, run)
    return "Started"
  }

  /** The run that the pod was launched for, and for no other launch of it. A pod seen before its create was answered is bound here. */
  match({ metadata }: Pod): Run | undefined {
    const known = this.#byUid.get(metadata.uid ?? "")
    if (known !== undefined) return known
    const run = this.#byRunId.get(metadata.annotations?.[podMarks.run] ?? "")
    if (run === undefined || run.uid !== undefined || run.stage === "Waiting" || launchNumberOf(metadata) !== run.launch) return undefined
    this.bind(run, metadata)
    return run
  }

  /** The pod of the run is known now. */
  bind(run: Run, { name, namespace, resourceVersion, uid }: Pod["metadata"]): void {
    run.stage = "Launched"
    run.retries = 0
    run.namespace = namespace ?? run.namespace
    run.podName = name ?? run.podName
    run.uid = uid
    run.version = resourceVersion
    if (uid !== undefined) this.#byUid.set(uid, run)
  }

  /** The run is to be launched once more, with another pod. */
  unbind(run: Run): void {
    if (run.uid !== undefined) this.#byUid.delete(run.uid)
    run.uid = undefined
    run.version = undefined
    run.stage = "Waiting"
    run.isUncertain = false
    run.isSettled = false
    run.launch++
  }

  has(run: Run): boolean {
    return this.#byKey.get(run.keyText) === run
  }

  /** Answers the run that waited for the end of this one, and does not any more. */
  removeNext(run: Run): Run | undefined {
    const { next } = run
    if (next !== undefined) this.#byRunId.delete(next.runId)
    run.next = undefined
    return next
  }

  /** The run is over. Answers the run of the same key that starts now. */
  remove(run: Run): Run | undefined {
    this.#byRunId.delete(run.runId)
    if (run.uid !== undefined) this.#byUid.delete(run.uid)
    this.#byKey.delete(run.keyText)
    const { next } = run
    if (next !== undefined) this.#byKey.set(next.keyText, next)
    return next
  }
}
