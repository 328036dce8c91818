/** What an executor remembers: queued commands, runs, events. Plain and synchronous. */
import type { Pod } from "@fairlead/kube"
import type { ExecutorChange, ExecutorEvent, TaskState } from "../ExecutorEvent.ts"
import type { FailureDetails } from "../FailureDetails.ts"
import type { KubernetesJob } from "../KubernetesJob.ts"
import { podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import { type Run, RunTable } from "./runTable.ts"

/** A command that waits for a slot. */
export interface QueuedCommand {
  readonly job: KubernetesJob
  readonly runId: string | undefined
}

export type Listener = (change: ExecutorChange) => void

/** Why a run ended, beyond its state. */
export interface Conclusion {
  readonly state: TaskState
  readonly info?: string | undefined
  readonly failure?: FailureDetails | undefined
  /** False: the scheduler is not told, because somebody else answers for the task now. */
  readonly isTold?: boolean
  readonly change?: ExecutorChange["state"]
}

export class ExecutorState {
  readonly queuedTasks = new Map<string, QueuedCommand>()
  readonly runs = new RunTable()
  readonly #listeners = new Set<Listener>()
  #eventBuffer = new Map<string, ExecutorEvent>()
  /** Called when a run of a key starts because the one before it is over. */
  onNext: (run: Run) => void = () => undefined
  /** Called with each run that is over. */
  onOver: (run: Run) => void = () => undefined

  /** Puts an event into the buffer; a later one of the same key replaces it. */
  emit(key: TaskKey, state: TaskState, info?: string): void {
    this.#eventBuffer.set(textOfKey(key), { key, state, info })
  }

  tell(change: ExecutorChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  tellRun(run: Run, state: ExecutorChange["state"], info?: string, failure?: FailureDetails): void {
    if (this.#listeners.size === 0) return
    const pod = run.podName === "" ? undefined : { namespace: run.namespace, name: run.podName }
    this.tell({ key: run.key, runId: run.runId, state, info, pod, failure })
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Hands out the events, of the given DAGs or of all, and forgets them. */
  takeEvents(dagIds: ReadonlyArray<string> | undefined): ReadonlyArray<ExecutorEvent> {
    const all = Array.from(this.#eventBuffer.values())
    if (dagIds === undefined) {
      this.#eventBuffer = new Map()
      return all
    }
    const taken = all.filter((it) => dagIds.includes(it.key.dagId))
    for (const { key } of taken) this.#eventBuffer.delete(textOfKey(key))
    return taken
  }

  get eventCount(): number {
    return this.#eventBuffer.size
  }

  /** A run is over: its slot is free, the scheduler is told unless a newer run of the key waits. */
  conclude(run: Run, { change, failure, info, isTold = true, state }: Conclusion): void {
    if (!this.runs.has(run)) return
    const next = this.runs.remove(run)
    if (isTold && next === undefined && !run.isRevoked) this.emit(run.key, state, info)
    this.tellRun(run, change ?? (run.isRevoked ? "revoked" : state === "failed" ? "failed" : "success"), info, failure)
    this.onOver(run)
    if (next !== undefined) this.onNext(next)
  }
}

/** A new run that waits for its pod. */
export const newRun = (job: KubernetesJob, runId: string, namespace: string, now: number): Run => ({
  key: job.key,
  keyText: textOfKey(job.key),
  job,
  runId,
  isRecovered: false,
  stage: "Waiting",
  launch: 0,
  launchFailures: 0,
  retries: 0,
  isUncertain: false,
  needsWorkload: job.command._tag === "Workload",
  isRevoked: false,
  namespace,
  podName: "",
  uid: undefined,
  version: undefined,
  queuedAt: now,
  next: undefined
})

/** The run of a pod that was there before this executor. Its command is not known, so it is never launched again. */
export const recoveredRun = (key: TaskKey, { metadata }: Pod, now: number): Run => ({
  key,
  keyText: textOfKey(key),
  job: { key, command: { _tag: "Words", words: [] }, podOverride: undefined, podTemplateFile: undefined, executorConfig: undefined, image: undefined, queue: "", priority: 0 },
  runId: metadata.annotations?.[podMarks.run] ?? `pod ${metadata.uid}`,
  isRecovered: true,
  stage: "Launched",
  launch: Number(metadata.annotations?.[podMarks.launch] ?? 0),
  launchFailures: 0,
  retries: 0,
  isUncertain: false,
  needsWorkload: false,
  isRevoked: false,
  namespace: metadata.namespace!,
  podName: metadata.name!,
  uid: metadata.uid,
  version: metadata.resourceVersion,
  queuedAt: now,
  next: undefined
})
