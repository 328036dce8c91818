/** What an executor remembers: queued commands, runs, events. Plain and synchronous. */
import type { Pod } from "@fairlead/kube"
import type { ExecutorChange, ExecutorEvent, TaskState } from "../ExecutorEvent.ts"
import type { FailureDetails } from "../FailureDetails.ts"
import type { KubernetesJob } from "../KubernetesJob.ts"
import { podMarks, type TaskKey, textOfKey } from "../TaskKey.ts"
import { launchFailuresOf, launchNumberOf, type Run, RunTable } from "./runTable.ts"

/** A command that waits for a slot. */
export interface QueuedCommand {
  readonly job: KubernetesJob
  readonly runId: string | undefined
  readonly queuedAt: number
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

const rememberedMost = 100_000

const superseded = "a newer run of the same task took its place"

/** The oldest is forgotten. */
const addTo = (set: Set<string>, item: string): void => {
  set.add(item)
  const [oldest = ""] = set
  if (set.size > rememberedMost) set.delete(oldest)
}

export class ExecutorState {
  readonly queuedTasks = new Map<string, QueuedCommand>()
  readonly runs = new RunTable()
  readonly #listeners = new Set<Listener>()
  /** Keys, as text, that others had and that were found to have no pod. */
  readonly #mayBeElsewhere = new Set<string>()
  readonly #endedRuns = new Set<string>()
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

  /** Keeps a command until there is a slot. Of several of one task the newest counts, and whoever handed in an earlier one is told. */
  queue(command: QueuedCommand): void {
    const { job: { key }, runId } = command
    if (this.queuedTasks.get(textOfKey(key))?.runId !== runId) this.unqueue(key, superseded)
    this.queuedTasks.set(textOfKey(key), command)
  }

  /** A command that waits for a slot is not wanted any more. */
  unqueue(key: TaskKey, info: string): void {
    const runId = this.queuedTasks.get(textOfKey(key))?.runId
    this.queuedTasks.delete(textOfKey(key))
    if (runId !== undefined) this.tell({ key, runId, state: "revoked", info })
  }

  /** What waits for the end of the run is not wanted any more. */
  dropNext(run: Run, info: string, change: ExecutorChange["state"] = "revoked"): void {
    const next = this.runs.removeNext(run)
    if (next !== undefined) this.tellRun(next, change, info)
  }

  /** Since when the first of the commands waits that have no pod yet; `now` when there is none. The first of those with a slot stands for all of them. */
  oldestWaiting(now: number): number {
    const [queued] = this.queuedTasks.values()
    const waiting = this.runs.all().find(({ stage }) => stage !== "Launched")
    return Math.min(queued?.queuedAt ?? now, waiting?.queuedAt ?? now)
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

  /** True for a run that came to its end here, not long ago, although a create of it may be late: a pod of it that turns up now comes from that. */
  hasEnded(runId: string | undefined): boolean {
    return this.#endedRuns.has(runId ?? "")
  }

  /** A task that others had has no pod that could be found; a create of it may still be on its way. */
  foundNowhere(keyText: string): void {
    addTo(this.#mayBeElsewhere, keyText)
  }

  /** The run starts, perhaps once more under its name. */
  start(run: Run): "Started" | "Waits" {
    this.#endedRuns.delete(run.runId)
    if (this.#mayBeElsewhere.delete(run.keyText)) run.mayComeLate = true
    const before = this.runs.ofKey(run.key)
    if (before !== undefined) this.dropNext(before, superseded)
    return this.runs.add(run)
  }

  /** A run is over: its slot is free, the scheduler is told unless a newer run of the key waits. */
  conclude(run: Run, { change, failure, info, isTold = true, state }: Conclusion): void {
    if (!this.runs.has(run)) return
    const next = this.runs.remove(run)
    if (isTold && next === undefined && !run.isRevoked) this.emit(run.key, state, info)
    if (run.mayComeLate && change !== "adopted") addTo(this.#endedRuns, run.runId)
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
  mayComeLate: false,
  looseSecret: undefined,
  isSettled: false,
  replaced: undefined,
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
  launch: launchNumberOf(metadata),
  launchFailures: launchFailuresOf(metadata),
  retries: 0,
  isUncertain: false,
  mayComeLate: false,
  looseSecret: undefined,
  isSettled: true,
  replaced: undefined,
  isRevoked: false,
  namespace: metadata.namespace!,
  podName: metadata.name!,
  uid: metadata.uid,
  version: metadata.resourceVersion,
  queuedAt: now,
  next: undefined
})
