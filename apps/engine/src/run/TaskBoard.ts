/** Keeps what is known about every task of a run, and lets others wait for a task's end. */
import type { TaskAction } from "@fairlead/core"
import { Deferred, Effect } from "effect"
import type { Submission } from "../tasks/Submission.ts"
import { isEnded, observe, type ProgressChange, type TaskProgress, waiting } from "./Progress.ts"

/** One task with the last version of its object. */
export interface BoardEntry {
  readonly submission: Submission
  readonly progress: TaskProgress
  readonly action: TaskAction.TaskAction | undefined
}

/** The tasks of a run, in the order in which they were given. */
export class TaskBoard {
  private readonly entries: Map<string, BoardEntry>
  private readonly ends: Map<string, Deferred.Deferred<BoardEntry>>
  private readonly starts: Map<string, Deferred.Deferred<BoardEntry>>
  private onChange: (change: ProgressChange) => void = () => undefined
  /** Set once the run stops its tasks: what the deletion of an object means then. */
  stopReason: string | undefined = undefined

  constructor(submissions: ReadonlyArray<Submission>) {
    this.entries = new Map(submissions.map((submission) => [submission.name, { submission, progress: waiting(submission.name), action: undefined }]))
    this.ends = new Map(submissions.map(({ name }) => [name, Deferred.makeUnsafe<BoardEntry>()]))
    this.starts = new Map(submissions.map(({ name }) => [name, Deferred.makeUnsafe<BoardEntry>()]))
  }

  /** Tells changes to a view from now on. */
  follow(onChange: (change: ProgressChange) => void): void {
    this.onChange = onChange
  }

  readonly list = (): ReadonlyArray<BoardEntry> => [...this.entries.values()]
  readonly progress = (): ReadonlyArray<TaskProgress> => this.list().map((entry) => entry.progress)

  /** True when the cluster knows the task. */
  readonly isObserved = (name: string): boolean => this.entries.get(name)?.action !== undefined

  /** Waits for the end of a task. */
  readonly ended = (name: string): Effect.Effect<BoardEntry> => this.await(this.ends, name)

  /** Waits until a task is running, or has ended. */
  readonly started = (name: string): Effect.Effect<BoardEntry> => this.await(this.starts, name)

  /** The task was handed to the cluster. */
  submitted(name: string, now: number): void {
    this.change(name, (entry) => ({ ...entry, progress: { ...entry.progress, state: "queued", submittedAt: now } }))
  }

  /** A new version of the task's object was seen. */
  observed(name: string, action: TaskAction.TaskAction, now: number): void {
    this.change(name, (entry) => {
      const progress = observe(entry.progress, action, now)
      const isStopped = progress !== entry.progress && progress.state === "aborted" && this.stopReason !== undefined
      return { ...entry, action, progress: isStopped ? { ...progress, reason: this.stopReason ?? "" } : progress }
    })
  }

  /** The task ended without an object that says so: it was deleted, or never made. */
  gaveUp(name: string, state: "aborted" | "failed", reason: string, now: number): void {
    this.change(name, (entry) => (isEnded(entry.progress) ? entry : { ...entry, progress: { ...entry.progress, state, reason, endedAt: now } }))
  }

  private change(name: string, next: (entry: BoardEntry) => BoardEntry): void {
    const entry = this.entries.get(name)
    if (entry === undefined) return
    const changed = next(entry)
    this.entries.set(name, changed)
    if (changed.progress === entry.progress) return
    this.onChange({ task: changed.progress, previous: entry.progress })
    const { state } = changed.progress
    if (state === "running" || isEnded(changed.progress)) this.done(this.starts, changed)
    if (isEnded(changed.progress)) this.done(this.ends, changed)
  }

  private await(points: ReadonlyMap<string, Deferred.Deferred<BoardEntry>>, name: string): Effect.Effect<BoardEntry> {
    const point = points.get(name)
    return point === undefined ? Effect.die(new Error(`the run has no task ${name}`)) : Deferred.await(point)
  }

  private done(points: ReadonlyMap<string, Deferred.Deferred<BoardEntry>>, entry: BoardEntry): void {
    const point = points.get(entry.submission.name)
    if (point !== undefined) Deferred.doneUnsafe(point, Effect.succeed(entry))
  }
}
